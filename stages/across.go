package stages

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/strategies/logical"
)

// across is the course of jobs that move tables to another cluster. What it
// does in which order is in docs/logical.md.
type across struct{}

func (across) forward() []Stage {
	return []Stage{acrossSetup{}, acrossCopy{}, acrossSchema{}, follow{}, acrossVerify{}, cutover{}}
}

func (across) backward() []Stage { return []Stage{follow{}, acrossVerify{}, cutover{}} }

func (across) comparing() Stage { return acrossVerify{} }

// live is the direction that changes of a job take now.
func live(job registry.Job) registry.Direction {
	if job.Swapped {
		return registry.Backward
	}
	return registry.Forward
}

// other is the opposite direction.
func other(d registry.Direction) registry.Direction {
	if d == registry.Forward {
		return registry.Backward
	}
	return registry.Forward
}

// An end is one of the two clusters: one that changes come from, or go to.
type end struct {
	pool   *pgxpool.Pool
	config *pgx.ConnConfig
	source bool
}

// from is the end that changes of a direction come from.
func (env *Env) from(d registry.Direction) end {
	if d == registry.Forward {
		return end{env.Source, env.Ends.Source, true}
	}
	return end{env.Target, env.Ends.Target, false}
}

// to is the end that changes of a direction go to.
func (env *Env) to(d registry.Direction) end { return env.from(other(d)) }

// place says where an end is, for people: no password, no user.
func (e end) place() string {
	return fmt.Sprintf("%s:%d/%s", e.config.Host, e.config.Port, e.config.Database)
}

// mark is what the names of all that a job makes outside the registry's schema
// begin with. Jobs of several targets may have one source, so the number alone
// would not do.
func mark(job registry.Job, target logical.Identity) string {
	sum := sha256.Sum256([]byte(target.System + "/" + target.Database))
	return fmt.Sprintf("repave_%d_%s", job.ID, hex.EncodeToString(sum[:4]))
}

// jobMark is mark, read from the target.
func (env *Env) jobMark(ctx context.Context, job registry.Job) (string, error) {
	target, err := logical.Identify(ctx, env.Target)
	return mark(job, target), err
}

// mappings are those of a direction.
func mappings(job registry.Job, d registry.Direction) []logical.Mapping {
	out := make([]logical.Mapping, 0, len(job.Tables))
	for _, t := range job.Tables {
		parts := treeAt(t, d)
		switch {
		case len(parts) > 0:
		case d == registry.Backward:
			out = append(out, logical.Backward(t.Blueprint, t.Number, t.ShadowOID))
		default:
			out = append(out, logical.Forward(t.Blueprint, t.Number))
		}
		for i, p := range partsAt(t, d) {
			out = append(out, mappingOf(t, d, i+1, p))
		}
	}
	return out
}

// tablesAt are the tables of a job as one end knows them: under the same names.
func tablesAt(job registry.Job) []sqltmpl.Table {
	names := make([]sqltmpl.Table, len(job.Tables))
	for i, t := range job.Tables {
		names[i] = t.Name
	}
	return names
}

// oidsAt are the OIDs of a job's tables at an end.
func (e end) oidsAt(job registry.Job) []uint32 {
	oids := make([]uint32, len(job.Tables))
	for i, t := range job.Tables {
		oids[i] = e.oidAt(t)
	}
	return oids
}

// oidAt is a table's OID at an end.
func (e end) oidAt(t registry.Table) uint32 {
	if e.source {
		return t.SourceOID
	}
	return t.ShadowOID
}
