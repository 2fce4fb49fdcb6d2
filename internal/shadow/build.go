package shadow

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/sqltmpl"
)

// A builder holds what the steps of Build know of the shadow.
type builder struct {
	tx         pgx.Tx
	src        catalog.Relation
	names      Names
	change     Change
	searchPath string
	partners   []uint32 // the other tables of the job: Link deals with foreign keys between them

	oid    uint32           // of the shadow
	table  sqltmpl.Table    // its name at present
	copied []copiedIndex    // indexes that LIKE made, as far as they are left
	using  map[int16]string // by the shadow's attnum
	moved  map[int16]int16  // attnums that --optimize-columns changed, before -> after; nil: none
	// loose are the checks that stand in for the expressions of generated columns, with their
	// attnums; nil if those stayed generated.
	loose  map[sqltmpl.Ident]int16
	probes []probe // stand-ins for referenced tables

	placed  map[int16]int16 // attnums of the plain shadow to the partitioned one's
	bounds  bounds          // of the partitions to be
	options []string        // of the partitions to be: a partitioned table has none

	in    *placing                 // of a partition of a partitioned source; else nil
	parts []uint32                 // the partitions of a partitioned source to build; nil: all
	forms map[sqltmpl.Ident]string // what makes the indexes what they are, by their build names

	altered catalog.Relation // the shadow after the operator's actions, under final names
	plan    Blueprint
}

// Build creates the shadow of src in tx, applies change to it, and returns the
// recipe of what it still lacks. The shadow is left with columns, defaults,
// valid checks and not-null constraints, named names.Object("shadow").
//
// It takes no lock on src, nor on a table it refers to, beyond ACCESS SHARE,
// and relies on tx for lock_timeout. Nothing of it is left if tx is rolled back.
//
// Of a job on several tables, partners are the others' OIDs: what becomes of
// foreign keys between them only Link can tell, once all shadows are there.
func Build(
	ctx context.Context, tx pgx.Tx, src catalog.Relation, names Names, change Change, searchPath string,
	partners ...uint32,
) (Blueprint, error) {
	return newBuilder(tx, src, names, change, searchPath, partners).build(ctx)
}

func newBuilder(
	tx pgx.Tx, src catalog.Relation, names Names, change Change, searchPath string, partners []uint32,
) *builder {
	return &builder{
		tx: tx, src: src, names: names, change: change, searchPath: searchPath, partners: partners,
		table: sqltmpl.Table{Schema: names.Schema, Name: src.Table.Name},
		using: map[int16]string{},
		plan:  Blueprint{Source: src},
	}
}

func (b *builder) build(ctx context.Context) (Blueprint, error) {
	err := b.with(ctx, "search_path", "", func() error {
		return b.with(ctx, "default_tablespace", "", func() error { return b.run(ctx) })
	})
	if err != nil {
		return Blueprint{}, err
	}
	return b.plan, nil
}

// run takes the steps in order.
func (b *builder) run(ctx context.Context) error {
	if b.src.Kind != "r" && b.src.Kind != "p" {
		return refuse("", "%s is not an ordinary table", b.src.Table.Plain())
	}
	for _, step := range []func(context.Context) error{
		b.create,
		b.pairIndexes,
		b.carryIndexes,
		b.makeLate,
		b.placeholders,
		b.alter,
		b.dropConstraints,
		b.inspect,
		b.member,
		b.alike,
		b.tighten,
		b.takeLate,
		b.foreignKeys,
		b.columns,
		b.referencedBy,
		b.tryForeignKeys,
		b.dropProbes,
		b.partition,
		b.strip,
		b.reorder,
		b.key,
		b.describe,
		b.belong,
		b.partitions,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// with runs fn under a setting and puts back what it was before. If fn fails,
// the transaction is lost anyway.
func (b *builder) with(ctx context.Context, name, value string, fn func() error) error {
	before, err := sqltmpl.Scalar[string](ctx, b.tx, sqltmpl.ReadSetting{Name: name}.Statement())
	if err != nil {
		return err
	}
	if err := b.set(ctx, name, value); err != nil {
		return err
	}
	if err := fn(); err != nil {
		return err
	}
	return b.set(ctx, name, before)
}

func (b *builder) set(ctx context.Context, name, value string) error {
	return b.quietly(ctx, sqltmpl.SetLocal{Name: name, Value: value}.Statement())
}

// do runs a statement that belongs to what the operator is told of.
func (b *builder) do(ctx context.Context, s sqltmpl.Statement) error {
	b.tell(s)
	return b.quietly(ctx, s)
}

// quietly runs a statement that is of no interest to the operator.
func (b *builder) quietly(ctx context.Context, s sqltmpl.Statement) error {
	_, err := s.Exec(ctx, b.tx)
	return err
}

// tell records a statement without the comment at its head.
func (b *builder) tell(s sqltmpl.Statement) {
	b.plan.DDL = append(b.plan.DDL, uncommented(s.SQL))
}

// uncommented is a statement without the comment at its head.
func uncommented(text string) string {
	for strings.HasPrefix(text, "--") {
		_, text, _ = strings.Cut(text, "\n")
	}
	return text
}

// load reads the shadow.
func (b *builder) load(ctx context.Context) (catalog.Relation, error) {
	return catalog.Load(ctx, b.tx, b.oid, b.names.Schema)
}

// taken returns which of names exist in schema, on other relations than ours.
func (b *builder) taken(
	ctx context.Context, schema sqltmpl.Ident, names []sqltmpl.Ident, except ...uint32,
) (map[sqltmpl.Ident]bool, error) {
	texts := make([]string, len(names))
	for i, name := range names {
		texts[i] = string(name)
	}
	found, err := sqltmpl.Scalars[string](ctx, b.tx, sqltmpl.TakenNames{
		Schema: schema, Names: texts, Except: except,
	}.Statement())
	if err != nil {
		return nil, err
	}
	taken := make(map[sqltmpl.Ident]bool, len(found))
	for _, name := range found {
		taken[sqltmpl.Ident(name)] = true
	}
	return taken, nil
}

// inSchema names an object beside the shadow.
func (b *builder) inSchema(name sqltmpl.Ident) sqltmpl.Table {
	return sqltmpl.Table{Schema: b.names.Schema, Name: name}
}
