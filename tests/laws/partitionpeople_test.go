package laws_test

import (
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

var partitionTable = []string{
	`CREATE TABLE t (id int PRIMARY KEY, at date NOT NULL, v text UNIQUE)`,
	`INSERT INTO t SELECT g, '2026-01-01'::date + g, 'v' || g FROM generate_series(0, 99) g`,
}

func byMonth(s *registry.Spec) {
	s.Tables[0].Change.PartitionBy, s.Tables[0].Change.PartitionsAhead = "RANGE (at) INTERVAL 1 month", 1
	s.Tables[0].Change.DropConstraints = []string{"t_pkey", "t_v_key"}
}

// TestLaw2Field20EveryKindOfWrite makes each kind of write at every stage, and
// after the swap by way of partitions too; then goes back.
func TestLaw2Field20EveryKindOfWrite(t *testing.T) {
	t.Parallel()
	writes := []string{
		`INSERT INTO t VALUES (1000, '1800-01-01', 'far'), (1001, 'infinity', 'farther')`, // out of all ranges
		`UPDATE t SET at = at + 31 WHERE id BETWEEN 10 AND 40`,                            // rows move between partitions
		`UPDATE t SET id = id + 500 WHERE id BETWEEN 20 AND 25`,
		`BEGIN; UPDATE t SET v = 'x' WHERE id = 1; UPDATE t SET v = 'v1' WHERE id = 2; COMMIT`,
		`BEGIN; DELETE FROM t WHERE id = 3; INSERT INTO t VALUES (3, '2026-03-03', 'again'); COMMIT`,
		`SET session_replication_role = replica; UPDATE t SET at = at - 31, v = v || 'r' WHERE id = 5; RESET session_replication_role`,
		`BEGIN ISOLATION LEVEL SERIALIZABLE; UPDATE t SET at = '2026-02-28' WHERE id = 6; DELETE FROM t WHERE id = 7; COMMIT`,
		`BEGIN; SAVEPOINT a; TRUNCATE t; ROLLBACK TO a; COMMIT`,
		`DELETE FROM t WHERE id = 8`,
	}
	truncate := `TRUNCATE t; INSERT INTO t SELECT g, '2026-03-01', 'later' || g FROM generate_series(1, 20) g`
	for _, until := range []stages.Name{stages.Setup, stages.Backfill, stages.SyncSchema, stages.Replay, stages.Verify, stages.Swap} {
		for _, sql := range []string{"", truncate} {
			t.Run(string(until)+sql, func(t *testing.T) {
				t.Parallel()
				takeTurn(t)
				dsn := pgtest.Database(t)
				conn := pgtest.Connect(t, dsn, partitionTable...)
				before := pgtest.CatalogSnapshot(t, conn)
				env := newEnv(t, dsn)
				req := request(t, conn, "t", byMonth)
				job := runTo(t, env, req, until)
				list := append(slices.Clone(writes), sql)
				if job.Swapped {
					list = append(list, `TRUNCATE t_p2026_03`, `UPDATE t_p2026_02 SET v = v || ' by partition'`, `DELETE FROM t_pdefault WHERE id = 1000`)
				}
				for _, sql := range list {
					_, err := conn.Exec(t.Context(), sql, pgx.QueryExecModeSimpleProtocol)
					require.NoError(t, err, sql)
				}
				want := pgtest.Rows(t, conn, `SELECT * FROM t ORDER BY id`)
				if !job.Swapped {
					job = runTo(t, env, req, stages.Swap)
					require.Equal(t, want, pgtest.Rows(t, conn, `SELECT * FROM t ORDER BY id`))
					require.Positive(t, pgtest.Count(t, conn, `SELECT count(*) FROM t_p2026_03`))
				}
				job = revert(t, env, job)
				require.Equal(t, want, pgtest.Rows(t, conn, `SELECT * FROM t ORDER BY id`))
				require.NoError(t, stages.Reset(t.Context(), env, job))
				pgtest.RequireSameCatalog(t, before, pgtest.CatalogSnapshot(t, conn))
				requireNoTraces(t, conn)
			})
		}
	}
}

// TestLaw9Field20PartitionsOfOthers: whoever adds, detaches or drops a
// partition, or switches its triggers off, is noticed before going back.
func TestLaw9Field20PartitionsOfOthers(t *testing.T) {
	t.Parallel()
	for name, sql := range map[string]string{
		"detached": `ALTER TABLE t DETACH PARTITION t_p2026_02`, "dropped": `DROP TABLE t_p2026_02`,
		"added":        `CREATE TABLE mine PARTITION OF t FOR VALUES FROM ('2100-01-01') TO ('2100-02-01')`,
		"switched off": `ALTER TABLE t_p2026_02 DISABLE TRIGGER ALL`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			takeTurn(t)
			dsn := pgtest.Database(t)
			conn := pgtest.Connect(t, dsn, partitionTable...)
			env := newEnv(t, dsn)
			job := runTo(t, env, request(t, conn, "t", byMonth), stages.Swap)
			pgtest.Exec(t, conn, sql)
			_, err := stages.RevertSwap(t.Context(), env, job)
			require.ErrorAs(t, err, new(*stages.ChangedError))
			require.NoError(t, stages.Erase(t.Context(), env, job))
			requireNoTraces(t, conn)
		})
	}
}

// TestLaw3Field20TamperedPartition: verify compares partitions too, and the
// swap sees that one was rewritten since.
func TestLaw3Field20TamperedPartition(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn, partitionTable...)
	env := newEnv(t, dsn)
	req := request(t, conn, "t", byMonth)
	job := runTo(t, env, req, stages.Verify)
	pgtest.Exec(t, conn, `UPDATE `+standby(job)+` SET v = 'by hand' WHERE id = 50`)
	_, err := stages.Run(t.Context(), env, req, stages.Swap)
	different := new(stages.DifferentError)
	require.ErrorAs(t, err, &different)
	require.Equal(t, "50", different.Differences[0].Key)
}

// TestField20UniquenessIsNotDropped: what partitions can't keep unique is
// refused, by plan and by run, and given up only by name.
func TestField20UniquenessIsNotDropped(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn, partitionTable...)
	pgtest.Exec(t, conn, `CREATE UNIQUE INDEX lower_v ON t (lower(v))`)
	before := pgtest.CatalogSnapshot(t, conn)
	clause := []string{"--partition-by", "RANGE (at) INTERVAL 1 month"}
	for _, command := range []string{"plan", "run"} {
		stdout, stderr, code := repave(t, dsn, append([]string{command, "t"}, clause...)...)
		require.Equal(t, 3, code, stderr)
		for _, name := range []string{"t_pkey", "t_v_key", "lower_v"} {
			require.Contains(t, stdout+stderr, "--drop-constraint "+name)
		}
	}
	pgtest.RequireSameCatalog(t, before, pgtest.CatalogSnapshot(t, conn))
	drops := append(slices.Clone(clause), "--drop-constraint", "t_pkey", "--drop-constraint=t_v_key", "--drop-constraint", "lower_v")
	stdout, stderr, code := repave(t, dsn, append([]string{"plan", "t"}, drops...)...)
	require.Zero(t, code, stderr)
	require.Contains(t, stdout, "PARTITION BY RANGE")
	require.Contains(t, stdout, "t_p2026_02")
	mustRepave(t, dsn, append([]string{"run", "t", "--cleanup"}, drops...)...)
	require.Equal(t, 100, pgtest.Count(t, conn, `SELECT count(*) FROM t`))
	require.Equal(t, 28, pgtest.Count(t, conn, `SELECT count(*) FROM t_p2026_02`))
	require.Equal(t, 0, pgtest.Count(t, conn, `SELECT count(*) FROM t_pdefault`))
	requireNoTraces(t, conn)
}

// TestField20ClausesAreRefused: what can't be is said before anything is done.
func TestField20ClausesAreRefused(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn, partitionTable...)
	pgtest.Exec(t, conn, `CREATE TABLE t_pdefault (id int)`)
	for _, test := range []struct {
		code       int
		says, flag string
		more       []string
	}{
		{2, "neither RANGE", "at BY month", nil},
		{2, "INTERVAL", "RANGE (at)", nil},
		{1, "no column \"nope\"", "RANGE (nope) INTERVAL 1 day", nil},
		{1, "\"id\" is integer", "RANGE (id) INTERVAL 1 day", []string{"--drop-constraint", "t_v_key"}},
		{1, "more than 1000", "RANGE (id) WIDTH 1", []string{"--drop-constraint", "t_v_key", "--partitions-ahead", "1000"}},
		{1, "RANGE takes", "RANGE (v) WIDTH 1", []string{"--drop-constraint", "t_pkey"}},
		{1, "\"t_pdefault\" already", "RANGE (id) WIDTH 10", []string{"--drop-constraint", "t_v_key"}},
		{1, "no such constraint", "RANGE (id) WIDTH 10", []string{"--drop-constraint", "nope"}},
		{2, "where nothing is partitioned", "", []string{"--partitions-ahead", "3"}},
	} {
		args := append([]string{"run", "t"}, test.more...)
		if test.flag != "" {
			args = append(args, "--partition-by", test.flag)
		}
		_, stderr, code := repave(t, dsn, args...)
		require.Equal(t, test.code, code, stderr)
		require.Contains(t, stderr, test.says)
		require.Contains(t, stderr, "hint: ", stderr)
	}
	require.Equal(t, 0, pgtest.Count(t, conn, `SELECT count(*) FROM repave.job`))
}

// TestLaw1Field20MovesAreNoDeletesToChildren: an UPDATE that moves a row to
// another partition does to children what it did before, or the foreign key is
// refused (before PostgreSQL 15 it would delete them).
func TestLaw1Field20MovesAreNoDeletesToChildren(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn, `CREATE TABLE t (id int PRIMARY KEY)`, `INSERT INTO t SELECT generate_series(1, 50)`,
		`CREATE TABLE child (t_id int REFERENCES t ON UPDATE CASCADE ON DELETE CASCADE)`, `INSERT INTO child SELECT id FROM t`)
	_, stderr, code := repave(t, dsn, "run", "t", "--partition-by", "HASH (id) 4", "--cleanup")
	if pgtest.ServerVersion(t, conn) < 15 {
		require.Equal(t, 3, code, stderr)
		require.Contains(t, stderr, "child_t_id_fkey")
	} else {
		require.Zero(t, code, stderr)
	}
	pgtest.Exec(t, conn, `UPDATE t SET id = id + 1000`)
	require.Equal(t, 50, pgtest.Count(t, conn, `SELECT count(*) FROM child WHERE t_id > 1000`))
}

// TestLaw5Field20WithOtherChanges: partitioning goes with columns that are
// renamed, retyped, dropped, and computed, by a role that is no superuser.
func TestLaw5Field20WithOtherChanges(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn)
	role, own := plainRole(t, dsn, conn, `
		CREATE TABLE t (first int, id int PRIMARY KEY, second int, place text, at text, third int CHECK (third > 0));
		INSERT INTO t SELECT g, g, g, 'p' || g % 3, '2026-0' || (1 + g % 9) || '-11', g FROM generate_series(1, 90) g;
		UPDATE t SET place = NULL WHERE id = 90; ALTER TABLE t OWNER TO $r_owner`)
	for _, test := range [][]string{
		{"LIST (location)", "--alter", "RENAME place TO location", "--alter", "DROP first, DROP second, ALTER third TYPE bigint", "--drop-constraint", "t_pkey"},
		{"RANGE (day) INTERVAL 1 quarter", "--alter", "DROP first, ADD day date", "--using", "day=at::date", "--drop-constraint", "t_pkey"},
		{"HASH (id) 3", "--pk-bigint", "--alter", "DROP first"},
	} {
		args := append([]string{"t", "--partition-by"}, test...)
		mustRepave(t, own, append([]string{"run"}, args...)...)
		require.Equal(t, 89, pgtest.Count(t, conn, `SELECT count(*) FROM t WHERE third = id AND id < 90`))
		require.Equal(t, []string{role + "_owner"}, pgtest.Rows(t, conn, `SELECT DISTINCT relowner::regrole FROM pg_class
			WHERE relname ~ '^t_p' AND relkind = 'r'`))
		pgtest.Exec(t, conn, `UPDATE t SET third = third + 1 WHERE id = 5`)
		mustRepave(t, own, "revert-swap", "t")
		require.Equal(t, []string{"5|6"}, pgtest.Rows(t, conn, `SELECT first, third FROM t WHERE id = 5`))
		pgtest.Exec(t, conn, `UPDATE t SET third = third - 1 WHERE id = 5`)
		mustRepave(t, own, "reset", "t", "--yes")
	}
	requireNoTraces(t, conn)
}

// TestLaw5Field20SubscribersAreNotSurprised: a publication would name the
// partitions to its subscribers instead of the table; views follow.
func TestLaw5Field20SubscribersAreNotSurprised(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn, `CREATE TABLE t (id int PRIMARY KEY, v text)`, `INSERT INTO t SELECT g, g FROM generate_series(1, 50) g`,
		`CREATE VIEW v AS SELECT v FROM t WHERE id > 0 GROUP BY id`, `CREATE MATERIALIZED VIEW m AS SELECT count(*) FROM t`,
		`CREATE STATISTICS s ON id, v FROM t`, `CREATE PUBLICATION p FOR TABLE t`)
	_, stderr, code := repave(t, dsn, "run", "t", "--partition-by", "HASH (id) 4", "--cleanup")
	require.Equal(t, 3, code, stderr)
	require.Contains(t, stderr, `publication "p" would give its subscribers changes under the names of partitions`)
	pgtest.Exec(t, conn, `ALTER PUBLICATION "p" SET (publish_via_partition_root)`)
	mustRepave(t, dsn, "run", "t", "--partition-by", "HASH (id) 4", "--cleanup")
	require.Equal(t, 50, pgtest.Count(t, conn, `SELECT count(*) FROM v`))
	pgtest.Exec(t, conn, `REFRESH MATERIALIZED VIEW m`)
	require.Equal(t, 50, pgtest.Count(t, conn, `SELECT count FROM m`))
	require.Equal(t, 1, pgtest.Count(t, conn, `SELECT count(*) FROM pg_statistic_ext WHERE stxrelid = 't'::regclass`))
	require.Equal(t, []string{"t"}, pgtest.Rows(t, conn, `SELECT tablename FROM pg_publication_tables WHERE pubname = 'p'`))
}
