package laws_test

import (
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

// partitionCase is a way to partition the table that pgtest.Writers write to.
type partitionCase struct {
	name       string
	prepare    []string
	by         string
	drop       []string
	alter      []string
	partitions int // at least
	optimize   bool
}

const inEitherDirection = `ALTER TABLE child_cascade DROP CONSTRAINT child_cascade_parent_id_fkey;
	ALTER TABLE child_null DROP CONSTRAINT child_null_parent_id_fkey; ALTER TABLE child_strict DROP CONSTRAINT child_strict_parent_id_fkey`

var partitionCases = []partitionCase{
	// The children's foreign keys follow; keys move between partitions.
	{name: "HASH of the key", by: "HASH (id) 5", drop: []string{"parent_tag_key"}, partitions: 5},
	// Rows move between partitions with every update, and no unique index is left.
	{
		name: "RANGE of a column that changes", prepare: []string{inEitherDirection}, by: "RANGE (n) WIDTH 3",
		drop: []string{"parent_pkey", "parent_tag_key"}, partitions: 5,
	},
	// So many partitions to look into that writers only log.
	{
		name: "RANGE with many partitions", prepare: []string{inEitherDirection}, by: "RANGE (n) WIDTH 100",
		drop: []string{"parent_pkey", "parent_tag_key"}, partitions: 30,
	},
	// Unique values move between rows of a partition; new owners' rows go to the default one.
	{
		name:    "LIST with the keys widened, in another order of columns",
		prepare: []string{inEitherDirection, `ALTER TABLE parent ADD gone int, ADD flag boolean NOT NULL DEFAULT true, ADD big bigint DEFAULT 1; ALTER TABLE parent DROP gone`},
		by:      "LIST (owner)", partitions: 2, optimize: true,
		alter: []string{
			"DROP CONSTRAINT parent_pkey, ADD PRIMARY KEY (id, owner)", "DROP CONSTRAINT parent_tag_key, ADD UNIQUE (tag, owner)",
		},
	},
}

// TestLaw2Field20PartitionUnderWriters partitions a table while writers at all
// isolation levels go on; goes back, forth again, and back for good.
func TestLaw2Field20PartitionUnderWriters(t *testing.T) {
	t.Parallel()
	for _, c := range partitionCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			takeTurn(t)
			dsn := pgtest.Database(t)
			conn := pgtest.Connect(t, dsn)
			for _, sql := range append([]string{pgtest.WritersTable}, c.prepare...) {
				_, err := conn.Exec(t.Context(), sql, pgx.QueryExecModeSimpleProtocol)
				require.NoError(t, err)
			}
			pgtest.Exec(t, conn, `INSERT INTO parent SELECT -g, 'base-' || g, 0, g, repeat('x', 200) FROM generate_series(1, 3000) g`)
			if strings.Contains(c.by, "WIDTH 3") {
				pgtest.Exec(t, conn, `UPDATE parent SET n = -g % 12 FROM (SELECT id AS g FROM parent) k WHERE id = g`)
			}
			if strings.HasPrefix(c.by, "HASH") && pgtest.ServerVersion(t, conn) < 15 {
				_, err := conn.Exec(t.Context(), inEitherDirection, pgx.QueryExecModeSimpleProtocol) // refused there
				require.NoError(t, err)
			}
			before := pgtest.CatalogSnapshot(t, conn)
			base := pgtest.Rows(t, conn, `SELECT * FROM parent ORDER BY id`)
			env := newEnv(t, dsn)
			env.Options.BatchTime = 20 * time.Millisecond
			_, seed := newRand(t)
			writers := pgtest.StartWriters(t, dsn, seed, 3, pgtest.Levels)
			writers.Await(t, 20)
			req := request(t, conn, "parent", func(s *registry.Spec) {
				s.Tables[0].Change.PartitionBy, s.Tables[0].Change.DropConstraints, s.Tables[0].Change.Alter = c.by, c.drop, c.alter
				s.Tables[0].Change.OptimizeColumns = c.optimize
			})
			job := runTo(t, env, req, stages.Swap)
			require.True(t, job.Swapped)
			require.Equal(t, c.optimize, pgtest.Value[string](t, conn, `SELECT attname::text FROM pg_attribute WHERE attrelid = 'parent'::regclass AND attnum = 1`) == "big")
			for range 2 {
				require.GreaterOrEqual(t, pgtest.Count(t, conn, `SELECT count(*) FROM pg_inherits WHERE inhparent = 'parent'::regclass`), c.partitions)
				writers.Await(t, 30)
				job = revert(t, env, job)
				require.Equal(t, 0, pgtest.Count(t, conn, `SELECT count(*) FROM pg_inherits WHERE inhparent = 'parent'::regclass`))
				writers.Await(t, 30)
				job = runTo(t, env, req, stages.Swap)
			}
			writers.Await(t, 30)
			job = revert(t, env, job)
			require.NoError(t, stages.Reset(t.Context(), env, job))
			writers.Await(t, 10)
			writers.Stop(t, conn)
			require.Equal(t, base, pgtest.Rows(t, conn, `SELECT * FROM parent WHERE owner = 0 ORDER BY id`))
			requireSameButSequences(t, before, pgtest.CatalogSnapshot(t, conn))
			requireNoTraces(t, conn)
		})
	}
}

func revert(t *testing.T, env *stages.Env, job registry.Job) registry.Job {
	t.Helper()
	job, err := stages.RevertSwap(t.Context(), env, job)
	require.NoError(t, err)
	require.False(t, job.Swapped)
	return job
}

// requireSameButSequences compares catalogs, but for what writers have used up.
func requireSameButSequences(t *testing.T, before, after map[string]string) {
	t.Helper()
	for _, snapshot := range []map[string]string{before, after} {
		for key := range snapshot {
			if strings.HasSuffix(key, ": last value") {
				delete(snapshot, key)
			}
		}
	}
	pgtest.RequireSameCatalog(t, before, after)
}
