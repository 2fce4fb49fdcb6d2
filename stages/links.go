package stages

import (
	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/strategies"
	"github.com/repave-pg/repave/strategies/changelog"
)

// names returns what a table's objects are called.
func (env *Env) names(t registry.Table) shadow.Names { return env.Registry.Names(t.JobID, t.Number) }

// forwardLink is the link from the source to the shadow, before the swap.
func (env *Env) forwardLink(job registry.Job, t registry.Table) sqltmpl.Link {
	return changelog.Forward(t.Blueprint, env.names(t), job.Settings)
}

// backwardLink is the link from the rewritten table to the old one, after it.
func (env *Env) backwardLink(job registry.Job, t registry.Table) sqltmpl.Link {
	return changelog.Backward(t.Blueprint, env.names(t), job.Settings)
}

// link is the one in force.
func (env *Env) link(job registry.Job, t registry.Table) sqltmpl.Link {
	if job.Swapped {
		return env.backwardLink(job, t)
	}
	return env.forwardLink(job, t)
}

// capture is how changes of a table are captured now.
func (env *Env) capture(job registry.Job, t registry.Table) strategies.Capture {
	return env.captureOf(t, env.link(job, t))
}

// nextCapture is how they will be captured after the next swap.
func (env *Env) nextCapture(job registry.Job, t registry.Table) strategies.Capture {
	if job.Swapped {
		return env.captureOf(t, env.forwardLink(job, t))
	}
	return env.captureOf(t, env.backwardLink(job, t))
}

func (env *Env) captureOf(t registry.Table, link sqltmpl.Link) strategies.Capture {
	return changelog.New(link, !changelog.StaysOnLog(t.Blueprint))
}

// liveOID is the relation that has the table's name, standbyOID the other one.
func liveOID(job registry.Job, t registry.Table) uint32 {
	if job.Swapped {
		return t.ShadowOID
	}
	return t.SourceOID
}

func standbyOID(job registry.Job, t registry.Table) uint32 {
	if job.Swapped {
		return t.SourceOID
	}
	return t.ShadowOID
}
