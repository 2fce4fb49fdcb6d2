package laws_test

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

var monthly = []string{
	`CREATE TABLE t (id int, at int, v text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at)`,
	`CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (100)`, `CREATE TABLE t2 PARTITION OF t FOR VALUES FROM (100) TO (200)`,
	`INSERT INTO t SELECT g, g, 'v' FROM generate_series(0, 199) g`,
}

// TestLaw9PartitionsDuringAJob: whoever adds, detaches, drops or changes a
// partition during a job on the table fails nobody, and is noticed before the swap.
func TestLaw9PartitionsDuringAJob(t *testing.T) {
	t.Parallel()
	for name, sql := range map[string][]string{
		"added": {
			`CREATE TABLE t3 PARTITION OF t FOR VALUES FROM (200) TO (300)`, `INSERT INTO t VALUES (250, 250)`, `UPDATE t SET at = 251 WHERE id = 5`,
		},
		"detached": {`ALTER TABLE t DETACH PARTITION t2`}, "dropped": {`DROP TABLE t2`},
		"index": {`CREATE INDEX own ON t2 (v)`}, "default": {`ALTER TABLE t2 ALTER v SET DEFAULT 'x'`},
		"parameter": {`ALTER TABLE t2 SET (fillfactor = 50)`}, "trigger off": {`ALTER TABLE t2 DISABLE TRIGGER ALL`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			takeTurn(t)
			dsn := pgtest.Database(t)
			conn := pgtest.Connect(t, dsn, monthly...)
			env := newEnv(t, dsn)
			req := request(t, conn, "t", nil)
			job := runTo(t, env, req, stages.Verify)
			for _, s := range sql {
				pgtest.Exec(t, conn, s)
			}
			before := withoutJob(pgtest.CatalogSnapshot(t, conn))
			_, err := stages.Run(t.Context(), env, req, stages.Swap)
			require.ErrorAs(t, err, new(*stages.ChangedError))
			require.NoError(t, stages.Reset(t.Context(), env, job))
			pgtest.RequireSameCatalog(t, before, pgtest.CatalogSnapshot(t, conn))
			requireNoTraces(t, conn)
		})
	}
}

// TestLaw6And9PartitionsChangedAfterTheSwap: what somebody changes on one partition of a rewritten table keeps the way back
// from losing it: it is refused with the partition's name, until it is undone.
func TestLaw6And9PartitionsChangedAfterTheSwap(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn, append(monthly, `CREATE TABLE t3 PARTITION OF t DEFAULT PARTITION BY HASH (id)`,
		`CREATE TABLE t3a PARTITION OF t3 FOR VALUES WITH (MODULUS 1, REMAINDER 0)`)...)
	env := newEnv(t, dsn)
	job := runTo(t, env, request(t, conn, "t", nil), stages.Swap)
	for _, change := range [][3]string{
		{`CREATE INDEX own ON t2 (v)`, `DROP INDEX own`, "partition public.t2: "},
		{`ALTER TABLE t3a ALTER v SET DEFAULT 'x'`, `ALTER TABLE t3a ALTER v DROP DEFAULT`, "partition public.t3a: "},
		{`ALTER TABLE t3 ADD CONSTRAINT c CHECK (at <> -7)`, `ALTER TABLE t3 DROP CONSTRAINT c`, "partition public.t3: "},
		{`ALTER TABLE t1 SET (fillfactor = 50)`, `ALTER TABLE t1 RESET (fillfactor)`, "partition public.t1: "},
		{`GRANT SELECT ON t1 TO PUBLIC`, `REVOKE ALL ON t1 FROM PUBLIC, CURRENT_USER; GRANT ALL ON t1 TO CURRENT_USER`, "partition public.t1: "},
		{`ALTER TABLE t2 DISABLE TRIGGER ALL`, ``, "t"},
	} {
		pgtest.Exec(t, conn, change[0])
		_, err := stages.RevertSwap(t.Context(), env, job)
		require.ErrorAs(t, err, new(*stages.ChangedError), change[0])
		require.ErrorContains(t, err, change[2])
		if change[1] == "" {
			break
		}
		_, err = conn.Exec(t.Context(), change[1], pgx.QueryExecModeSimpleProtocol)
		require.NoError(t, err)
		if change[2] == "partition public.t3: " { // and there again
			revert(t, env, job)
			job = runTo(t, env, request(t, conn, "t", nil), stages.Swap)
		}
	}
	runTo(t, env, request(t, conn, "t", nil), stages.Cleanup)
	requireNoTraces(t, conn)
}

// TestLaw2WritesToWholeTree makes each kind of write at every stage.
func TestLaw2WritesToWholeTree(t *testing.T) {
	t.Parallel()
	for _, until := range []stages.Name{stages.Setup, stages.Backfill, stages.SyncSchema, stages.Replay, stages.Swap} {
		t.Run(string(until), func(t *testing.T) {
			t.Parallel()
			takeTurn(t)
			dsn := pgtest.Database(t)
			conn := pgtest.Connect(t, dsn, monthly...)
			before := pgtest.CatalogSnapshot(t, conn)
			env := newEnv(t, dsn)
			req := request(t, conn, "t", nil)
			job := runTo(t, env, req, until)
			for _, sql := range []string{
				`UPDATE t SET at = at + 100 WHERE at BETWEEN 10 AND 19`, `UPDATE t SET id = id + 500 WHERE at = 20`,
				`BEGIN; DELETE FROM t1 WHERE at = 3; INSERT INTO t VALUES (3, 3, 'again'); COMMIT`,
				`SET session_replication_role = replica; UPDATE t2 SET v = 'r' WHERE at = 150; RESET session_replication_role`,
				`TRUNCATE t1`, `INSERT INTO t1 VALUES (1, 1, 'one')`, `BEGIN; SAVEPOINT a; TRUNCATE t; ROLLBACK TO a; COMMIT`,
			} {
				_, err := conn.Exec(t.Context(), sql, pgx.QueryExecModeSimpleProtocol)
				require.NoError(t, err, sql)
			}
			want := pgtest.Rows(t, conn, `SELECT tableoid::regclass, * FROM t ORDER BY id, at`)
			if !job.Swapped {
				job = runTo(t, env, req, stages.Swap)
				require.Equal(t, want, pgtest.Rows(t, conn, `SELECT tableoid::regclass, * FROM t ORDER BY id, at`))
			}
			job = revert(t, env, job)
			require.Equal(t, want, pgtest.Rows(t, conn, `SELECT tableoid::regclass, * FROM t ORDER BY id, at`))
			require.NoError(t, stages.Reset(t.Context(), env, job))
			pgtest.RequireSameCatalog(t, before, pgtest.CatalogSnapshot(t, conn))
			requireNoTraces(t, conn)
		})
	}
}

// TestLaw5WholeTreesThatAreRefused: what a partition has of its own and can't be
// carried is refused, by its name and with a cure.
func TestLaw5WholeTreesThatAreRefused(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn, append(monthly,
		`CREATE TABLE t4 PARTITION OF t FOR VALUES FROM (300) TO (400) PARTITION BY LIST (at)`, `CREATE TABLE t4a PARTITION OF t4 DEFAULT`,
		`CREATE TABLE r (id int, at int, FOREIGN KEY (id, at) REFERENCES t1)`, `CREATE TABLE s (id int, at int, FOREIGN KEY (id, at) REFERENCES t4)`,
		`CREATE TABLE q (id int PRIMARY KEY)`, `INSERT INTO q SELECT generate_series(0, 199)`,
		`ALTER TABLE t ADD CONSTRAINT all_q FOREIGN KEY (id) REFERENCES q`, `ALTER TABLE t4 ADD FOREIGN KEY (id) REFERENCES q`,
		`CREATE FOREIGN DATA WRAPPER f`, `CREATE SERVER f FOREIGN DATA WRAPPER f`,
		`CREATE TABLE u (id int, at int, v text) PARTITION BY RANGE (at)`, `CREATE FOREIGN TABLE u1 PARTITION OF u DEFAULT SERVER f`,
		`CREATE FUNCTION whole(t2) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true'`, `CREATE INDEX ON t2 (whole(t2))`,
		`CREATE INDEX failed ON ONLY t4 (v)`)...)
	before := pgtest.CatalogSnapshot(t, conn)
	for table, says := range map[string][]string{
		"t": {
			`public.t4 has partitions itself, and foreign keys "all_q" and "t4_id_fkey" that are alike`,
			"partition public.t2: index public.t2_whole_idx uses the row as a whole", "partition public.t4: index public.failed is invalid",
		},
		"u": {"partition public.u1 is a foreign table"},
	} {
		stdout, stderr, code := repave(t, dsn, "plan", table)
		require.Equal(t, 3, code, stderr)
		for _, text := range says {
			require.Contains(t, stdout, text)
		}
	}
	for _, flags := range [][]string{{"--partition-by", "HASH (id) 3"}, {"--order-by", "id"}} {
		_, stderr, code := repave(t, dsn, append([]string{"plan", "t"}, flags...)...)
		require.Equal(t, 3, code, stderr)
	}
	pgtest.RequireSameCatalog(t, before, pgtest.CatalogSnapshot(t, conn))
	for _, sql := range []string{`DROP TABLE s, t4`, `DROP INDEX t2_whole_idx`, `ALTER TABLE t1 ADD CONSTRAINT own FOREIGN KEY (id, at) REFERENCES t2 (id, at) NOT VALID`} {
		pgtest.Exec(t, conn, sql)
	}
	_, stderr, code := repave(t, dsn, "plan", "t")
	require.Equal(t, 1, code, stderr)
	require.Contains(t, stderr, `foreign key "own" refers to public.t2, which is of the same job`)
}

// TestLaw5ChangesToWholeTree: changes reach every partition.
func TestLaw5ChangesToWholeTree(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn, monthly...)
	env := newEnv(t, dsn)
	req := request(t, conn, "t", func(s *registry.Spec) {
		s.Tables[0].Change.PKBigint = true
		s.Tables[0].Change.Alter = []string{"RENAME v TO note", "ADD w int NOT NULL DEFAULT 7, ALTER id ADD GENERATED BY DEFAULT AS IDENTITY", "ALTER id SET GENERATED ALWAYS, ALTER w SET STATISTICS 5", "SET (fillfactor = 90)", "ADD CONSTRAINT small CHECK (w < 10)"}
		s.Tables[0].Change.Using = map[string]string{"note": "upper(v)"}
	})
	runTo(t, env, req, stages.Cleanup)
	require.Equal(t, []string{"t1|100|V|7", "t2|100|V|7"}, pgtest.Rows(t, conn,
		`SELECT tableoid::regclass, count(*), min(note), max(w) FROM t GROUP BY 1 ORDER BY 1`))
	require.Equal(t, []string{"t|bigint|bigint|NULL", "t1|bigint|bigint|{fillfactor=90}", "t2|bigint|bigint|{fillfactor=90}"}, pgtest.Rows(t, conn,
		`SELECT c.relname, i.atttypid::regtype, a.atttypid::regtype, c.reloptions FROM pg_class c
		JOIN pg_attribute i ON i.attrelid = c.oid AND i.attname = 'id' JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'at'
		WHERE c.relname IN ('t', 't1', 't2') ORDER BY 1`))
	require.Equal(t, []string{"t1_pkey", "t2_pkey", "t_pkey"}, pgtest.Rows(t, conn, `SELECT relname FROM pg_class WHERE relkind IN ('i', 'I') AND relname ~ '^t' ORDER BY 1`))
	_, err := conn.Exec(t.Context(), `INSERT INTO t1 (id, at, w) OVERRIDING SYSTEM VALUE VALUES (1000, 5, 10)`)
	require.Equal(t, "23514", sqlState(err))
	requireNoTraces(t, conn)
}
