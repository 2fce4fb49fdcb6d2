package sqltmpl

import "github.com/jackc/pgx/v5"

// Compare is what verify compares: the rows of the source, made into what the
// shadow should have, with those of the shadow.
type Compare struct {
	Source, Shadow Table
	// Partitioned: which of them are, in the same order.
	SourcePartitioned, ShadowPartitioned bool

	Log        Table
	Pending    bool // keys in the log are not compared
	Keys       []CompareKey
	SourceHash []Fragment // over a source row aliased s
	ShadowHash []Fragment // over a shadow row aliased t
}

// SourceRows are the source's own rows: other tables may inherit from it.
func (c Compare) SourceRows() Rows { return Rows{c.Source, c.SourcePartitioned} }

// ShadowRows are the shadow's own rows, which has the name after the swap.
func (c Compare) ShadowRows() Rows { return Rows{c.Shadow, c.ShadowPartitioned} }

// A CompareKey is one key column on both sides.
type CompareKey struct {
	Log        Ident
	Source     Ident
	Shadow     Ident
	ShadowEq   Fragment
	ShadowCast Fragment
}

// HashSource hashes a range of the source.
type HashSource struct {
	Compare
	First int64
	Next  int64
}

// Statement renders verify/hash_source.sql.
func (p HashSource) Statement() Statement {
	return render("verify/hash_source.sql", p, pgx.StrictNamedArgs{"first": p.First, "next": p.Next})
}

// HashShadow hashes a range of the shadow.
type HashShadow struct {
	Compare
	First int64
	Next  int64
}

// Statement renders verify/hash_shadow.sql.
func (p HashShadow) Statement() Statement {
	return render("verify/hash_shadow.sql", p, pgx.StrictNamedArgs{"first": p.First, "next": p.Next})
}

// FindDifferences names the keys that differ.
type FindDifferences struct {
	Compare
	Buckets []int32
	Limit   int
}

// Statement renders verify/find_differences.sql.
func (p FindDifferences) Statement() Statement {
	return render("verify/find_differences.sql", p, pgx.StrictNamedArgs{"buckets": p.Buckets, "limit": p.Limit})
}

// ExportSnapshot shares a transaction's snapshot and returns its name.
type ExportSnapshot struct{}

// Statement renders verify/export_snapshot.sql.
func (p ExportSnapshot) Statement() Statement {
	return render("verify/export_snapshot.sql", p, nil)
}

// ImportSnapshot makes a transaction read as of a shared snapshot.
type ImportSnapshot struct {
	Snapshot Literal
}

// Statement renders verify/import_snapshot.sql.
func (p ImportSnapshot) Statement() Statement {
	return render("verify/import_snapshot.sql", p, nil)
}

// LogDiffering logs the keys whose rows differ.
type LogDiffering struct {
	Compare
}

// Statement renders changelog/log_differing.sql.
func (p LogDiffering) Statement() Statement { return render("changelog/log_differing.sql", p, nil) }

// TotalSource hashes all rows of a range of the source into one bucket.
type TotalSource struct {
	Compare
	First int64
	Next  int64
}

// Statement renders verify/total_source.sql.
func (p TotalSource) Statement() Statement {
	return render("verify/total_source.sql", p, pgx.StrictNamedArgs{"first": p.First, "next": p.Next})
}

// TotalShadow hashes all rows of a range of the shadow into one bucket.
type TotalShadow struct {
	Compare
	First int64
	Next  int64
}

// Statement renders verify/total_shadow.sql.
func (p TotalShadow) Statement() Statement {
	return render("verify/total_shadow.sql", p, pgx.StrictNamedArgs{"first": p.First, "next": p.Next})
}
