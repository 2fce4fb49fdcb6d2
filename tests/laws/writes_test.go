package laws_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

// writesTable has 100 rows for each of 90 keepers of keys: those of keeper k
// begin with 1000 * k, and so do their unique values.
var writesTable = []string{
	`CREATE TABLE t (id int PRIMARY KEY, u int NOT NULL UNIQUE, v text, s serial)`,
	`CREATE TABLE c (id int PRIMARY KEY, t_id int REFERENCES t)`,
	`INSERT INTO t SELECT 1000 * k + n, 1000 * k + n, repeat('v', n) FROM generate_series(0, 89) k, generate_series(1, 100) n`,
	`INSERT INTO c VALUES (1, 90)`,
	`CREATE TABLE source (id int, v text)`, `INSERT INTO source SELECT n, 'merged' FROM generate_series(1, 200) n`,
	`ANALYZE`,
}

// A write is one kind of change, to the keys from b on. A statement on its own
// is a transaction, unless a level says otherwise.
type write struct {
	name       string
	statements []string
	since      int // the version that knows it
}

// writes are all kinds of changes by SQL; $b stands for the keeper's first key.
var writes = []write{
	{"insert", []string{`INSERT INTO t VALUES ($b + 500, $b + 500, 'new')`}, 0},
	{"update", []string{`UPDATE t SET v = 'changed' WHERE id = $b + 1`}, 0},
	{"delete", []string{`DELETE FROM t WHERE id = $b + 2`}, 0},
	{"key update", []string{`UPDATE t SET id = $b + 600 WHERE id = $b + 3`}, 0},
	{"key update there and back", []string{`UPDATE t SET id = $b + 601 WHERE id = $b + 4`, `UPDATE t SET id = $b + 4 WHERE id = $b + 601`}, 0},
	{"keys of two rows are exchanged", []string{
		`UPDATE t SET id = $b + 602 WHERE id = $b + 5`, `UPDATE t SET id = $b + 5 WHERE id = $b + 6`, `UPDATE t SET id = $b + 6 WHERE id = $b + 602`,
	}, 0},
	// Field row 6: a change log with a unique key loses the second of these.
	{"delete and insert again", []string{`DELETE FROM t WHERE id = $b + 7`, `INSERT INTO t VALUES ($b + 7, $b + 7, 'again')`}, 0},
	{"insert and delete again", []string{`INSERT INTO t VALUES ($b + 501, $b + 501, 'short')`, `DELETE FROM t WHERE id = $b + 501`}, 0},
	// Field rows 8 and 9: the copy holds both rows' values for a moment.
	{"a unique value is handed over", []string{`UPDATE t SET u = $b + 700 WHERE id = $b + 8`, `UPDATE t SET u = $b + 8 WHERE id = $b + 9`}, 0},
	{"a unique value of a deleted row is taken", []string{`DELETE FROM t WHERE id = $b + 10`, `UPDATE t SET u = $b + 10 WHERE id = $b + 11`}, 0},
	{"unique values move by one", []string{`UPDATE t SET u = u + 300 WHERE id BETWEEN $b + 20 AND $b + 29`, `UPDATE t SET u = u - 299 WHERE id BETWEEN $b + 20 AND $b + 28`}, 0},
	{"COPY", []string{`COPY t (id, u, v) FROM STDIN`}, 0},
	{"session_replication_role", []string{`SET LOCAL session_replication_role = replica`, `UPDATE t SET v = 'replica' WHERE id = $b + 12`, `DELETE FROM t WHERE id = $b + 13`}, 0},
	{"a savepoint that is rolled back", []string{
		`SAVEPOINT a`, `UPDATE t SET v = 'no', u = -id WHERE id = $b + 14`, `INSERT INTO t VALUES ($b + 502, $b + 502)`, `ROLLBACK TO a`,
		`UPDATE t SET v = 'yes' WHERE id = $b + 15`, `SAVEPOINT b`, `DELETE FROM t WHERE id = $b + 16`, `RELEASE b`,
	}, 0},
	{"ON CONFLICT", []string{
		`INSERT INTO t VALUES ($b + 17, $b + 17, 'x'), ($b + 503, $b + 503, 'x') ON CONFLICT (id) DO UPDATE SET v = 'upserted', u = -excluded.u`,
		`INSERT INTO t VALUES ($b + 18, $b + 18, 'x') ON CONFLICT DO NOTHING`,
	}, 0},
	{"MERGE", []string{`MERGE INTO t USING source s ON t.id = $b + 50 + s.id AND s.id < 40
		WHEN MATCHED AND s.id % 2 = 0 THEN DELETE WHEN MATCHED THEN UPDATE SET v = s.v
		WHEN NOT MATCHED AND s.id > 190 THEN INSERT (id, u, v) VALUES ($b + 700 + s.id, $b + 700 + s.id, s.v)`}, 15},
	{"a writable CTE", []string{`WITH gone AS (DELETE FROM t WHERE id BETWEEN $b + 92 AND $b + 95 RETURNING *), more AS (
		INSERT INTO t (id, u, v) SELECT id + 700, -id, v FROM gone RETURNING id) UPDATE t SET v = 'cte' WHERE id IN (SELECT id - 704 FROM more)`}, 0},
	{"nothing", []string{`UPDATE t SET v = v WHERE id = $b + 19`}, 0},
	{"TRUNCATE that is rolled back", []string{`SAVEPOINT a`, `TRUNCATE t, c`, `INSERT INTO t VALUES ($b + 1, 1)`, `ROLLBACK TO a`}, 0},
}

// do makes a change in one transaction.
func (w write) do(t *testing.T, conn *pgx.Conn, level pgx.TxIsoLevel, first int) {
	t.Helper()
	pgtest.Exec(t, conn, "BEGIN ISOLATION LEVEL "+string(level))
	w.steps(t, conn, first)
	pgtest.Exec(t, conn, "COMMIT")
}

func (w write) steps(t *testing.T, conn *pgx.Conn, first int) {
	t.Helper()
	for _, sql := range w.statements {
		if strings.HasPrefix(sql, "COPY") {
			rows := fmt.Sprintf("%d\t%d\tcopied\n%d\t%d\tcopied\n", first+504, first+504, first+505, first+505)
			_, err := conn.PgConn().CopyFrom(t.Context(), strings.NewReader(rows), sql)
			require.NoError(t, err)
			continue
		}
		_, err := conn.Exec(t.Context(), strings.ReplaceAll(sql, "$b", fmt.Sprint(first)), pgx.QueryExecModeSimpleProtocol)
		require.NoError(t, err, "%s: %s", w.name, sql)
	}
}

// writeAll makes every kind of change at every level, each on keys of its own,
// in one transaction and in many.
func writeAll(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	version := pgtest.ServerVersion(t, conn)
	keeper := 1
	for _, w := range writes {
		if version < w.since {
			continue
		}
		for _, level := range pgtest.Levels {
			w.do(t, conn, level, 1000*keeper)
			keeper++
		}
		savepoints := strings.Contains(strings.Join(w.statements, " "), "SAVEPOINT") || strings.Contains(w.statements[0], "SET LOCAL")
		if len(w.statements) > 1 && !savepoints {
			for _, sql := range w.statements {
				write{w.name, []string{sql}, 0}.do(t, conn, pgx.ReadCommitted, 1000*keeper)
			}
			keeper++
		}
	}
	require.LessOrEqual(t, keeper, 90)
}

func allRows(t *testing.T, conn *pgx.Conn) []string {
	t.Helper()
	return pgtest.Rows(t, conn, `SELECT id::text, u, v, s FROM t ORDER BY t.id`)
}

// plainAndGuarded are two ways in which the direct trigger writes: with and
// without an exception block.
var plainAndGuarded = map[string]func(*registry.Spec){
	"plain": nil,
	"guarded": func(s *registry.Spec) {
		s.Tables[0].Change.Alter = []string{"ADD extra int DEFAULT 7", "ALTER id TYPE bigint"}
	},
}

// atEveryStage calls change while a job on t is between two stages, takes the
// job to its swap, or back after it, and requires that the table is the same.
func atEveryStage(t *testing.T, change func(t *testing.T, conn *pgx.Conn)) {
	t.Helper()
	t.Parallel()
	for name, spec := range plainAndGuarded {
		for _, until := range []stages.Name{stages.Setup, stages.SyncSchema, stages.Replay, stages.Verify, stages.Swap} {
			t.Run(fmt.Sprintf("%s, after %s", name, until), func(t *testing.T) {
				t.Parallel()
				takeTurn(t)
				dsn := pgtest.Database(t)
				conn := pgtest.Connect(t, dsn, writesTable...)
				env := newEnv(t, dsn)
				req := request(t, conn, "t", spec)
				job := runTo(t, env, req, until)
				change(t, conn)
				want := allRows(t, conn)
				var err error
				if job.Swapped {
					job, err = stages.RevertSwap(t.Context(), env, job)
					require.NoError(t, err)
					require.Equal(t, want, allRows(t, conn))
				}
				job = runTo(t, env, req, stages.Swap)
				require.Equal(t, want, allRows(t, conn))
				require.NoError(t, stages.Erase(t.Context(), env, job))
				require.Equal(t, want, allRows(t, conn))
			})
		}
	}
}

func TestLaw2EveryWriteAtEveryStage(t *testing.T) {
	atEveryStage(t, writeAll)
}

// TestLaw2Field10Truncate: TRUNCATE is captured, in a transaction with other
// writes, with RESTART IDENTITY and CASCADE.
func TestLaw2Field10Truncate(t *testing.T) {
	atEveryStage(t, func(t *testing.T, conn *pgx.Conn) {
		t.Helper()
		pgtest.Exec(t, conn, `UPDATE t SET v = 'doomed' WHERE id < 50`)
		pgtest.Exec(t, conn, `TRUNCATE t, c`)
		pgtest.Exec(t, conn, `INSERT INTO t VALUES (1, 1, 'behind it'), (2, 2, 'behind it')`)
		pgtest.Exec(t, conn, `BEGIN ISOLATION LEVEL REPEATABLE READ`)
		pgtest.Exec(t, conn, `INSERT INTO t VALUES (3, 3, 'doomed')`)
		pgtest.Exec(t, conn, `TRUNCATE t RESTART IDENTITY CASCADE`)
		pgtest.Exec(t, conn, `INSERT INTO t VALUES (1, 3, 'behind both'), (4, 4, 'behind both')`)
		pgtest.Exec(t, conn, `COMMIT`)
		pgtest.Exec(t, conn, `UPDATE t SET u = 1 WHERE id = 1`)
		require.Equal(t, []string{"1|1|behind both|1", "4|4|behind both|2"}, allRows(t, conn))
	})
}

// TestLaw2Field05OldSnapshots: a transaction whose snapshot is older than rows
// that the job wrote changes just those rows. Its trigger can't see them.
func TestLaw2Field05OldSnapshots(t *testing.T) {
	t.Parallel()
	for name, spec := range plainAndGuarded {
		for _, until := range []stages.Name{stages.Setup, stages.SyncSchema, stages.Replay, stages.Verify} {
			t.Run(fmt.Sprintf("%s, until %s", name, until), func(t *testing.T) {
				t.Parallel()
				takeTurn(t)
				dsn := pgtest.Database(t)
				conn := pgtest.Connect(t, dsn, writesTable...)
				env := newEnv(t, dsn)
				req := request(t, conn, "t", spec)
				if until == stages.Replay || until == stages.Verify {
					// These rows are in the log now; replay will write them after the snapshots below.
					runTo(t, env, req, stages.SyncSchema)
				}
				pgtest.Exec(t, conn, `UPDATE t SET v = v || 'older'`)
				pgtest.Exec(t, conn, `INSERT INTO t SELECT 1000 * k + 900 + n, -1000 * k - n, 'older' FROM generate_series(0, 89) k, generate_series(1, 9) n`)
				// Only one of them is SERIALIZABLE, as they would fail among themselves.
				var old []*pgx.Conn
				for range writes {
					old = append(old, pgtest.Connect(t, dsn, "BEGIN ISOLATION LEVEL REPEATABLE READ", "SELECT count(*) FROM source"))
				}
				old = append(old, pgtest.Connect(t, dsn, "BEGIN ISOLATION LEVEL SERIALIZABLE", "SELECT count(*) FROM source"))
				runTo(t, env, req, until)
				version := pgtest.ServerVersion(t, conn)
				for i, session := range old {
					w := writes[i%len(writes)]
					first := 1000 * (i + 1)
					if version >= w.since && !strings.HasPrefix(w.name, "TRUNCATE") {
						w.steps(t, session, first)
					}
					write{"rows that the job wrote", []string{
						`UPDATE t SET v = 'from an old snapshot' WHERE id = $b + 901`, `DELETE FROM t WHERE id = $b + 902`,
						`UPDATE t SET id = $b + 950 WHERE id = $b + 903`, `DELETE FROM t WHERE id = $b + 904`,
						`INSERT INTO t VALUES ($b + 904, $b + 904, 'again')`, `UPDATE t SET u = u - 500 WHERE id = $b + 905`,
						`UPDATE t SET u = -$b - 5 WHERE id = $b + 906`, `UPDATE t SET id = $b + 902 WHERE id = $b + 907`,
					}, 0}.steps(t, session, first)
					pgtest.Exec(t, session, "COMMIT")
				}
				want := allRows(t, conn)
				runTo(t, env, req, stages.Swap)
				require.Equal(t, want, allRows(t, conn))
				require.Equal(t, len(old), pgtest.Count(t, conn, `SELECT count(*) FROM t WHERE v = 'from an old snapshot'`))
			})
		}
	}
}

// TestLaw2PreparedTransactions: what a prepared transaction wrote before a
// stage comes in when it is committed after the stage.
func TestLaw2PreparedTransactions(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn, writesTable...)
	env := newEnv(t, dsn)
	env.Options.LockAttempts = 1
	env.Options.LockTimeout = 20_000_000
	req := request(t, conn, "t", nil)
	// Those that wait for the writers of a table must give up and leave it as it is; the others go on.
	gives := map[stages.Name]bool{stages.Setup: true, stages.Replay: true, stages.Swap: true}
	for i, stage := range stages.Order()[1:7] {
		pgtest.Exec(t, conn, "BEGIN")
		first := 1000 * (i + 1)
		for _, w := range writes[:11] {
			w.steps(t, conn, first)
		}
		gid := "p" + databaseName(t, conn)
		pgtest.Exec(t, conn, fmt.Sprintf("PREPARE TRANSACTION '%s'", gid))
		_, err := stages.Run(t.Context(), env, req, stage)
		if gives[stage] {
			require.ErrorAs(t, err, new(*stages.GaveUpError), stage)
		} else {
			require.NoError(t, err, stage)
		}
		pgtest.Exec(t, conn, fmt.Sprintf("COMMIT PREPARED '%s'", gid))
		want := allRows(t, conn)
		job := runTo(t, env, req, stage)
		require.Equal(t, want, allRows(t, conn))
		if stage == stages.Swap {
			require.True(t, job.Swapped)
		}
	}
}

func databaseName(t *testing.T, conn *pgx.Conn) string {
	t.Helper()
	return pgtest.Value[string](t, conn, "SELECT current_database()::text")
}
