package compare

import (
	"fmt"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/sqltmpl"
)

// Values fills in what of two rows is compared: what the transforms make of a
// source row, and the shadow's row, which must be it byte for byte. Once the job
// has swapped, columns that it gave values of its own are the applications' own.
func Values(c *sqltmpl.Compare, b *shadow.Blueprint, swapped bool) {
	for _, column := range b.Columns {
		if !compared(column, swapped) {
			continue
		}
		as := ""
		if column.AsText {
			as = `::pg_catalog.text COLLATE pg_catalog."C"` // its own may hold different texts for equal
		}
		add(c, column, as)
	}
}

// valuesAcross is Values for a shadow on another cluster: there types of users
// have other OIDs, which are in the hashes of enums, and generated columns are the
// other server's to compute, whose functions may be of another version.
func valuesAcross(c *sqltmpl.Compare, b *shadow.Blueprint, swapped bool) {
	for _, column := range b.Columns {
		if !compared(column, swapped) || column.ShadowGenerated {
			continue
		}
		add(c, column, portable(column, b.Shadow))
	}
}

// The type "char", one byte.
const charOID = 18

// portable returns the cast after which the hashes of values that are the same
// are the same on every cluster. Text is taken byte by byte, whatever its collation says is equal.
func portable(column shadow.Column, r catalog.Relation) string {
	for _, c := range r.Columns {
		switch {
		case c.Name != column.Shadow:
		case c.BaseType == charOID: // its sign and its text are not the same everywhere
			return "::pg_catalog.int4"
		case c.TypeKind == "e", column.AsText:
			return `::pg_catalog.text COLLATE pg_catalog."C"`
		}
	}
	return ""
}

// compared reports whether a column has values that can be foretold.
func compared(c shadow.Column, swapped bool) bool {
	if c.Shadow == "" || c.Recomputed || (c.Source == "" && c.Using == "") {
		return false // dropped, or filled in by the server with values of its own
	}
	return !swapped || !ComputedOnce(c)
}

// ComputedOnce reports whether the job gives rows a value of its own in a
// column that applications write from the swap on.
func ComputedOnce(c shadow.Column) bool {
	return c.Source == "" && c.Using != "" || c.SourceGenerated && c.Shadow != "" && !c.ShadowGenerated
}

// add adds a column, as a cast makes it.
func add(c *sqltmpl.Compare, column shadow.Column, as string) {
	value := "s." + column.Source.String()
	if column.Using != "" {
		value = "(" + string(column.Using) + ")"
	}
	if !column.Same {
		value = fmt.Sprintf("CAST(%s AS %s)", value, column.ShadowType)
	}
	other := "t." + column.Shadow.String()
	if as != "" {
		value, other = "("+value+")"+as, other+as
	}
	c.SourceHash = append(c.SourceHash, sqltmpl.Fragment(value))
	c.ShadowHash = append(c.ShadowHash, sqltmpl.Fragment(other))
}
