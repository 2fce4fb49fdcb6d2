package main

import (
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
)

// The contestants.
const (
	vacuumFull  = "VACUUM FULL"
	repack      = "pg_repack"
	repackJobs  = "pg_repack --jobs"
	alterType   = "ALTER ... TYPE bigint"
	repaveFast  = "repave --skip-verify"
	repaveProof = "repave"
	byHand      = "INSERT ... SELECT by hand"
	backfill    = "repave run --until backfill"
)

// A contestant rewrites the table once; after puts it back, untimed.
type contestant struct {
	name  string
	do    func(context.Context) error
	after func(context.Context) error
}

// rewrites measures every contestant on the same table, one after the other.
// Each starts where the last one did in the round before, plus one.
func (b *bench) rewrites(ctx context.Context) error {
	contestants := []contestant{
		{vacuumFull, b.sql("VACUUM FULL " + table), nil},
		{
			alterType, b.sql("ALTER TABLE " + table + " ALTER COLUMN id TYPE bigint"),
			b.sql("ALTER TABLE " + table + " ALTER COLUMN id TYPE integer"),
		},
		{repaveFast, b.repaveRun(repaveFast, "--skip-verify"), b.cleanupTable},
		{repaveProof, b.repaveRun(repaveProof), b.cleanupTable},
	}
	if b.hasRepack(ctx) {
		contestants = append(
			contestants,
			contestant{repack, b.repackRun(), nil},
			contestant{repackJobs, b.repackRun("--jobs", strconv.Itoa(b.workers)), nil},
		)
	}
	b.listen(ctx)
	for round := range b.repeat {
		first := round * 2 % len(contestants)
		for _, c := range slices.Concat(contestants[first:], contestants[:first]) {
			if err := b.timed(ctx, c.name, func() error { return c.do(ctx) }); err != nil {
				return err
			}
			if c.after == nil {
				continue
			}
			if err := c.after(ctx); err != nil {
				return fmt.Errorf("after %s: %w", c.name, err)
			}
		}
	}
	return nil
}

func (b *bench) sql(statements ...string) func(context.Context) error {
	return func(ctx context.Context) error { return execAll(ctx, b.conn, statements...) }
}

// hasRepack installs pg_repack's extension if the server has it.
func (b *bench) hasRepack(ctx context.Context) bool {
	if _, err := exec.LookPath(b.server.Install().Program("pg_repack")); err != nil {
		b.note("pg_repack is not installed (postgresql-%d-repack), its rows are left out", b.server.Install().Version)
		return false
	}
	if _, err := b.conn.Exec(ctx, "CREATE EXTENSION IF NOT EXISTS pg_repack"); err != nil {
		b.note("pg_repack is left out: %v", err)
		return false
	}
	return true
}

func (b *bench) repackRun(args ...string) func(context.Context) error {
	return func(ctx context.Context) error {
		// Beside the server's binaries there is the one that fits its extension.
		cmd := exec.CommandContext(ctx, b.server.Install().Program("pg_repack"), append([]string{
			"--host", b.server.Dir(), "--port", strconv.Itoa(b.server.Port()), "--username", "postgres",
			"--dbname", "postgres", "--no-order", "--table", "public." + table,
		}, args...)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		return nil
	}
}
