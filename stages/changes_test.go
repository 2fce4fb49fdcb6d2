package stages_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

// TestEveryKindOfChangeAndBack drops, renames, adds, retypes and computes
// columns in one job, writes, and goes back: what only the old table had is
// still there for rows that were there, its default for those that were not.
func TestEveryKindOfChangeAndBack(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn,
		`CREATE TABLE item (id int PRIMARY KEY, gone text DEFAULT 'gone', day text, price numeric(10,2), name varchar(20))`,
		`INSERT INTO item SELECT g, 'kept ' || g, '2024-01-' || lpad((1 + g % 28)::text, 2, '0'), g, 'n' || g FROM generate_series(1, 500) g`)
	env := newEnv(t, dsn)
	req := request(t, conn, "item", func(s *registry.Spec) {
		s.Tables[0].Change.Alter = []string{
			`DROP COLUMN gone`, `RENAME COLUMN name TO title`, `ALTER COLUMN title TYPE text`,
			`ALTER COLUMN day TYPE date USING day::date`, `ADD COLUMN cents bigint, ADD COLUMN added int NOT NULL DEFAULT 7`,
			`ADD CONSTRAINT price_positive CHECK (price > 0)`,
		}
		s.Tables[0].Change.Using = map[string]string{"cents": "(price * 100)::bigint"}
	})
	job, err := stages.Run(t.Context(), env, req, stages.Swap)
	require.NoError(t, err)
	require.Equal(t, []string{"5|2024-01-06|5.00|n5|500|7"},
		pgtest.Rows(t, conn, `SELECT id, day, price, title, cents, added FROM item WHERE id = 5`))

	pgtest.Exec(t, conn, `UPDATE item SET title = 'changed', day = '2025-12-31' WHERE id = 5`)
	pgtest.Exec(t, conn, `INSERT INTO item (id, day, price, title) VALUES (1000, '2025-01-01', 3, 'new')`)
	_, err = stages.RevertSwap(t.Context(), env, job)
	require.NoError(t, err)
	require.Equal(t, []string{"5|kept 5|2025-12-31|5.00|changed", "6|kept 6|2024-01-07|6.00|n6", "1000|gone|2025-01-01|3.00|new"},
		pgtest.Rows(t, conn, `SELECT id, gone, day, price, name FROM item WHERE id IN (5, 6, 1000) ORDER BY id`))

	// Again, with changes since in the old shape.
	pgtest.Exec(t, conn, `UPDATE item SET price = 9 WHERE id = 6`)
	job, err = stages.Run(t.Context(), env, req, stages.Swap)
	require.NoError(t, err)
	require.Equal(t, []string{"6|900"}, pgtest.Rows(t, conn, `SELECT id, cents FROM item WHERE id = 6`))
	require.NoError(t, stages.Erase(t.Context(), env, job))
	requireNoTraces(t, conn)
}

// TestARowThatDoesNotFitIsNamed narrows a column that one row is too long for,
// during the backfill and in a row written later.
func TestARowThatDoesNotFitIsNamed(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn,
		`CREATE TABLE item (id bigint PRIMARY KEY, n bigint)`,
		`INSERT INTO item SELECT g, g FROM generate_series(1, 20000) g`,
		`UPDATE item SET n = 3000000000 WHERE id = 12345`)
	env := newEnv(t, dsn)
	before := pgtest.CatalogSnapshot(t, conn)
	req := request(t, conn, "item", func(s *registry.Spec) { s.Tables[0].Change.Alter = []string{`ALTER COLUMN n TYPE int`} })
	_, err := stages.Run(t.Context(), env, req, stages.Swap)
	var row *stages.RowError
	require.ErrorAs(t, err, &row)
	require.Equal(t, "12345", row.Key)

	pgtest.Exec(t, conn, `UPDATE item SET n = 1 WHERE id = 12345`)
	job, err := stages.Run(t.Context(), env, req, stages.Verify)
	require.NoError(t, err, "corrected, the job goes on")
	pgtest.Exec(t, conn, `UPDATE item SET n = 3000000001 WHERE id = 77`)
	_, err = stages.Run(t.Context(), env, req, stages.Swap)
	var misfit *stages.MisfitError
	require.ErrorAs(t, err, &misfit)
	require.Equal(t, "77", misfit.Rows[0].Key)
	require.NoError(t, stages.Reset(t.Context(), env, job))
	pgtest.RequireSameCatalog(t, before, pgtest.CatalogSnapshot(t, conn))
}

// TestDeferrableConstraintsDrainUnderTheLock permutes deferred unique values
// while the job is under way; the table never leaves the log.
func TestDeferrableConstraintsDrainUnderTheLock(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn,
		`CREATE TABLE item (id int PRIMARY KEY, pos int UNIQUE DEFERRABLE INITIALLY DEFERRED)`,
		`INSERT INTO item SELECT g, g FROM generate_series(1, 1000) g`)
	env := newEnv(t, dsn)
	req := request(t, conn, "item", nil)
	_, err := stages.Run(t.Context(), env, req, stages.Verify)
	require.NoError(t, err)
	pgtest.Exec(t, conn, `UPDATE item SET pos = 1001 - pos`)
	job, err := stages.Run(t.Context(), env, req, stages.Swap)
	require.NoError(t, err)
	pgtest.Exec(t, conn, `UPDATE item SET pos = pos % 1000 + 1`)
	job, err = stages.RevertSwap(t.Context(), env, job)
	require.NoError(t, err)
	require.Equal(t, 1000, pgtest.Count(t, conn, `SELECT count(*) FROM item WHERE pos = (1001 - id) % 1000 + 1`))
	require.NoError(t, stages.Reset(t.Context(), env, job))
	requireNoTraces(t, conn)
}
