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

// A ChangedKey is a key that has changed since the last verify.
type ChangedKey struct {
	ID          []byte
	TableNumber int
	Key         []byte
}

// CreateChanged makes room for them in a session.
type CreateChanged struct{}

// Statement renders across/create_changed.sql.
func (p CreateChanged) Statement() Statement { return render("across/create_changed.sql", p, nil) }

// AddChanged keeps some.
type AddChanged struct{ Keys []ChangedKey }

// Statement renders across/add_changed.sql.
func (p AddChanged) Statement() Statement {
	var ids, keys [][]byte
	var tables []int
	for _, k := range p.Keys {
		ids, tables, keys = append(ids, k.ID), append(tables, k.TableNumber), append(keys, k.Key)
	}
	return render("across/add_changed.sql", p, pgx.StrictNamedArgs{"ids": ids, "tables": tables, "keys": keys})
}

// ListChanged lists some of those after one.
type ListChanged struct {
	After []byte
	Most  int
}

// Statement renders across/list_changed.sql.
func (p ListChanged) Statement() Statement {
	return render("across/list_changed.sql", p, pgx.StrictNamedArgs{"after": p.After, "most": p.Most})
}
