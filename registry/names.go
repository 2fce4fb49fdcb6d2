package registry

import (
	"fmt"

	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/sqltmpl"
)

// Names returns what the objects of a table of a job are called:
// repave_<job>_<table>_<what>, in the registry's schema.
func (r *Registry) Names(job int64, number int) shadow.Names {
	return shadow.Names{Schema: r.schema, Prefix: fmt.Sprintf("repave_%d_%d_", job, number)}
}

// Schema returns the registry's schema.
func (r *Registry) Schema() sqltmpl.Ident { return r.schema }
