package laws_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

// TestLaw1And5SubscriptionsGoOn: a live subscription to the table gets every
// change through a job, its swap, the way back and the cleanup, and nothing of
// repave's own tables.
func TestLaw1And5SubscriptionsGoOn(t *testing.T) {
	t.Parallel()
	t.Run("plain", func(t *testing.T) {
		t.Parallel()
		subscribe(t, `CREATE PUBLICATION p FOR TABLE parent`, shadow.Change{PKBigint: true})
	})
	t.Run("partitioned", func(t *testing.T) {
		t.Parallel()
		subscribe(t, `CREATE PUBLICATION p FOR TABLE parent WITH (publish_via_partition_root)`,
			shadow.Change{PartitionBy: "HASH (id) 5", DropConstraints: []string{"parent_tag_key"}})
	})
}

func subscribe(t *testing.T, publication string, change shadow.Change) {
	t.Helper()
	takeTurn(t)
	server := pgtest.Server(t)
	pgtest.Connect(t, server.DSN("postgres"), `CREATE DATABASE source`, `CREATE DATABASE target`)
	dsn := server.DSN("source")
	source, target := pgtest.Connect(t, dsn), pgtest.Connect(t, server.DSN("target"))
	_, err := source.Exec(t.Context(), pgtest.WritersTable+`
		INSERT INTO parent SELECT -g, 'base-' || g, 0, g FROM generate_series(1, 2000) g;`+publication)
	require.NoError(t, err)
	if change.PartitionBy != "" && pgtest.ServerVersion(t, source) < 15 {
		_, err = source.Exec(t.Context(), inEitherDirection, pgx.QueryExecModeSimpleProtocol)
		require.NoError(t, err)
	}
	pgtest.Exec(t, source, `SELECT pg_create_logical_replication_slot('s', 'pgoutput')`)
	pgtest.Exec(t, target, `CREATE TABLE parent (id bigint PRIMARY KEY, tag text NOT NULL, owner int NOT NULL, n int NOT NULL DEFAULT 0, pad text)`)
	pgtest.Exec(t, target, fmt.Sprintf(`CREATE SUBSCRIPTION s CONNECTION '%s' PUBLICATION p WITH (create_slot = false, slot_name = s)`,
		strings.ReplaceAll(dsn, "'", "''")))
	t.Cleanup(func() {
		_, _ = target.Exec(t.Context(), `ALTER SUBSCRIPTION s DISABLE; ALTER SUBSCRIPTION s SET (slot_name = NONE); DROP SUBSCRIPTION s`)
	})
	_, seed := newRand(t)
	writers := pgtest.StartWriters(t, dsn, seed, 2, pgtest.Levels)
	writers.Await(t, 20)
	env := newEnv(t, dsn)
	req := request(t, source, "parent", func(s *registry.Spec) { s.Tables[0].Change = change })
	job := runTo(t, env, req, stages.Swap)
	writers.Await(t, 30)
	_, err = stages.RevertSwap(t.Context(), env, job)
	require.NoError(t, err)
	writers.Await(t, 30)
	job = runTo(t, env, req, stages.Cleanup)
	require.NotZero(t, job.ID)
	writers.Await(t, 30)
	writers.Stop(t, source)
	const sum = `SELECT count(*), coalesce(sum(hashtextextended(concat_ws('|', id, tag, owner, n, pad), 0)::numeric), 0)::text FROM parent`
	want := pgtest.Rows(t, source, sum)
	require.Eventually(t, func() bool { return pgtest.Rows(t, target, sum)[0] == want[0] }, 30*time.Second, 20*time.Millisecond, "the subscriber has all changes")
	require.Equal(t, 1, pgtest.Count(t, target, `SELECT count(*) FROM pg_subscription WHERE subenabled`))
}
