package main

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
)

// copies measures repave's backfill against the same copy by hand: as many
// sessions, each a contiguous range of pages, one statement and one
// transaction, into a table without indexes.
func (b *bench) copies(ctx context.Context) error {
	for range b.repeat {
		if err := execAll(ctx, b.conn, fmt.Sprintf("CREATE TABLE orders_copy (LIKE %s)", table)); err != nil {
			return err
		}
		if err := b.timed(ctx, byHand, func() error { return b.copyByHand(ctx) }); err != nil {
			return err
		}
		if err := execAll(ctx, b.conn, "DROP TABLE orders_copy"); err != nil {
			return err
		}
		if err := b.settle(ctx, table); err != nil {
			return err
		}
		if err := b.backfillOnly(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) copyByHand(ctx context.Context) error {
	var pages int64
	err := b.conn.QueryRow(ctx, "SELECT pg_relation_size($1::regclass) / 8192", table).Scan(&pages)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	for i := range int64(b.workers) {
		first, next := pages*i/int64(b.workers), pages*(i+1)/int64(b.workers)
		group.Go(func() error {
			conn, err := pgx.Connect(ctx, b.server.DSN("postgres"))
			if err != nil {
				return err
			}
			defer conn.Close(context.WithoutCancel(ctx))
			return execAll(ctx, conn, fmt.Sprintf(
				"INSERT INTO orders_copy SELECT * FROM %s WHERE ctid >= '(%d,0)' AND ctid < '(%d,0)'", table, first, next))
		})
	}
	return group.Wait()
}

// backfillOnly runs a job up to the end of its backfill, and forgets it.
func (b *bench) backfillOnly(ctx context.Context) error {
	j, err := b.runUntil(ctx, table, "backfill")
	if err != nil {
		return err
	}
	for _, s := range j.report.Stages {
		if s.Stage == "backfill" {
			b.keep(backfill, sample{seconds: s.Seconds})
		}
	}
	if out, err := b.command(ctx, "reset", "--yes", table); err != nil {
		return fmt.Errorf("repave reset: %w: %s", err, out)
	}
	return nil
}
