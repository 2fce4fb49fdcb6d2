package stages

import (
	"github.com/repave-pg/repave/internal/compare"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

// compareOf says how rows are compared: in either direction of a job, what the
// transforms make of a source row must be the shadow's row, byte for byte.
func compareOf(env *Env, job registry.Job, t registry.Table) sqltmpl.Compare {
	b, link := t.Blueprint, env.link(job, t)
	c := sqltmpl.Compare{
		Source: link.Live, Shadow: link.Standby, Log: link.Log,
		SourcePartitioned: b.Source.Kind == partitioned, ShadowPartitioned: b.Shadow.Kind == partitioned,
	}
	if job.Swapped {
		c.Source, c.Shadow = link.Standby, link.Live
	}
	for i, k := range b.Key {
		c.Keys = append(c.Keys, sqltmpl.CompareKey{
			Log: link.Keys[i].Log, Source: k.Source, Shadow: k.Shadow, ShadowEq: k.ShadowEq,
			ShadowCast: "::" + k.ShadowType,
		})
	}
	compare.Values(&c, b, job.Swapped)
	return c
}
