package define

import (
	"context"
	"fmt"
	"slices"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/sqltmpl"
)

// Missing names what r needs that the target lacks, or has otherwise: schemas,
// types with all that they are made of (labels of enums in order, attributes of
// composites, constraints of domains), collations, and functions, operators and
// operator classes, with what cures it. What r is made of is read from the
// source, where r.OID is the table. It locks nothing.
//
// What only an --alter brings into expressions, and what PostgreSQL itself has
// since a later version, it does not see; Rehearse does.
func Missing(ctx context.Context, source, target sqltmpl.DB, r catalog.Relation, registry sqltmpl.Ident) ([]string, error) {
	m := &missing{source: source, target: target, r: r}
	var err error
	m.used, err = sqltmpl.All[sqltmpl.UsedObject](ctx, source, sqltmpl.UsedObjects{Relation: r.OID, Registry: registry}.Statement())
	if err != nil {
		return nil, err
	}
	for _, step := range []func(context.Context) error{m.schemas, m.types, m.collations, m.objects} {
		if err := step(ctx); err != nil {
			return nil, fmt.Errorf("comparing what %s needs: %w", r.Table.Plain(), err)
		}
	}
	return m.out, nil
}

type missing struct {
	source, target sqltmpl.DB
	r              catalog.Relation
	used           []sqltmpl.UsedObject
	extensions     []string // that own what is missing
	out            []string
}

func (m *missing) add(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	if !slices.Contains(m.out, line) {
		m.out = append(m.out, line)
	}
}

// lack names an extension once, whatever of it is missing.
func (m *missing) lack(extension, what string) {
	if extension == "" {
		m.add("%s is missing", what)
		return
	}
	if !slices.Contains(m.extensions, extension) {
		m.extensions = append(m.extensions, extension)
		m.add("%s of extension %s is missing: CREATE EXTENSION %s, in the schema that it has on the source",
			what, extension, sqltmpl.Ident(extension))
	}
}

func (m *missing) schemas(ctx context.Context) error {
	names := []sqltmpl.Ident{m.r.Table.Schema}
	for _, s := range Sequences(m.r) {
		names = append(names, s.Schema)
	}
	for _, p := range m.r.Partitions {
		names = append(names, p.Table.Schema)
	}
	there, err := look(ctx, m.target, names...)
	if err != nil {
		return err
	}
	for _, name := range names {
		if !there.schema(name) {
			m.add("schema %s is missing: CREATE SCHEMA %s", name, name)
		}
	}
	return nil
}

func (m *missing) types(ctx context.Context) error {
	var oids []uint32
	for _, c := range m.r.Columns {
		oids = append(oids, c.TypeOID)
	}
	for _, o := range m.used {
		if o.TypeOID != 0 {
			oids = append(oids, o.TypeOID)
		}
	}
	wanted, err := sqltmpl.All[sqltmpl.DescribedType](ctx, m.source, sqltmpl.DescribeTypes{Types: oids}.Statement())
	if err != nil {
		return err
	}
	var names []string
	for _, t := range wanted {
		names = append(names, t.Name)
	}
	has, err := sqltmpl.All[sqltmpl.DescribedType](ctx, m.target, sqltmpl.DescribeTypes{Names: names}.Statement())
	if err != nil {
		return err
	}
	for _, t := range wanted {
		at := slices.IndexFunc(has, func(h sqltmpl.DescribedType) bool { return h.Name == t.Name })
		what := fmt.Sprintf("%s %s", t.Kind, t.Name)
		switch {
		case at < 0 && t.Extension != "":
			m.lack(t.Extension, what)
		case at < 0:
			m.add("%s is missing%s", what, cure(t))
		case has[at].Kind != t.Kind:
			m.add("type %s is a %s on the target, not a %s", t.Name, has[at].Kind, t.Kind)
		case has[at].Definition != t.Definition:
			m.add("%s is different on the target: %s, not %s", what, has[at].Definition, t.Definition)
		}
	}
	return nil
}

// cure is the statement that makes a type.
func cure(t sqltmpl.DescribedType) string {
	switch t.Kind {
	case "enum", "composite type", "range type":
		return fmt.Sprintf(": CREATE TYPE %s AS %s", t.Name, t.Definition)
	case "domain":
		return fmt.Sprintf(": CREATE DOMAIN %s AS %s", t.Name, t.Definition)
	default:
		return ""
	}
}

func (m *missing) collations(ctx context.Context) error {
	var names []string
	for _, c := range m.r.Columns {
		if c.Collation != "" {
			names = append(names, string(c.Collation))
		}
	}
	for _, o := range m.used {
		if o.Type == "collation" {
			names = append(names, o.Identity)
		}
	}
	describe := sqltmpl.DescribeCollations{Names: names}.Statement()
	wanted, err := sqltmpl.All[sqltmpl.DescribedCollation](ctx, m.source, describe)
	if err != nil {
		return err
	}
	has, err := sqltmpl.All[sqltmpl.DescribedCollation](ctx, m.target, describe)
	if err != nil {
		return err
	}
	for _, c := range wanted {
		at := slices.IndexFunc(has, func(h sqltmpl.DescribedCollation) bool { return h.Name == c.Name })
		switch {
		case at < 0:
			m.add("collation %s (%s) is missing", c.Name, c.Definition)
		case has[at].Definition != c.Definition:
			m.add("collation %s is different on the target: %s, not %s", c.Name, has[at].Definition, c.Definition)
		}
	}
	return nil
}

func (m *missing) objects(ctx context.Context) error {
	var names []string
	for _, o := range m.used {
		names = append(names, o.Identity)
	}
	has, err := sqltmpl.Scalars[string](ctx, m.target, sqltmpl.PresentObjects{Names: names}.Statement())
	if err != nil {
		return err
	}
	for _, o := range m.used {
		if o.TypeOID == 0 && o.Type != "collation" && !slices.Contains(has, o.Identity) {
			m.lack(o.Extension, o.Type+" "+o.Identity)
		}
	}
	return nil
}

// Taken names what stands on the target where something of r's would be made.
func Taken(ctx context.Context, target sqltmpl.DB, r catalog.Relation) ([]string, error) {
	var out []string
	names := map[sqltmpl.Ident][]string{}
	for _, table := range tables(r) {
		names[table.Schema] = append(names[table.Schema], string(table.Name))
	}
	for _, i := range r.Indexes {
		names[r.Table.Schema] = append(names[r.Table.Schema], string(i.Name))
	}
	for _, s := range r.Sequences {
		names[s.Table.Schema] = append(names[s.Table.Schema], string(s.Table.Name))
	}
	for schema, list := range names {
		there, err := sqltmpl.Scalars[string](ctx, target, sqltmpl.TakenNames{Schema: schema, Names: list}.Statement())
		if err != nil {
			return nil, err
		}
		for _, name := range there {
			out = append(out, sqltmpl.Table{Schema: schema, Name: sqltmpl.Ident(name)}.Plain())
		}
	}
	slices.Sort(out)
	return out, nil
}
