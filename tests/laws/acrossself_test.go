package laws_test

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/tests/pgtest"
)

// TestLaw5AcrossPartitionedTableThatRefersToItself: the foreign key is on the table and all of its partitions there, valid.
func TestLaw5AcrossPartitionedTableThatRefersToItself(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	c := twoClusters(t)
	source := pgtest.Connect(t, c.from)
	_, err := source.Exec(t.Context(), `CREATE TABLE threads (id int NOT NULL, at int NOT NULL, up int, up_at int, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
		CREATE TABLE threads_a PARTITION OF threads FOR VALUES FROM (MINVALUE) TO (100); CREATE TABLE threads_b PARTITION OF threads DEFAULT;
		ALTER TABLE threads ADD CONSTRAINT "the parent" FOREIGN KEY (up, up_at) REFERENCES threads;
		INSERT INTO threads SELECT g, g, nullif(g / 2, 0), nullif(g / 2, 0) FROM generate_series(1, 500) g`, pgx.QueryExecModeSimpleProtocol)
	require.NoError(t, err)
	target := pgtest.Connect(t, c.to)
	stderr, code := c.run("run", "--strategy=logical", "threads")
	require.Zero(t, code, stderr)
	require.NotContains(t, stderr, "is not moved")
	require.Equal(t, []string{"threads|t|t", "threads_a|t|f", "threads_b|t|f"}, pgtest.Rows(t, target,
		`SELECT conrelid::regclass, convalidated, conparentid = 0 FROM pg_constraint WHERE conname = 'the parent' ORDER BY 1`))
	_, err = target.Exec(t.Context(), `INSERT INTO threads VALUES (900, 900, 901, 901)`)
	require.Equal(t, "23503", sqlState(err))
	pgtest.Exec(t, target, `INSERT INTO threads VALUES (900, 900, 1, 1)`)
	c.must("revert-swap", "--yes", "threads")
	require.Equal(t, 501, pgtest.Count(t, source, `SELECT count(*) FROM threads`))
}
