package stages_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

// TestRowsComeToLieInOrder walks along an index on two columns, one of them
// descending read backwards, with one worker: then the order is exact.
func TestRowsComeToLieInOrder(t *testing.T) {
	t.Parallel()
	for name, index := range map[string]string{
		"ascending":  `CREATE INDEX ON item (day, "No")`,
		"descending": `CREATE INDEX ON item (day DESC, "No" DESC)`,
		"longer":     `CREATE INDEX ON item (day, "No", id) INCLUDE (pad)`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dsn := pgtest.Database(t)
			conn := pgtest.Connect(t, dsn, `CREATE TABLE item (id int PRIMARY KEY, day date NOT NULL, "No" text NOT NULL, pad text)`,
				`INSERT INTO item SELECT g, '2024-01-01'::date + (g * 7919) % 300, 'n' || (g * 31) % 1000, repeat('x', 100) FROM generate_series(1, 20000) g`,
				index)
			env := newEnv(t, dsn)
			env.Options.Workers = 1
			req := request(t, conn, "item", func(s *registry.Spec) {
				s.Tables[0].Change.OrderBy = []string{"day", "No"}
				s.Tables[0].Change.Alter = []string{`RENAME day TO date`}
			})
			job, err := stages.Run(t.Context(), env, req, stages.Swap)
			require.NoError(t, err)
			require.Greater(t, pgtest.Count(t, conn, `SELECT count(*) FROM repave.batch`), 1)
			require.Equal(t, 20000, pgtest.Count(t, conn, `SELECT count(*) FROM item`))
			require.Zero(t, pgtest.Count(t, conn, `SELECT count(*) FROM
				(SELECT (date, "No") < lag((date, "No")) OVER (ORDER BY ctid) AS broken FROM item) q WHERE broken`))
			require.NoError(t, stages.Erase(t.Context(), env, job))
			requireNoTraces(t, conn)
		})
	}
}

// TestAnOrderSurvivesEverything: rows move ahead of and behind the walk, appear
// and vanish, and the table is rewritten by somebody else, in the middle of it.
func TestAnOrderSurvivesEverything(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn, `CREATE TABLE item (id int PRIMARY KEY, k int NOT NULL, v int)`,
		`CREATE INDEX ON item (k)`, `INSERT INTO item SELECT g, (g * 7919) % 1009, g FROM generate_series(1, 30000) g`)
	env := newEnv(t, dsn)
	env.Options.MaxRate = 20000 // so that the writes fall into the walk
	env.Options.BatchTime = 5 * time.Millisecond
	req := request(t, conn, "item", func(s *registry.Spec) {
		s.Tables[0].Change.OrderBy, s.Tables[0].Change.OptimizeColumns = []string{"k"}, true
		s.Tables[0].Change.Alter = []string{"ALTER v TYPE bigint"}
	})
	done := make(chan error, 1)
	go func() {
		_, err := stages.Run(t.Context(), env, req, stages.Swap)
		done <- err
	}()
	copied := func() int64 {
		job, err := env.Registry.Find(t.Context(), env.Target, req.Spec.Tables[0].Name)
		if errors.Is(err, registry.ErrNotFound) {
			return 0
		}
		require.NoError(t, err)
		progress, err := env.Registry.Progress(t.Context(), env.Target, job.ID)
		require.NoError(t, err)
		return progress.Rows
	}
	require.Eventually(t, func() bool { return copied() > 2000 }, 20*time.Second, time.Millisecond)
	for i := range 60 {
		pgtest.Exec(t, conn, `UPDATE item SET k = (k + 500) % 1009, v = -v WHERE id % 60 = $1`, i)
		pgtest.Exec(t, conn, `DELETE FROM item WHERE id = $1`, 100*i+1)
		pgtest.Exec(t, conn, `INSERT INTO item VALUES ($1, $2, 0)`, 50000+i, i*17%1009)
		if i == 20 {
			pgtest.Exec(t, conn, `VACUUM FULL item`)
		}
	}
	require.NoError(t, <-done, "verify compares every row")
	job, err := env.Registry.Find(t.Context(), env.Target, req.Spec.Tables[0].Name)
	require.NoError(t, err)
	require.True(t, job.Swapped)
	require.Equal(t, 30000, pgtest.Count(t, conn, `SELECT count(*) FROM item`))
	require.Equal(t, 60, pgtest.Count(t, conn, `SELECT count(*) FROM item WHERE id >= 50000`))
	job, err = stages.RevertSwap(t.Context(), env, job)
	require.NoError(t, err)
	require.NoError(t, stages.Reset(t.Context(), env, job))
	requireNoTraces(t, conn)
}

// TestAnOrderNeedsAnIndex refuses what can't be walked, with the cure; the cure works.
func TestAnOrderNeedsAnIndex(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn, `CREATE TABLE item (id int PRIMARY KEY, "A b" int NOT NULL, b text NOT NULL, n int)`,
		`CREATE INDEX ON item (n)`, `CREATE INDEX ON item ("A b", b DESC)`, `CREATE INDEX ON item (b, "A b") WHERE n > 0`,
		`CREATE INDEX ON item (b text_pattern_ops, "A b")`, `CREATE INDEX ON item USING hash ("A b")`,
		`INSERT INTO item SELECT g, g, g, g FROM generate_series(1, 100) g`)
	env := newEnv(t, dsn)
	for _, test := range []struct{ columns, problem, cure string }{
		{"nosuch", "there is no column nosuch", "name columns of the table"},
		{"n", "column n may be null", `ALTER TABLE public.item ALTER COLUMN n SET NOT NULL`},
		{"b", "no index", `CREATE INDEX CONCURRENTLY ON public.item (b)`},
		{"A b,b", "no index", `CREATE INDEX CONCURRENTLY ON public.item ("A b", b)`},
	} {
		req := request(t, conn, "item", func(s *registry.Spec) { s.Tables[0].Change.OrderBy = split(test.columns) })
		plans, err := stages.Plan(t.Context(), env, req)
		require.NoError(t, err)
		require.Len(t, plans[0].Findings, 1, test.columns)
		require.Contains(t, plans[0].Findings[0].Problem, test.problem)
		require.Contains(t, plans[0].Findings[0].Cure, test.cure)
		_, err = stages.Run(t.Context(), env, req, stages.Swap)
		var refused *stages.RefusedError
		require.ErrorAs(t, err, &refused)
		if test.problem == "no index" {
			pgtest.Exec(t, conn, plans[0].Findings[0].Cure)
			plans, err = stages.Plan(t.Context(), env, req)
			require.NoError(t, err)
			require.Empty(t, plans[0].Findings)
		}
	}
}

func split(columns string) []string {
	if columns == "A b,b" {
		return []string{"A b", "b"}
	}
	return []string{columns}
}

// TestARowOfAnOrderThatDoesNotFitIsNamed, and once it is corrected the job goes on where it was.
func TestARowOfAnOrderThatDoesNotFitIsNamed(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn, `CREATE TABLE item (id int PRIMARY KEY, n bigint)`,
		`INSERT INTO item SELECT g, g FROM generate_series(1, 5000) g`, `UPDATE item SET n = 3000000000 WHERE id = 4321`)
	env := newEnv(t, dsn)
	req := request(t, conn, "item", func(s *registry.Spec) {
		s.Tables[0].Change.OrderBy, s.Tables[0].Change.Alter = []string{"id"}, []string{`ALTER n TYPE int`}
	})
	_, err := stages.Run(t.Context(), env, req, stages.Swap)
	var row *stages.RowError
	require.ErrorAs(t, err, &row)
	require.Equal(t, "4321", row.Key)
	pgtest.Exec(t, conn, `UPDATE item SET n = 1 WHERE id = 4321`)
	job, err := stages.Run(t.Context(), env, req, stages.Swap)
	require.NoError(t, err)
	require.NoError(t, stages.Erase(t.Context(), env, job))
	requireNoTraces(t, conn)
}
