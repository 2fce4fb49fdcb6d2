package laws_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

var tamperTable = []string{
	`CREATE TABLE t (id int PRIMARY KEY, v text NOT NULL, n numeric)`, `CREATE INDEX t_v ON t (v)`,
	`INSERT INTO t SELECT g, 'v' || g, g FROM generate_series(1, 500) g`,
	`CREATE TABLE elsewhere (id int)`,
}

// TestLaw3TamperedShadow: whatever is done to the shadow by hand, verify names
// the key and the swap does not happen.
func TestLaw3TamperedShadow(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ sql, key string }{
		"a row changed":          {`UPDATE %s SET v = 'by hand' WHERE id = 77`, "77"},
		"a row deleted":          {`DELETE FROM %s WHERE id = 78`, "78"},
		"a row added":            {`INSERT INTO %s VALUES (9999, 'by hand', 1)`, "9999"},
		"a scale changed":        {`UPDATE %s SET n = 79.00 WHERE id = 79`, "79"},
		"a value made unknown":   {`UPDATE %s SET n = NULL WHERE id = 80`, "80"},
		"two values exchanged":   {`UPDATE %s SET n = 163 - n WHERE id IN (81, 82)`, "81"},
		"a key changed for free": {`UPDATE %s SET id = -83 WHERE id = 83`, "-83"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			takeTurn(t)
			dsn := pgtest.Database(t)
			conn := pgtest.Connect(t, dsn, tamperTable...)
			env := newEnv(t, dsn)
			req := request(t, conn, "t", nil)
			job := runTo(t, env, req, stages.Verify)
			pgtest.Exec(t, conn, fmt.Sprintf(test.sql, standby(job)))
			// It had been verified before; the swap has to prove it again.
			_, stderr, code := repave(t, dsn, "swap", "t")
			require.Equal(t, 4, code, stderr)
			require.Contains(t, stderr, "key "+test.key+":")
			_, _, code = repave(t, dsn, "verify", "t")
			require.Equal(t, 4, code)
			_, err := stages.Run(t.Context(), env, req, stages.Swap)
			different := new(stages.DifferentError)
			require.ErrorAs(t, err, &different)
			require.NotEmpty(t, different.Differences)
			require.False(t, pgtest.Value[bool](t, conn, `SELECT swapped FROM repave.job`))
			mustRepave(t, dsn, "reset", "t", "--yes")
			requireNoTraces(t, conn)
			mustRepave(t, dsn, "run", "t", "--cleanup")
			require.Equal(t, 500, pgtest.Count(t, conn, `SELECT count(*) FROM t WHERE v = 'v' || id AND n = id`))
		})
	}
}

// TestLaw3EqualIsNotTheSame: what a collation holds for equal is a difference all the same.
func TestLaw3EqualIsNotTheSame(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn, `CREATE COLLATION alike (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`,
		`CREATE TABLE t (id int PRIMARY KEY, v text COLLATE alike)`, `INSERT INTO t SELECT g, 'v' || g FROM generate_series(1, 100) g`)
	env := newEnv(t, dsn)
	job := runTo(t, env, request(t, conn, "t", nil), stages.Verify)
	pgtest.Exec(t, conn, fmt.Sprintf(`UPDATE %s SET v = 'V77' WHERE id = 77`, standby(job)))
	_, stderr, code := repave(t, dsn, "swap", "t")
	require.Equal(t, 4, code, stderr)
	require.Contains(t, stderr, "key 77: differs")
	mustRepave(t, dsn, "reset", "t", "--yes")
	requireNoTraces(t, conn)
}

// TestLaw3TamperedOldTable: the same, between the swap and a revert-swap.
func TestLaw3TamperedOldTable(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn, tamperTable...)
	env := newEnv(t, dsn)
	job := runTo(t, env, request(t, conn, "t", nil), stages.Swap)
	pgtest.Exec(t, conn, `UPDATE `+standby(job)+` SET v = 'by hand' WHERE id = 77`)
	pgtest.Exec(t, conn, `UPDATE t SET v = 'later' WHERE id = 78`)
	_, stderr, code := repave(t, dsn, "revert-swap", "t")
	require.Equal(t, 4, code, stderr)
	require.Contains(t, stderr, "key 77:")
	require.Equal(t, 1, pgtest.Count(t, conn, `SELECT count(*) FROM t WHERE id = 78 AND v = 'later'`))
	require.True(t, pgtest.Value[bool](t, conn, `SELECT swapped FROM repave.job`))
	mustRepave(t, dsn, "cleanup", "t", "--yes")
	requireNoTraces(t, conn)
}

// TestLaw3And9TamperedJob: whatever is done to the table or to what repave put
// there, the next command says so and nothing is swapped; reset clears up.
// Field row 11 is the added column.
func TestLaw3And9TamperedJob(t *testing.T) {
	t.Parallel()
	const job1 = "repave.repave_1_1_"
	for name, test := range map[string]struct {
		sql  []string
		says string
		undo string
	}{
		"trigger dropped":      {sql: []string{`DROP TRIGGER repave_1_1_row ON t`}, says: "triggers"},
		"truncate trigger":     {sql: []string{`DROP TRIGGER repave_1_1_truncate ON t`}, says: "triggers"},
		"trigger disabled":     {sql: []string{`ALTER TABLE t DISABLE TRIGGER repave_1_1_row`}, says: "triggers"},
		"off and on again":     {sql: []string{`ALTER TABLE t DISABLE TRIGGER ALL`, `UPDATE t SET v = 'missed' WHERE id = 3`, `ALTER TABLE t ENABLE TRIGGER ALL`}, says: "triggers"},
		"shadow dropped":       {sql: []string{`DROP TABLE ` + job1 + `shadow`}, says: "gone"},
		"log dropped":          {sql: []string{`DROP TABLE ` + job1 + `log`}, says: "gone"},
		"column added":         {sql: []string{`ALTER TABLE t ADD extra int DEFAULT 1`}, says: "extra", undo: `ALTER TABLE t DROP extra`},
		"column dropped":       {sql: []string{`ALTER TABLE t DROP n`}, says: "n"},
		"column retyped":       {sql: []string{`ALTER TABLE t ALTER n TYPE float8`}, says: "n"},
		"column renamed":       {sql: []string{`ALTER TABLE t RENAME n TO m`}, says: "m", undo: `ALTER TABLE t RENAME m TO n`},
		"index added":          {sql: []string{`CREATE INDEX late ON t (n)`}, says: "late", undo: `DROP INDEX late`},
		"index dropped":        {sql: []string{`DROP INDEX t_v`}, says: "t_v", undo: `CREATE INDEX t_v ON t (v)`},
		"check added":          {sql: []string{`ALTER TABLE t ADD CONSTRAINT late CHECK (n < 1000)`}, says: "late", undo: `ALTER TABLE t DROP CONSTRAINT late`},
		"foreign key to it":    {sql: []string{`ALTER TABLE elsewhere ADD CONSTRAINT late FOREIGN KEY (id) REFERENCES t`}, says: "late", undo: `ALTER TABLE elsewhere DROP CONSTRAINT late`},
		"table renamed":        {sql: []string{`ALTER TABLE t RENAME TO moved`}, says: "name", undo: `ALTER TABLE moved RENAME TO t`},
		"another in its place": {sql: []string{`ALTER TABLE t RENAME TO moved`, `CREATE TABLE t (id int PRIMARY KEY)`}, says: "name", undo: `DROP TABLE t; ALTER TABLE moved RENAME TO t`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			takeTurn(t)
			template := pgtest.Database(t)
			conn := pgtest.Connect(t, template, tamperTable...)
			before := pgtest.CatalogSnapshot(t, conn)
			env := newEnv(t, template)
			req := request(t, conn, "t", nil)
			var after []string
			for _, until := range []stages.Name{stages.Setup, stages.Replay} {
				runTo(t, env, req, until)
				env.Source.Close()
				require.NoError(t, conn.Close(t.Context()))
				after = append(after, pgtest.Clone(t, template))
				conn, env = pgtest.Connect(t, template), newEnv(t, template)
			}
			for i, dsn := range after {
				conn, env := pgtest.Connect(t, dsn), newEnv(t, dsn)
				for _, sql := range test.sql {
					pgtest.Exec(t, conn, sql)
				}
				tampered := pgtest.CatalogSnapshot(t, conn)
				rows := pgtest.Count(t, conn, `SELECT count(*) FROM repave.job WHERE NOT swapped`)
				require.Equal(t, 1, rows)
				_, err := stages.Run(t.Context(), env, req, stages.Swap)
				changed := new(stages.ChangedError)
				require.ErrorAs(t, err, &changed, "after %d", i)
				require.Contains(t, err.Error(), test.says)
				require.NotEmpty(t, changed.Hint())
				require.Equal(t, 1, pgtest.Count(t, conn, `SELECT count(*) FROM repave.job WHERE NOT swapped`))
				pgtest.RequireSameCatalog(t, tampered, pgtest.CatalogSnapshot(t, conn))
				if test.undo != "" {
					// Undone, as the hint says, the job goes on.
					_, err := conn.Exec(t.Context(), test.undo)
					require.NoError(t, err)
					if i == 1 && name != "column added" {
						runTo(t, env, req, stages.Cleanup)
						requireNoTraces(t, conn)
						continue
					}
				}
				job, err := env.Registry.Find(t.Context(), env.Target, req.Spec.Tables[0].Name)
				require.NoError(t, err)
				require.NoError(t, stages.Reset(t.Context(), env, job))
				requireNoTraces(t, conn)
				if test.undo != "" {
					got := pgtest.CatalogSnapshot(t, conn)
					pgtest.RequireSameCatalog(t, before, withoutFunction(got))
				}
			}
		})
	}
}

// withoutFunction leaves the function out that one of the tests makes.
func withoutFunction(snapshot map[string]string) map[string]string {
	for key := range snapshot {
		if len(key) > 20 && key[:20] == "function public.f():" {
			delete(snapshot, key)
		}
	}
	return snapshot
}

// TestLaw9RewritesDuringBackfill: VACUUM FULL, CLUSTER and TRUNCATE move rows
// without a change that a trigger sees; the backfill begins again.
func TestLaw9RewritesDuringBackfill(t *testing.T) {
	t.Parallel()
	for name, sql := range map[string]string{
		"VACUUM FULL": `VACUUM FULL t`, "CLUSTER": `CLUSTER t`, "TRUNCATE": `TRUNCATE t`,
		"ALTER": `ALTER TABLE t SET UNLOGGED`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			takeTurn(t)
			dsn := pgtest.Database(t)
			conn := pgtest.Connect(t, dsn, tamperTable...)
			pgtest.Exec(t, conn, `INSERT INTO t SELECT g, repeat(md5(g::text), 8), g FROM generate_series(1001, 12000) g`)
			pgtest.Exec(t, conn, `DELETE FROM t WHERE id % 3 = 0`)
			pgtest.Exec(t, conn, `ALTER TABLE t CLUSTER ON t_v`)
			env := newEnv(t, dsn)
			env.Options.MaxRate = 6000
			env.Options.Workers = 1
			req := request(t, conn, "t", nil)
			runTo(t, env, req, stages.Setup)
			ended := make(chan error, 1)
			go func() {
				_, err := stages.Run(context.WithoutCancel(t.Context()), env, req, stages.Swap)
				ended <- err
			}()
			for range 2 {
				awaitTrue(t, conn, "copying", `SELECT sum(next_page - first_page) > 100 FROM repave.batch`)
				pgtest.Exec(t, conn, `INSERT INTO t SELECT max(id) + 1, 'between', 0 FROM t HAVING max(id) IS NOT NULL`)
				_, err := conn.Exec(t.Context(), sql)
				require.NoError(t, err)
				if name != "VACUUM FULL" {
					break
				}
			}
			if name == "TRUNCATE" {
				pgtest.Exec(t, conn, `INSERT INTO t VALUES (1, 'only', 1)`)
			}
			want := pgtest.Rows(t, conn, `SELECT * FROM t ORDER BY id`)
			err := <-ended
			if name == "ALTER" {
				require.ErrorAs(t, err, new(*stages.ChangedError))
				pgtest.Exec(t, conn, `ALTER TABLE t SET LOGGED`)
				_, err = stages.Run(t.Context(), env, req, stages.Swap)
			}
			require.NoError(t, err)
			require.Equal(t, want, pgtest.Rows(t, conn, `SELECT * FROM t ORDER BY id`))
		})
	}
}

// TestLaw3And4RegistryRowGone: without its record a job can't be gone on with; a
// new one refuses what the old one left, and says what it is.
func TestLaw3And4RegistryRowGone(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn, tamperTable...)
	mustRepave(t, dsn, "run", "t", "--until", "replay")
	pgtest.Exec(t, conn, `DELETE FROM repave.job`)
	_, stderr, code := repave(t, dsn, "run", "t")
	require.Equal(t, 3, code, stderr)
	require.Contains(t, stderr, "repave_1_1_")
	require.Equal(t, int64(500), pgtest.Exec(t, conn, `UPDATE t SET n = n + 1`), "writers are not disturbed")
	require.Equal(t, 500, pgtest.Count(t, conn, `SELECT count(*) FROM t`))
}

// TestLaw4OtherOptions: a job is gone on with only as what it was begun.
func TestLaw4OtherOptions(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn, tamperTable...)
	env := newEnv(t, dsn)
	runTo(t, env, request(t, conn, "t", bigint), stages.Backfill)
	for _, other := range []func(*registry.Spec){
		nil,
		func(s *registry.Spec) {
			s.Tables[0].Change.PKBigint, s.Tables[0].Change.Alter = true, []string{"ADD x int"}
		},
		func(s *registry.Spec) {
			s.Tables[0].Change.PKBigint, s.Tables[0].Change.Using = true, map[string]string{"v": "lower(v)"}
		},
	} {
		_, err := stages.Run(t.Context(), env, request(t, conn, "t", other), stages.Swap)
		require.ErrorAs(t, err, new(*stages.OptionsError))
	}
	_, stderr, code := repave(t, dsn, "run", "t", "--alter", "ADD x int")
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "other options")
	runTo(t, env, request(t, conn, "t", bigint), stages.Cleanup)
	require.True(t, slices.Contains(pgtest.Rows(t, conn, `SELECT DISTINCT pg_typeof(id) FROM t`), "bigint"))
}
