package registry

import (
	"fmt"
	"strings"

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

// TableNames names a job's tables for a reader.
func (j Job) TableNames() []string {
	names := []string{}
	for _, t := range j.Tables {
		names = append(names, t.Name.Plain())
	}
	return names
}

// Title names a job's tables in one string.
func (j Job) Title() string { return strings.Join(j.TableNames(), ", ") }

// Args names a job's tables as arguments for a shell; those that joined it by
// --with-referencing need not be named.
func (j Job) Args() string { return j.Spec.Args() }
