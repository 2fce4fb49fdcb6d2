package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/urfave/cli/v2"

	"github.com/repave-pg/repave/internal/db"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/stages"
)

func strategyFlag() cli.Flag {
	return &cli.StringFlag{
		Name: "strategy", Value: stages.ChangeLog,
		Usage: "changelog rewrites in place; logical moves to another cluster, see --source and --target",
	}
}

func viewsFlag() cli.Flag {
	return &cli.BoolFlag{
		Name: "with-views", Usage: "across clusters: also make the views over the tables, materialized ones and functions with bound bodies included",
	}
}

// sourceOf reads where tables are moved from; "" if the command works in place.
func (p *program) sourceOf(c *cli.Context) (string, error) {
	named := slices.ContainsFunc(c.Command.Flags, func(f cli.Flag) bool { return f.Names()[0] == "strategy" })
	given := c.IsSet("source") || c.IsSet("target")
	if given && c.IsSet("dsn") {
		return "", &usageError{
			problem: "--dsn can't go with --source and --target", advice: "in place there is one database, across clusters there are two",
		}
	}
	if named {
		switch strategy := c.String("strategy"); {
		case strategy == stages.ChangeLog && given:
			return "", &usageError{
				problem: "--source and --target are for moving tables to another cluster", advice: "add --strategy=logical",
			}
		case strategy == stages.ChangeLog && c.Bool("with-views"):
			return "", &usageError{
				problem: "--with-views is for moving tables to another cluster", advice: "leave it out: in place, views always follow their tables",
			}
		case strategy == stages.ChangeLog:
			return "", nil
		case strategy != stages.Logical:
			return "", &usageError{
				problem: fmt.Sprintf("--strategy %q is none", strategy), advice: "the strategies are: changelog, logical",
			}
		}
	} else if !given && (c.IsSet("dsn") || os.Getenv("REPAVE_SOURCE") == "" || os.Getenv("REPAVE_TARGET") == "") {
		return "", nil
	}
	source := p.dsn(c, "source")
	if source == "" || c.String("target") == "" && os.Getenv("REPAVE_TARGET") == "" {
		return "", &usageError{
			problem: "moving tables to another cluster needs both --source and --target",
			advice:  "or put the DSNs into REPAVE_SOURCE and REPAVE_TARGET",
		}
	}
	return source, nil
}

// fits refuses to work on a job with one end of it missing, or one too many.
func (d *database) fits(job *registry.Job) error {
	switch {
	case job == nil:
	case job.Strategy == stages.Logical && d.source == nil:
		return &usageError{
			problem: job.Title() + " is being moved from another cluster",
			advice:  "say again which: --source and --target, or REPAVE_SOURCE and REPAVE_TARGET",
		}
	case job.Strategy != stages.Logical && d.source != nil:
		return &usageError{
			problem: "the job on " + job.Title() + " is one in place", advice: "leave out --source and --target, use --dsn",
		}
	}
	return nil
}

// strategy is that of a new job.
func (d *database) strategy() string {
	if d.source != nil {
		return stages.Logical
	}
	return stages.ChangeLog
}

// carrying is conversions under which any value that one cluster has is read by the other.
func (d *database) carrying(conversions map[string]string) map[string]string {
	if d.source == nil {
		return conversions
	}
	conversions = maps.Clone(conversions)
	conversions["xmloption"] = "content" // a document is content as well
	return conversions
}

// live is the database whose tables a new job names.
func (d *database) live() *database {
	if d.source != nil {
		return d.source
	}
	return d
}

// otherEnd opens the pool of the cluster that tables are moved from; in place
// there is only one.
func (d *database) otherEnd(
	ctx context.Context, o stages.Options, conversions map[string]string, pool *pgxpool.Pool,
) (*pgxpool.Pool, stages.Ends, error) {
	if d.source == nil {
		return pool, stages.Ends{}, nil
	}
	// Workers hold a session for their snapshot, and look things up in another.
	source, err := db.Open(ctx, d.source.cfg, 2*o.Workers+spareSessions, conversions)
	if err != nil {
		return nil, stages.Ends{}, fmt.Errorf("source: %w", err)
	}
	return source, stages.Ends{
		Source: d.source.cfg.ConnConfig, Target: d.cfg.ConnConfig,
		SourceSettings: d.source.operator.Conversions(), TargetSettings: d.operator.Conversions(),
	}, nil
}
