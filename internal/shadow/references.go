package shadow

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/sqllex"
	"github.com/repave-pg/repave/sqltmpl"
)

// A probe is an empty table that stands in for one of the user's, so that a
// foreign key can be tried without a lock on that one.
type probe struct {
	oid    uint32
	table  sqltmpl.Table
	of     sqltmpl.Table
	ofOID  uint32
	ofKind string
}

// redirect has the foreign keys in a list of actions refer to probes. A
// reference to the source is one to the shadow.
func (b *builder) redirect(ctx context.Context, list string, actions []sqllex.Action) (string, error) {
	var out strings.Builder
	done := 0
	for _, action := range actions {
		for _, ref := range action.References() {
			stand, ok, err := b.standIn(ctx, ref.Name)
			if err != nil {
				return "", err
			}
			if ok {
				out.WriteString(list[done:ref.Start] + stand.String())
				done = ref.End
			}
		}
	}
	return out.String() + list[done:], nil
}

// standIn returns the table to use in the place of a referenced one. It is not
// ok if there is no such table; the server will say so better.
func (b *builder) standIn(ctx context.Context, name []string) (sqltmpl.Table, bool, error) {
	parts := make([]string, len(name))
	for i, part := range name {
		parts[i] = sqltmpl.Ident(part).String()
	}
	found, err := sqltmpl.One[sqltmpl.ResolvedTable](ctx, b.tx, sqltmpl.ResolveTable{
		Name: strings.Join(parts, "."),
	}.Statement())
	if errors.Is(err, pgx.ErrNoRows) {
		return sqltmpl.Table{}, false, nil
	}
	if err != nil {
		return sqltmpl.Table{}, false, err
	}
	if found.Kind != "r" && found.Kind != "p" {
		return sqltmpl.Table{}, false, nil
	}
	if found.OID == b.src.OID {
		return b.table, true, nil
	}
	made, err := b.probe(ctx, found)
	return made.table, err == nil, err
}

// probe returns the probe of a table, making it if need be: under the table's
// own name if that is free, since the server's messages will mention it.
func (b *builder) probe(ctx context.Context, of sqltmpl.ResolvedTable) (probe, error) {
	for _, p := range b.probes {
		if p.ofOID == of.OID {
			return p, nil
		}
	}
	p := probe{
		table: b.inSchema(of.Name), of: sqltmpl.Table{Schema: of.Schema, Name: of.Name}, ofOID: of.OID, ofKind: of.Kind,
	}
	taken, err := b.taken(ctx, b.names.Schema, []sqltmpl.Ident{of.Name})
	if err != nil {
		return probe{}, err
	}
	if taken[of.Name] {
		p.table = b.names.Object("probe" + strconv.Itoa(len(b.probes)))
	}
	err = b.quietly(ctx, sqltmpl.CreateProbe{Table: p.table, Like: p.of}.Statement())
	if err != nil {
		return probe{}, err
	}
	if p.oid, err = sqltmpl.Scalar[uint32](ctx, b.tx, sqltmpl.FindTable{Table: p.table}.Statement()); err != nil {
		return probe{}, err
	}
	b.probes = append(b.probes, p)
	return p, nil
}

// dropProbes drops them, when no foreign key of the shadow refers to them any more.
func (b *builder) dropProbes(ctx context.Context) error {
	for _, p := range b.probes {
		if err := b.quietly(ctx, sqltmpl.DropTable{Table: p.table}.Statement()); err != nil {
			return err
		}
	}
	b.probes = nil
	return nil
}
