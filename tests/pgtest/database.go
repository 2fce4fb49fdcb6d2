package pgtest

import (
	"context"
	"crypto/rand"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// unfit matches what a database's name, made from a test's, shall not have.
var unfit = regexp.MustCompile(`[^a-z0-9]+`)

// Database creates an empty database for this test on the shared server and
// returns its DSN. When the test ends it is dropped with everything that would
// hold it: sessions, prepared transactions, slots, subscriptions.
func Database(tb testing.TB) string {
	tb.Helper()

	return DatabaseOn(tb, shared.start(tb))
}

// DatabaseOn is Database on the server that dsn points to.
func DatabaseOn(tb testing.TB, dsn string) string {
	tb.Helper()

	const nameLength = 40 // the suffix must fit into 63 bytes as well
	test := strings.Trim(unfit.ReplaceAllString(strings.ToLower(tb.Name()), "_"), "_")
	name := "t_" + test[:min(len(test), nameLength)] + "_" + strings.ToLower(rand.Text()[:12])
	require.NoError(tb, createDatabase(tb.Context(), dsn, name))
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
		defer cancel()
		require.NoError(tb, dropDatabase(ctx, dsn, name))
	})
	own, err := withDatabase(dsn, name)
	require.NoError(tb, err)
	return own
}

func createDatabase(ctx context.Context, dsn, name string) error {
	return once(ctx, dsn, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize()+" TEMPLATE template0")
}

// dropDatabase drops the database. Those who use it need a moment to notice
// that they have been ended, so it tries until ctx ends.
func dropDatabase(ctx context.Context, dsn, name string) error {
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		err := once(ctx, dsn, "DROP DATABASE IF EXISTS "+pgx.Identifier{name}.Sanitize()+" WITH (FORCE)")
		if err == nil {
			return nil
		}
		err = errors.Join(err, release(ctx, dsn, name))
		select {
		case <-ctx.Done():
			return err
		case <-ticker.C:
		}
	}
}

// release ends what keeps DROP DATABASE from working even with FORCE.
func release(ctx context.Context, dsn, name string) error {
	own, err := withDatabase(dsn, name)
	if err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, own)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	// Each row of these is a statement to run.
	makers := []string{
		`SELECT format('ROLLBACK PREPARED %L', gid) FROM pg_catalog.pg_prepared_xacts WHERE database = current_database()`,
		`SELECT format('SELECT pg_terminate_backend(%s)', active_pid) FROM pg_catalog.pg_replication_slots
		WHERE database = current_database() AND active`,
		`SELECT unnest(ARRAY[format('ALTER SUBSCRIPTION %I DISABLE', subname),
			format('ALTER SUBSCRIPTION %I SET (slot_name = NONE)', subname), format('DROP SUBSCRIPTION %I', subname)])
		FROM pg_catalog.pg_subscription JOIN pg_catalog.pg_database d ON d.oid = subdbid WHERE d.datname = current_database()`,
	}
	for _, maker := range makers {
		rows, err := conn.Query(ctx, maker)
		if err != nil {
			return err
		}
		statements, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return err
		}
		for _, statement := range statements {
			if _, err := conn.Exec(ctx, statement); err != nil {
				return err
			}
		}
	}
	return nil
}

// once runs one statement on a connection of its own.
func once(ctx context.Context, dsn, sql string) error {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, sql)
	return errors.Join(err, conn.Close(ctx))
}
