package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/pgserver"
)

// settings are those of a real server of this size, the same for all
// contestants.
var settings = map[string]string{
	"fsync":                "on",
	"full_page_writes":     "on",
	"synchronous_commit":   "on",
	"wal_level":            "replica",
	"max_wal_size":         "8GB",
	"checkpoint_timeout":   "30min",
	"maintenance_work_mem": "256MB",
	"autovacuum":           "on",
}

const (
	sharedBuffers = "1GB"
	stopTimeout   = time.Minute
)

// A bench is one run: a server, and what was measured on it.
type bench struct {
	config
	server  *pgserver.Server
	conn    *pgx.Conn
	stderr  io.Writer
	version string

	samples    map[string][]sample
	peak       map[int64]int64 // resident set of repave in bytes, by rows
	acrossPeak int64           // the same, across clusters
	load       []loadResult
	notes      []string
	results    []result
}

// A sample is one measurement.
type sample struct {
	seconds float64
	wal     int64   // bytes
	cpu     float64 // seconds of the whole machine; with other work on it more than our own
}

func start(ctx context.Context, c config, stderr io.Writer) (*bench, error) {
	b := &bench{config: c, stderr: stderr, samples: map[string][]sample{}, peak: map[int64]int64{}}
	install, err := pgserver.Find(ctx, pgserver.FindOptions{})
	if err != nil {
		return nil, err
	}
	b.server, err = pgserver.Start(ctx, install, pgserver.Options{SharedBuffers: sharedBuffers, Settings: settings})
	if err != nil {
		return nil, err
	}
	if err := b.prepare(ctx); err != nil {
		return nil, errors.Join(err, b.stop(ctx))
	}
	return b, nil
}

func (b *bench) prepare(ctx context.Context) (err error) {
	if b.conn, err = pgx.Connect(ctx, b.server.DSN("postgres")); err != nil {
		return err
	}
	if b.version, err = text(ctx, b.conn, "SHOW server_version"); err != nil {
		return err
	}
	b.say("PostgreSQL %s, %d cores, %s", b.version, runtime.NumCPU(), b.server.Dir())
	// Extension and registry are installed once; what counts is the rewrite.
	if out, err := b.command(ctx, "init"); err != nil {
		return fmt.Errorf("repave init: %w: %s", err, out)
	}
	return b.fill(ctx, table, b.rows)
}

func (b *bench) stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	if b.conn != nil {
		_ = b.conn.Close(ctx)
	}
	return b.server.Stop(ctx)
}

func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(b.stderr, time.Now().Format("15:04:05 ")+format+"\n", args...)
}

func (b *bench) note(format string, args ...any) {
	b.notes = append(b.notes, fmt.Sprintf(format, args...))
}

// timed settles the table, measures do and keeps the sample.
func (b *bench) timed(ctx context.Context, name string, do func() error) error {
	if err := b.settle(ctx, table); err != nil {
		return err
	}
	before, err := b.wal(ctx)
	if err != nil {
		return err
	}
	began, busy := time.Now(), machine()
	if err := do(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	took, used := time.Since(began), machine()-busy
	after, err := b.wal(ctx)
	if err != nil {
		return err
	}
	b.keep(name, sample{took.Seconds(), after - before, used})
	return nil
}

func (b *bench) keep(name string, s sample) {
	b.samples[name] = append(b.samples[name], s)
	if s.wal > 0 {
		b.say("%-28s %7.2f s  %6d MB of WAL  %6.2f s of all cores", name, s.seconds, s.wal/megabyte, s.cpu)
		return
	}
	b.say("%-28s %7.2f s", name, s.seconds)
}

// wal is how far the server has written.
func (b *bench) wal(ctx context.Context) (int64, error) {
	position, err := text(ctx, b.conn, "SELECT pg_current_wal_insert_lsn() - '0/0'")
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(position, 10, 64)
}

func text(ctx context.Context, conn *pgx.Conn, sql string) (out string, err error) {
	err = conn.QueryRow(ctx, sql, pgx.QueryExecModeSimpleProtocol).Scan(&out)
	return out, err
}

func execAll(ctx context.Context, conn *pgx.Conn, statements ...string) error {
	for _, sql := range statements {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
	}
	return nil
}
