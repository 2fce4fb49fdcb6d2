package stages

import (
	"fmt"

	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

// A bucket sums up the rows whose hash ends alike: how many, and the exclusive
// or of their hashes. Keys are unique on both sides, so no row can cancel
// another.
type bucket struct {
	Bucket int32
	Rows   int64
	Hash   int64
}

// buckets sum up a table. Sums do not depend on the order of rows, so ranges
// may come from any session in any order.
type buckets [256]struct{ rows, hash int64 }

func (b *buckets) add(got []bucket) {
	for _, g := range got {
		b[g.Bucket].rows += g.Rows
		b[g.Bucket].hash ^= g.Hash
	}
}

func (b *buckets) rows() (n int64) {
	for _, one := range b {
		n += one.rows
	}
	return n
}

func (b *buckets) differing(other buckets) (which []int32) {
	for i, one := range b {
		if one != other[i] {
			which = append(which, int32(i)) //nolint:gosec // below 256
		}
	}
	return which
}

// computedOnce reports whether the job gives rows a value of its own in a
// column that applications write from the swap on.
func computedOnce(c shadow.Column) bool {
	return c.Source == "" && c.Using != "" || c.SourceGenerated && c.Shadow != "" && !c.ShadowGenerated
}

// compareOf says how rows are compared: in either direction of a job, what the
// transforms make of a source row must be the shadow's row, byte for byte.
func compareOf(env *Env, job registry.Job, t registry.Table) sqltmpl.Compare {
	b, link := t.Blueprint, env.link(job, t)
	c := sqltmpl.Compare{Source: link.Live, Shadow: link.Standby, Log: link.Log}
	if job.Swapped {
		c.Source, c.Shadow = link.Standby, link.Live
	}
	for i, k := range b.Key {
		c.Keys = append(c.Keys, sqltmpl.CompareKey{
			Log: link.Keys[i].Log, Source: k.Source, Shadow: k.Shadow, ShadowEq: k.ShadowEq,
			ShadowCast: "::" + k.ShadowType,
		})
	}
	for _, column := range b.Columns {
		if column.Shadow == "" || column.Recomputed || (column.Source == "" && column.Using == "") {
			continue // dropped, or filled in by the server with values of its own
		}
		if job.Swapped && computedOnce(column) {
			continue // now the applications' own
		}
		value := "s." + column.Source.String()
		if column.Using != "" {
			value = "(" + string(column.Using) + ")"
		}
		if !column.Same {
			value = fmt.Sprintf("CAST(%s AS %s)", value, column.ShadowType)
		}
		other := "t." + column.Shadow.String()
		if column.AsText {
			value, other = "("+value+")::pg_catalog.text", other+"::pg_catalog.text"
		}
		c.SourceHash = append(c.SourceHash, sqltmpl.Fragment(value))
		c.ShadowHash = append(c.ShadowHash, sqltmpl.Fragment(other))
	}
	return c
}
