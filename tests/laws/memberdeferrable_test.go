package laws_test

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

// deferrables are tables below others with keys that are checked at COMMIT: a partition two levels down, and a child of a child.
var deferrables = map[string]string{
	"partition": `
CREATE TABLE top (id int, place int NOT NULL, PRIMARY KEY (id), CONSTRAINT places UNIQUE (id, place) DEFERRABLE INITIALLY DEFERRED) PARTITION BY RANGE (id);
CREATE TABLE middle PARTITION OF top FOR VALUES FROM (0) TO (100000) PARTITION BY RANGE (id);
CREATE TABLE leaf PARTITION OF middle FOR VALUES FROM (0) TO (10000);
ALTER TABLE leaf ADD CONSTRAINT "leaf's" UNIQUE (place) DEFERRABLE INITIALLY DEFERRED;
CREATE TABLE rest PARTITION OF middle DEFAULT;`,
	"child": `
CREATE TABLE top (id int NOT NULL, place int NOT NULL);
CREATE TABLE middle () INHERITS (top);
CREATE TABLE leaf (id int PRIMARY KEY, place int NOT NULL UNIQUE DEFERRABLE INITIALLY DEFERRED);
ALTER TABLE leaf INHERIT middle;`,
}

// TestLaw1And5DeferrableKeysBelowOtherTables: values change places through the tables above while the table is swapped,
// reverted and swapped again; a transaction with an older snapshot fails with 40001 rather than miss a row, whichever table
// it names; and in the end all is as it was.
//
// The writers log until the swap has its locks, and the last of it is applied under these: a row that is written then is
// invisible to older snapshots. A statement with such a snapshot finds the guard on the table that it names, as a lock on
// that is the first thing that it takes, and the swap has locked all of them before.
func TestLaw1And5DeferrableKeysBelowOtherTables(t *testing.T) {
	t.Parallel()
	for name, sql := range deferrables {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			takeTurn(t)
			dsn := pgtest.Database(t)
			conn := pgtest.Connect(t, dsn)
			_, err := conn.Exec(t.Context(), sql)
			require.NoError(t, err)
			pgtest.Exec(t, conn, `INSERT INTO leaf SELECT g, g FROM generate_series(1, 1000) g`)
			before := pgtest.CatalogSnapshot(t, conn)
			ctx, stop := context.WithCancel(t.Context())
			group, ctx := errgroup.WithContext(ctx)
			for i, table := range []string{"top", "leaf"} {
				writer := pgtest.Connect(t, dsn)
				group.Go(func() error {
					for k := 0; ctx.Err() == nil; k++ { // two values change places
						_, err := writer.Exec(context.WithoutCancel(ctx), `UPDATE `+table+` SET place = $1 - place WHERE id IN ($2, $3)`,
							600*i+301, 300*i+1+k%150, 300*i+300-k%150)
						if err != nil {
							return err
						}
					}
					return nil
				})
			}
			env := newEnv(t, dsn)
			req := request(t, conn, "leaf", nil)
			// Transactions that begin when the swap has waited for older ones, and has not all of its locks.
			old := map[string]*pgx.Conn{}
			for _, table := range []string{"top", "middle", "leaf"} {
				old[table] = pgtest.Connect(t, dsn)
			}
			env.Report = func(e stages.Event) {
				sql := `ROLLBACK; BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM pg_class LIMIT 1`
				switch {
				case strings.HasPrefix(e.Waiting, "snapshot of"): // it has to drain once more
					sql = `ROLLBACK`
				case !strings.HasPrefix(e.Unit, "checking what partition"):
					return
				}
				for _, one := range old {
					_, _ = one.Exec(t.Context(), sql)
				}
			}
			runTo(t, env, req, stages.Swap)
			env.Report = func(stages.Event) {}
			for table, one := range old {
				tag, err := one.Exec(t.Context(), `UPDATE `+table+` SET place = place WHERE id <= 600`)
				require.True(t, sqlState(err) == "40001" || err == nil && tag.RowsAffected() == 600, "silence on %s: %v %v", table, tag, err)
				pgtest.Exec(t, one, `ROLLBACK`)
			}
			job := runTo(t, env, req, stages.Swap)
			_, err = stages.RevertSwap(t.Context(), env, job)
			require.NoError(t, err)
			runTo(t, env, req, stages.Cleanup)
			stop()
			require.NoError(t, group.Wait())
			require.Equal(t, 1000, pgtest.Count(t, conn, `SELECT count(DISTINCT place) FROM top`))
			requireSameButSequences(t, before, pgtest.CatalogSnapshot(t, conn))
			requireNoTraces(t, conn)
		})
	}
}
