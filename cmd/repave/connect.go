package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/urfave/cli/v2"

	"github.com/repave-pg/repave/internal/db"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/stages"
)

// spareSessions are those beside the workers: for progress, snapshots, and
// looking at locks.
const spareSessions = 4

// A database is what a command works on.
type database struct {
	cfg      *pgxpool.Config
	operator db.Operator
	registry *registry.Registry
	look     *pgxpool.Pool // a session for looking things up
	source   *database     // across clusters: where tables are moved from; nil in place
}

// connect opens the database of the global flags.
func (p *program) connect(c *cli.Context) (*database, error) {
	reg, err := registryOf(c)
	if err != nil {
		return nil, err
	}
	application := "repave " + c.Command.Name
	source, err := p.sourceOf(c)
	if err != nil {
		return nil, err
	}
	if source == "" {
		return open(c.Context, p.dsn(c, "dsn"), application, reg)
	}
	d, err := open(c.Context, p.dsn(c, "target"), application, reg)
	if err != nil {
		return nil, fmt.Errorf("target: %w", err)
	}
	if d.source, err = open(c.Context, source, application, reg); err != nil {
		d.close()
		return nil, fmt.Errorf("source: %w", err)
	}
	return d, nil
}

// dsn reads the DSN of a flag or of its environment variable.
func (p *program) dsn(c *cli.Context, flag string) string {
	variable := "REPAVE_" + strings.ToUpper(flag)
	dsn := c.String(flag)
	if dsn == "" {
		return os.Getenv(variable)
	}
	if hasPassword(dsn) {
		fmt.Fprintf(p.stderr, "warning: --%s has a password in it, which everybody on this machine can see in ps; "+
			"put it into PGPASSWORD, ~/.pgpass, or the whole DSN into %s\n", flag, variable)
	}
	return dsn
}

// open opens the database of a DSN.
func open(ctx context.Context, dsn, application string, reg *registry.Registry) (*database, error) {
	cfg, err := db.Config(dsn, application)
	if err != nil {
		return nil, err
	}
	d := &database{cfg: cfg, registry: reg}
	if d.operator, err = db.Probe(ctx, cfg); err != nil {
		return nil, err
	}
	if d.look, err = db.Open(ctx, cfg, 1, nil); err != nil {
		return nil, err
	}
	return d, nil
}

func (d *database) close() {
	d.look.Close()
	if d.source != nil {
		d.source.close()
	}
}

// session opens a session of its own, outside any pool.
func (d *database) session(ctx context.Context) (*pgx.Conn, error) {
	pool, err := db.Open(ctx, d.cfg, 1, nil)
	if err != nil {
		return nil, err
	}
	defer pool.Close()
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	return conn.Hijack(), nil
}

// migrate creates the registry or brings it up to date.
func (d *database) migrate(ctx context.Context) error {
	conn, err := d.session(ctx)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	err = d.registry.Migrate(ctx, conn)
	if err == nil || !sqltmpl.IsPrivilege(err) {
		return err
	}
	role := sqltmpl.Ident(d.cfg.ConnConfig.User)
	denied := &grantError{Err: err, sql: fmt.Sprintf("GRANT CREATE ON DATABASE %s TO %s",
		sqltmpl.Ident(d.cfg.ConnConfig.Database), role)}
	// If the registry is there it is its own rights that are missing; so they are if nobody may look.
	if exists, lookErr := d.registry.Exists(ctx, d.look); exists || lookErr != nil {
		denied.sql = grantRegistry(d.registry.Schema(), role)
	}
	return denied
}

// upgrade is migrate for commands that must not create a registry.
func (d *database) upgrade(ctx context.Context) error {
	exists, err := d.registry.Exists(ctx, d.look)
	if err != nil || !exists {
		return d.denied(err)
	}
	return d.migrate(ctx)
}

// denied adds to an error of reading the registry what to grant, or that it is too old.
func (d *database) denied(err error) error {
	if sqltmpl.IsMissingColumn(err) {
		return &failure{problem: "the registry is of an older repave", advice: "upgrade it: repave init"}
	}
	if !sqltmpl.IsPrivilege(err) {
		return err
	}
	return &grantError{Err: err, sql: grantRegistry(d.registry.Schema(), sqltmpl.Ident(d.cfg.ConnConfig.User))}
}

// grantRegistry is what a role needs to work with a registry it does not own.
func grantRegistry(schema, role sqltmpl.Ident) string {
	return fmt.Sprintf("GRANT USAGE, CREATE ON SCHEMA %s TO %s; "+
		"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %s TO %s", schema, role, schema, role)
}

// A grantError says which GRANT would help.
type grantError struct {
	Err error
	sql string
}

func (e *grantError) Error() string { return e.Err.Error() }

func (e *grantError) Unwrap() error { return e.Err }

// Hint is the SQL to run.
func (e *grantError) Hint() string { return "as the owner or a superuser: " + e.sql }

// env opens the pool that stages work with. An existing job keeps the settings
// that it began with.
func (d *database) env(ctx context.Context, o stages.Options, job *registry.Job) (*stages.Env, error) {
	if err := d.fits(job); err != nil {
		return nil, err
	}
	conversions := d.operator.Conversions()
	if job != nil && stages.Unfinished(*job) == nil {
		conversions = job.Settings
	}
	conversions = d.carrying(conversions)
	pool, err := db.Open(ctx, d.cfg, o.Workers+spareSessions, conversions)
	if err != nil {
		return nil, err
	}
	source, ends, err := d.otherEnd(ctx, o, conversions, pool)
	if err != nil {
		pool.Close()
		return nil, err
	}
	return &stages.Env{
		Source: source, Target: pool, Ends: ends, Registry: d.registry, Options: o, Stats: &stages.Stats{},
		Report: func(stages.Event) {},
		Operator: stages.Operator{
			SearchPath: d.operator.SearchPath, Conversions: d.carrying(d.operator.Conversions()), Version: version,
		},
	}, nil
}

// isNotFound reports whether there is no job.
func isNotFound(err error) bool { return errors.Is(err, registry.ErrNotFound) }
