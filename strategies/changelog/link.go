// Package changelog captures changes by key in an append-only table that never
// makes a writer wait or fail, and applies them by one primitive, resync(keys):
// delete those keys from the standby, insert their rows as the live table has
// them now.
package changelog

import (
	"fmt"
	"maps"
	"slices"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/sqltmpl"
)

// Forward returns the link from the source table to its shadow.
func Forward(b *shadow.Blueprint, names shadow.Names, settings map[string]string) sqltmpl.Link {
	link := common(names, "", settings)
	link.Live, link.Standby, link.Partitioned = b.Source.Table, names.Object("shadow"), b.Source.Kind == partitioned
	for _, p := range b.Below() {
		if p.Own != nil {
			link.Partitions = append(link.Partitions, p.Own.Source.Table)
		}
	}
	for i, k := range b.Key {
		link.Keys = append(link.Keys, sqltmpl.Key{
			Log: logColumn(i), Type: k.SourceBase, Collation: k.SourceCollation, Live: k.Source, LiveEq: k.SourceEq,
			Standby: k.Shadow, StandbyEq: k.ShadowEq, Cast: "::" + k.ShadowType,
		})
	}
	for _, c := range b.Columns {
		if c.Shadow == "" || c.ShadowGenerated {
			continue
		}
		switch {
		case c.Using != "":
			link.Insert = append(link.Insert, c.Shadow)
			link.Values = append(link.Values, "("+c.Using+")")
		case c.Source != "":
			link.Insert = append(link.Insert, c.Shadow)
			link.Values = append(link.Values, sqltmpl.Fragment("s."+c.Source.String()))
		}
	}
	if !converts(b) {
		link.Settings = nil
	}
	return link
}

// Backward returns the link from the rewritten table to the old one, as it is
// after the swap.
func Backward(b *shadow.Blueprint, names shadow.Names, settings map[string]string) sqltmpl.Link {
	link := common(names, "r", settings)
	link.Live, link.Standby, link.Partitioned = b.Source.Table, names.Object("old"), b.Shadow.Kind == partitioned
	for _, p := range b.Below() {
		link.Partitions = append(link.Partitions, b.PartitionTable(p))
	}
	for i, k := range b.Key {
		link.Keys = append(link.Keys, sqltmpl.Key{
			Log: logColumn(i), Type: k.ShadowBase, Collation: k.ShadowCollation, Live: k.Shadow, LiveEq: k.ShadowEq,
			Standby: k.Source, StandbyEq: k.SourceEq, Cast: "::" + k.SourceType,
		})
	}
	for _, c := range b.Columns {
		if c.Source == "" || c.SourceGenerated {
			continue
		}
		if c.Shadow != "" && c.Reverse != "" {
			link.Insert = append(link.Insert, c.Source)
			link.Values = append(link.Values, c.Reverse)
			continue
		}
		link.Kept = append(link.Kept, sqltmpl.Kept{
			Standby: c.Source, Variable: sqltmpl.Ident(fmt.Sprintf("repave_kept_%d", len(link.Kept)+1)),
			Type: c.SourceBase, Default: defaultOf(b.Source, c.Source),
		})
	}
	return link
}

// partitioned is the relkind of a partitioned table.
const partitioned = "p"

// lockTimeout bounds what a writer may wait for us, in milliseconds: far below
// the usual deadlock_timeout of 1 s, so that it is we who give up. Where the
// server's is smaller, half of that counts.
const lockTimeout = 100

// common fills in the names, which differ between directions by an infix.
func common(names shadow.Names, infix string, settings map[string]string) sqltmpl.Link {
	link := sqltmpl.Link{
		Log:       names.Object(infix + "log"),
		KeysTable: names.Object(infix + "keys").Name,
		Capture:   names.Object(infix + "capture"),
		Resync:    names.Object(infix + "resync"),
		Guarded:   names.Object(infix + "guarded"),
		Fits:      names.Object(infix + "fits"),
		Castable:  names.Object(infix + "castable"),
		Row:       names.Object(infix + "row").Name,
		Truncate:  names.Object(infix + "truncate").Name,
	}
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		link.Settings = append(link.Settings, sqltmpl.Setting{
			Name: sqltmpl.Ident(name), Value: sqltmpl.Literal(settings[name]),
		})
	}
	return link
}

func logColumn(i int) sqltmpl.Ident { return sqltmpl.Ident(fmt.Sprintf("repave_k%d", i+1)) }

// converts reports whether a row's values in the shadow may depend on the
// settings of the session that writes them: by a conversion, an expression, or
// a constraint.
func converts(b *shadow.Blueprint) bool {
	for _, c := range b.Columns {
		if c.Shadow != "" && (!c.Safe || c.ShadowGenerated) {
			return true
		}
	}
	return len(b.Change.Alter) > 0 || len(b.Shadow.Checks) > 0 ||
		slices.ContainsFunc(b.Below(), func(p shadow.Partition) bool { return p.Own != nil && len(p.Own.Shadow.Checks) > 0 })
}

// defaultOf returns the default of a column, NULL if it has none.
func defaultOf(r catalog.Relation, name sqltmpl.Ident) sqltmpl.Fragment {
	for _, c := range r.Columns {
		if c.Name == name && c.Default != "" {
			return c.Default
		}
	}
	return "NULL"
}

// mostProbed is how many partitions a writer may have to look into for one key.
// It locks them all, and their indexes, out of the 64 that max_locks_per_transaction
// gives it on average.
const mostProbed = 24

// StaysOnLog reports whether writers can't write both tables themselves: it has a
// deferrable unique or exclusion constraint (a permutation passes through states
// that the standby refuses), or so many partitions without the key in what they
// are cut by that looking for a row would exhaust the server's locks.
func StaysOnLog(b *shadow.Blueprint) bool {
	if len(b.Below()) > mostProbed && slices.ContainsFunc(b.Indexes, func(i shadow.Index) bool { return i.Key && i.Helper }) {
		return true
	}
	relations := []catalog.Relation{b.Source, b.Shadow}
	for _, p := range b.Below() {
		if p.Own != nil {
			relations = append(relations, p.Own.Source, p.Own.Shadow)
		}
	}
	for _, r := range relations {
		for _, i := range r.Indexes {
			if i.Constraint != nil && i.Constraint.Deferrable {
				return true
			}
		}
	}
	return false
}
