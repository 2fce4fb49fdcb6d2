package sqltmpl

import (
	"fmt"

	"github.com/jackc/pgx/v5"
)

// A KeyHash is a key, as text in UTF-8, and the hash of its row.
type KeyHash struct {
	Key  []byte
	Hash int64
}

// ListSourceKeys lists the KeyHashes of the source in some buckets.
type ListSourceKeys struct {
	Compare
	Buckets []int32
}

// Statement renders across/list_source_keys.sql.
func (p ListSourceKeys) Statement() Statement {
	return render("across/list_source_keys.sql", p, pgx.StrictNamedArgs{"buckets": p.Buckets})
}

// ListShadowKeys lists the KeyHashes of the shadow in some buckets.
type ListShadowKeys struct {
	Compare
	Buckets []int32
}

// Statement renders across/list_shadow_keys.sql.
func (p ListShadowKeys) Statement() Statement {
	return render("across/list_shadow_keys.sql", p, pgx.StrictNamedArgs{"buckets": p.Buckets})
}

// ListOf lists the KeyHashes of some keys, on either side.
type ListOf struct {
	Compare
	Of     []OfKey
	Values [][]string // for each of Of, by key
}

// An OfKey is one column of the keys on both sides.
type OfKey struct {
	Source, Shadow         Ident
	SourceEq, ShadowEq     Fragment
	SourceType, ShadowType Fragment
}

// OnSource renders across/list_source_of.sql.
func (p ListOf) OnSource() Statement { return render("across/list_source_of.sql", p, p.args()) }

// OnShadow renders across/list_shadow_of.sql.
func (p ListOf) OnShadow() Statement { return render("across/list_shadow_of.sql", p, p.args()) }

func (p ListOf) args() pgx.StrictNamedArgs {
	args := pgx.StrictNamedArgs{}
	for i, values := range p.Values {
		args[fmt.Sprintf("k%d", i+1)] = values
	}
	return args
}

// ListRewritten lists tables whose rows a snapshot does not show any more.
type ListRewritten struct {
	OIDs []uint32
}

// Statement renders across/list_rewritten.sql.
func (p ListRewritten) Statement() Statement {
	return render("across/list_rewritten.sql", p, pgx.StrictNamedArgs{"oids": p.OIDs})
}
