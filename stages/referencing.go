package stages

import (
	"context"
	"slices"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/sqltmpl"
)

// A Widening is what --with-referencing asks of one table: integer columns that
// have to become bigint because the columns do that they refer to.
type Widening struct {
	OID     uint32
	Table   sqltmpl.Table
	Columns sqltmpl.Columns
	Joins   bool // it is none of the tables that were named
}

// Referencing finds the columns that refer, by foreign keys, to the integer
// primary keys of some tables: in these tables themselves, in others, and on
// from there where such a column is referred to in turn. Of the tables that were
// named, the keys of those in widened become bigint. It only reads.
func Referencing(
	ctx context.Context, db sqltmpl.DB, registrySchema sqltmpl.Ident, named, widened []uint32,
) ([]Widening, error) {
	s := &search{db: db, schema: registrySchema, named: named, relations: map[uint32]catalog.Relation{}}
	for _, oid := range widened {
		r, err := s.load(ctx, oid)
		if err != nil {
			return nil, err
		}
		for _, index := range r.Indexes {
			for _, num := range index.Columns {
				if index.Primary && narrow(r, num) {
					s.queue = append(s.queue, wide{oid, num})
				}
			}
		}
	}
	s.seen = slices.Clone(s.queue) // --pk-bigint does these
	for len(s.queue) > 0 {
		next := s.queue[0]
		s.queue = s.queue[1:]
		if err := s.follow(ctx, next); err != nil {
			return nil, err
		}
	}
	return s.found, nil
}

// A wide column becomes bigint.
type wide struct {
	oid uint32
	num int16
}

// A search goes from widened columns to those that refer to them.
type search struct {
	db        sqltmpl.DB
	schema    sqltmpl.Ident
	named     []uint32
	relations map[uint32]catalog.Relation
	queue     []wide
	seen      []wide
	found     []Widening
}

func (s *search) load(ctx context.Context, oid uint32) (catalog.Relation, error) {
	if r, ok := s.relations[oid]; ok {
		return r, nil
	}
	r, err := catalog.Load(ctx, s.db, oid, s.schema)
	s.relations[oid] = r
	return r, err
}

// follow widens whatever refers to a column.
func (s *search) follow(ctx context.Context, to wide) error {
	r, err := s.load(ctx, to.oid)
	if err != nil {
		return err
	}
	for _, fk := range slices.Concat(r.ReferencedBy, r.ForeignKeys) {
		at := slices.Index(fk.ToNums, to.num)
		if fk.ToOID != to.oid || at < 0 || fk.Inherited {
			continue
		}
		from, err := s.load(ctx, fk.FromOID)
		if err != nil {
			return err
		}
		if next := (wide{fk.FromOID, fk.FromNums[at]}); narrow(from, next.num) && !slices.Contains(s.seen, next) {
			s.queue, s.seen = append(s.queue, next), append(s.seen, next)
			s.add(from, fk.FromColumns[at])
		}
	}
	return nil
}

// add notes one column of a table.
func (s *search) add(r catalog.Relation, column sqltmpl.Ident) {
	at := slices.IndexFunc(s.found, func(w Widening) bool { return w.OID == r.OID })
	if at < 0 {
		at = len(s.found)
		s.found = append(s.found, Widening{OID: r.OID, Table: r.Table, Joins: !slices.Contains(s.named, r.OID)})
	}
	s.found[at].Columns = append(s.found[at].Columns, column)
}

// The types that --pk-bigint widens.
const (
	int2OID = 21
	int4OID = 23
)

// narrow reports whether a column is one that --pk-bigint would widen.
func narrow(r catalog.Relation, num int16) bool {
	return slices.ContainsFunc(r.Columns, func(c catalog.Column) bool {
		return c.Num == num && (c.TypeOID == int2OID || c.TypeOID == int4OID)
	})
}
