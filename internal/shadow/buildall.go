package shadow

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/sqltmpl"
)

// An Asked is one table of a job, with what is asked for.
type Asked struct {
	OID    uint32 // 0: the table is left out, and its blueprint nil
	Names  Names
	Change Change
	// Parts are the partitions of a partitioned table to build, with those above them; nil: all.
	// With fewer the blueprint has just these.
	Parts []uint32
}

// BuildAll makes the shadows of a job's tables in tx, and nothing else, and
// completes their blueprints. It takes no lock beyond ACCESS SHARE on tables
// that exist, and leaves nothing if tx is rolled back.
func BuildAll(ctx context.Context, tx pgx.Tx, tables []Asked, searchPath string) ([]*Blueprint, error) {
	blueprints := make([]*Blueprint, len(tables))
	var linked []Linked
	for i, t := range tables {
		if t.OID == 0 {
			continue
		}
		src, err := catalog.Load(ctx, tx, t.OID, t.Names.Schema)
		if err != nil {
			return nil, err
		}
		var partners []uint32
		for j, other := range tables {
			if j != i && other.OID != 0 {
				partners = append(partners, other.OID)
			}
		}
		made := newBuilder(tx, src, t.Names, t.Change, searchPath, partners)
		made.parts = t.Parts
		b, err := made.build(ctx)
		if err != nil {
			return nil, err
		}
		b.Change = t.Change
		blueprints[i] = &b
		linked = append(linked, Linked{Names: t.Names, Blueprint: &b})
	}
	if err := Link(ctx, tx, linked); err != nil {
		return nil, err
	}
	for _, l := range linked {
		if err := l.Blueprint.baseTypes(ctx, tx); err != nil {
			return nil, err
		}
	}
	return blueprints, nil
}

// baseTypes fills in what the log and the functions use in place of domains,
// which may refuse the nulls that stand for nothing there.
func (b *Blueprint) baseTypes(ctx context.Context, tx pgx.Tx) error {
	base := func(t sqltmpl.Fragment) (sqltmpl.Fragment, error) {
		text, err := sqltmpl.Scalar[string](ctx, tx, sqltmpl.BaseType{Type: string(t)}.Statement())
		return sqltmpl.Fragment(text), err
	}
	var err error
	for i := range b.Key {
		if b.Key[i].SourceBase, err = base(b.Key[i].SourceType); err != nil {
			return err
		}
		if b.Key[i].ShadowBase, err = base(b.Key[i].ShadowType); err != nil {
			return err
		}
	}
	for i := range b.Columns {
		if b.Columns[i].Source == "" {
			continue
		}
		if b.Columns[i].SourceBase, err = base(b.Columns[i].SourceType); err != nil {
			return err
		}
	}
	return nil
}
