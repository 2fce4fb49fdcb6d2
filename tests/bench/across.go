package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/repave-pg/repave/internal/pgserver"
)

// The contestants of a move to another cluster, up to where writers could follow.
const (
	acrossRepave = "repave --strategy=logical"
	acrossProof  = "repave --strategy=logical, verified"
	acrossCopydb = "pgcopydb clone"
	acrossNative = "native subscription"
	acrossPipe   = "binary COPY pipes by hand"
	acrossCopy   = "repave --strategy=logical --until backfill"
)

// across measures moves of the table to a second server. The first is one of its
// own: it needs another wal_level than rewrites in place do.
func (b *bench) across(ctx context.Context) (err error) {
	logical := maps.Clone(settings)
	logical["wal_level"] = "logical"
	a := &bench{config: b.config, stderr: b.stderr, samples: b.samples, peak: map[int64]int64{}}
	var target *pgserver.Server
	for _, server := range []**pgserver.Server{&a.server, &target} {
		*server, err = pgserver.Start(ctx, b.server.Install(), pgserver.Options{SharedBuffers: sharedBuffers, Settings: logical})
		if err != nil {
			return err
		}
		defer func() {
			stopCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
			defer cancel()
			err = errors.Join(err, (*server).Stop(stopCtx))
		}()
	}
	if a.conn, err = pgx.Connect(ctx, a.server.DSN("postgres")); err != nil {
		return err
	}
	defer a.conn.Close(context.WithoutCancel(ctx))
	if err := a.fill(ctx, table, a.rows); err != nil {
		return err
	}
	m := &mover{bench: a, target: target}
	if m.conn, err = pgx.Connect(ctx, target.DSN("postgres")); err != nil {
		return err
	}
	defer m.conn.Close(context.WithoutCancel(ctx))
	if m.definition, err = m.schema(ctx); err != nil {
		return err
	}
	contestants := []contestant{
		{acrossRepave, m.repave("replay"), m.reset},
		{acrossProof, m.repave("verify"), m.reset},
		{acrossCopy, m.repave("backfill"), m.reset},
		{acrossPipe, m.pipes, m.drop},
		{acrossNative, m.native, m.unsubscribe},
	}
	if path, err := exec.LookPath("pgcopydb"); err == nil {
		contestants = append(contestants, contestant{acrossCopydb, m.copydb(path), m.drop})
	} else {
		b.note("pgcopydb is not installed, its row is left out")
	}
	// A new cluster is slower the first time, whoever writes to it.
	if err := errors.Join(m.pipes(ctx), m.drop(ctx)); err != nil {
		return err
	}
	for round := range b.repeat {
		for i := range contestants {
			c := contestants[(i+round)%len(contestants)]
			if err := execAll(ctx, m.conn, "CHECKPOINT"); err != nil {
				return err
			}
			if err := a.timed(ctx, c.name, func() error { return c.do(ctx) }); err != nil {
				return err
			}
			if err := c.after(ctx); err != nil {
				return fmt.Errorf("after %s: %w", c.name, err)
			}
		}
	}
	b.acrossPeak = max(b.acrossPeak, m.peak)
	return nil
}

// A mover moves the table from the bench's server to another.
type mover struct {
	bench      *bench
	target     *pgserver.Server
	conn       *pgx.Conn // to it
	definition []string  // of the indexes but the key's
	peak       int64
}

// schema reads the indexes to make after a copy.
func (m *mover) schema(ctx context.Context) ([]string, error) {
	rows, err := m.bench.conn.Query(ctx, `SELECT indexdef FROM pg_indexes WHERE tablename = $1 AND indexname <> $1 || '_pkey'`, table)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

func (m *mover) env() []string {
	return append(os.Environ(), "REPAVE_SOURCE="+m.bench.server.DSN("postgres"), "REPAVE_TARGET="+m.target.DSN("postgres"))
}

func (m *mover) repave(until string) func(context.Context) error {
	return func(ctx context.Context) error {
		cmd := exec.CommandContext(ctx, m.bench.repave, "run", "--strategy=logical", table, "--until", until, "--no-progress",
			"--workers", strconv.Itoa(m.bench.workers))
		cmd.Env = m.env()
		var j job
		log := &tail{}
		cmd.Stdout, cmd.Stderr = log, log
		if err := cmd.Start(); err != nil {
			return err
		}
		done := make(chan error, 1)
		go func() { done <- cmd.Wait() }()
		if err := j.watch(done, cmd.Process.Pid); err != nil {
			return fmt.Errorf("repave run: %w: %s", err, log)
		}
		m.peak = max(m.peak, j.peak)
		return nil
	}
}

func (m *mover) reset(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, m.bench.repave, "reset", "--yes", table)
	cmd.Env = m.env()
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("repave reset: %w: %s", err, out)
	}
	return nil
}

func (m *mover) drop(ctx context.Context) error {
	return execAll(ctx, m.conn, "DROP TABLE "+table)
}

// create makes the table on the target, without indexes.
func (m *mover) create(ctx context.Context) error {
	return execAll(ctx, m.conn, fmt.Sprintf(`CREATE TABLE %s (id integer NOT NULL, customer_id integer NOT NULL,
		created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now(), total numeric(12,2) NOT NULL,
		reference text NOT NULL, status text NOT NULL, note text)`, table))
}

// pipes copies with as many streams as repave does: the data, and nothing else.
func (m *mover) pipes(ctx context.Context) error {
	if err := m.create(ctx); err != nil {
		return err
	}
	pages, err := text(ctx, m.bench.conn, fmt.Sprintf("SELECT (pg_relation_size('%s') / 8192)::text", table))
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(pages)
	if err != nil {
		return err
	}
	psql := filepath.Join(m.bench.server.Install().BinDir, "psql")
	group, ctx := errgroup.WithContext(ctx)
	for i := range m.bench.workers {
		first, next := n*i/m.bench.workers, n*(i+1)/m.bench.workers
		group.Go(func() error {
			pipe := fmt.Sprintf(`set -o pipefail; '%[1]s' '%[2]s' -qXc "COPY (SELECT * FROM %[4]s WHERE ctid >= '(%[5]d,0)' AND ctid < '(%[6]d,0)') `+
				`TO STDOUT (FORMAT binary)" | '%[1]s' '%[3]s' -qXc 'COPY %[4]s FROM STDIN (FORMAT binary)'`,
				psql, m.bench.server.DSN("postgres"), m.target.DSN("postgres"), table, first, next)
			if out, err := exec.CommandContext(ctx, "bash", "-c", pipe).CombinedOutput(); err != nil {
				return fmt.Errorf("%w: %s", err, out)
			}
			return nil
		})
	}
	return group.Wait()
}

// native subscribes to the table, with its key, and makes the indexes once it is in sync.
func (m *mover) native(ctx context.Context) error {
	if err := m.create(ctx); err != nil {
		return err
	}
	err := execAll(ctx, m.conn, fmt.Sprintf("ALTER TABLE %[1]s ADD CONSTRAINT %[1]s_pkey PRIMARY KEY (id)", table))
	if err != nil {
		return err
	}
	if err := execAll(ctx, m.bench.conn, "CREATE PUBLICATION bench FOR TABLE "+table); err != nil {
		return err
	}
	from := fmt.Sprintf("host=%s port=%d user=postgres dbname=postgres", m.bench.server.Dir(), m.bench.server.Port())
	if err := execAll(ctx, m.conn, fmt.Sprintf("CREATE SUBSCRIPTION bench CONNECTION '%s' PUBLICATION bench", from)); err != nil {
		return err
	}
	for state := ""; state != "r"; {
		if state, err = text(ctx, m.conn, "SELECT coalesce((SELECT srsubstate::text FROM pg_subscription_rel), '')"); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
	return execAll(ctx, m.conn, append(m.definition, "ANALYZE "+table)...)
}

func (m *mover) unsubscribe(ctx context.Context) error {
	if err := execAll(ctx, m.conn, "DROP SUBSCRIPTION bench"); err != nil {
		return err
	}
	if err := execAll(ctx, m.bench.conn, "DROP PUBLICATION bench"); err != nil {
		return err
	}
	return m.drop(ctx)
}

// copydb runs pgcopydb with as many jobs, on the whole database, which has just this table.
func (m *mover) copydb(path string) func(context.Context) error {
	return func(ctx context.Context) error {
		dir, err := os.MkdirTemp("", "repave-bench-")
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(dir) }() // of no interest any more
		jobs := strconv.Itoa(m.bench.workers)
		cmd := exec.CommandContext(ctx, path, "clone", "--source", m.bench.server.DSN("postgres"), "--target", m.target.DSN("postgres"),
			"--table-jobs", jobs, "--index-jobs", jobs, "--split-tables-larger-than", "200MB", "--no-owner", "--dir", filepath.Join(dir, "work"))
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		return nil
	}
}

// A tail keeps the end of what a program says.
type tail struct{ text []byte }

func (t *tail) Write(p []byte) (int, error) {
	const most = 4096
	t.text = append(t.text, p...)
	t.text = t.text[max(len(t.text)-most, 0):]
	return len(p), nil
}

func (t *tail) String() string { return string(t.text) }
