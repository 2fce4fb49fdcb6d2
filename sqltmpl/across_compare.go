package sqltmpl

import "github.com/jackc/pgx/v5"

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

// ListRewritten lists tables whose rows a snapshot does not show any more.
type ListRewritten struct {
	OIDs []uint32
}

// Statement renders across/list_rewritten.sql.
func (p ListRewritten) Statement() Statement {
	return render("across/list_rewritten.sql", p, pgx.StrictNamedArgs{"oids": p.OIDs})
}
