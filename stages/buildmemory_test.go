package stages_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/tests/pgtest"
)

// TestSortMemoryOnlyLowers: a build sorts in runs that fit into caches, and never takes more than the server allows.
func TestSortMemoryOnlyLowers(t *testing.T) {
	t.Parallel()
	conn := pgtest.Connect(t, pgtest.Database(t), "CREATE TABLE t AS SELECT i FROM generate_series(1, 1000) AS i")
	for server, want := range map[string]string{"8MB": "8MB", "16MB": "16MB", "1GB": "16MB"} {
		tx, err := conn.Begin(t.Context())
		require.NoError(t, err)
		_, err = sqltmpl.SetLocal{Name: "maintenance_work_mem", Value: server}.Statement().Exec(t.Context(), tx)
		require.NoError(t, err)
		_, err = sqltmpl.SortMemory{Table: "public.t"}.Statement().Exec(t.Context(), tx)
		require.NoError(t, err)
		var is string
		require.NoError(t, tx.QueryRow(t.Context(), "SHOW maintenance_work_mem").Scan(&is))
		require.Equal(t, want, is, "server's: %s", server)
		require.NoError(t, tx.Rollback(t.Context()))
	}
}
