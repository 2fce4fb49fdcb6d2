package stages_test

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

func seed(t *testing.T) uint64 {
	t.Helper()
	if text := os.Getenv("REPAVE_SEED"); text != "" {
		n, err := strconv.ParseUint(text, 10, 64)
		require.NoError(t, err)
		return n
	}
	return uint64(time.Now().UnixNano())
}

// TestLaw1And2Writers runs every kind of writer at every isolation level
// through a whole job, back, and through it again: no statement may fail, and
// the table must be what they committed.
func TestLaw1And2Writers(t *testing.T) {
	t.Parallel()
	for name, levels := range map[string][]pgx.TxIsoLevel{
		"all levels": pgtest.Levels, "read committed": pgtest.Levels[:1],
		"repeatable read": pgtest.Levels[1:2], "serializable": pgtest.Levels[2:],
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dsn := pgtest.Database(t)
			conn := pgtest.Connect(t, dsn)
			_, err := conn.Exec(t.Context(), pgtest.WritersTable)
			require.NoError(t, err)
			pgtest.Exec(t, conn, `INSERT INTO parent SELECT -g, 'base-' || g, 0, g, repeat('x', 200) FROM generate_series(1, 20000) g`)
			env := newEnv(t, dsn)
			env.Options.BatchTime = 20 * time.Millisecond
			writers := pgtest.StartWriters(t, dsn, seed(t), 3, levels)
			writers.Await(t, 20)

			req := request(t, conn, "parent", func(s *registry.Spec) { s.Tables[0].Change.PKBigint = true })
			job, err := stages.Run(t.Context(), env, req, stages.Swap)
			require.NoError(t, err)
			writers.Await(t, 50)
			for range 2 {
				_, err = stages.RevertSwap(t.Context(), env, job)
				require.NoError(t, err)
				writers.Await(t, 20)
				job, err = stages.Run(t.Context(), env, req, stages.Swap)
				require.NoError(t, err)
				writers.Await(t, 20)
			}
			require.NoError(t, stages.Erase(t.Context(), env, job))
			writers.Await(t, 20)
			writers.Stop(t, conn)
			require.Equal(t, 20000, pgtest.Count(t, conn, "SELECT count(*) FROM parent WHERE owner = 0"))
			for _, s := range env.Stats.Stages {
				fmt.Fprintf(t.Output(), "%s %s %d\n", s.Stage, s.Elapsed, s.Rows)
			}
			t.Logf("longest lock hold %s, wait %s, misses %d", env.Stats.LongestHold, env.Stats.LongestWait, env.Stats.LockMisses)
		})
	}
}
