package laws_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

// busy has the same keys in a table and in one of its children, whose rows the job must not take for the table's.
const busy = `
CREATE TABLE top (id int NOT NULL, n int NOT NULL DEFAULT 0);
CREATE TABLE p (PRIMARY KEY (id)) INHERITS (top);
ALTER TABLE p NO INHERIT top, INHERIT top;
CREATE TABLE c1 (PRIMARY KEY (id)) INHERITS (p);
CREATE TABLE c2 (own text, PRIMARY KEY (id)) INHERITS (p);
CREATE TABLE c3 () INHERITS (c1);
INSERT INTO p SELECT g FROM generate_series(1, 1500) g;
INSERT INTO c1 SELECT g FROM generate_series(1, 600) g;
INSERT INTO c2 SELECT g FROM generate_series(5001, 5300) g;
INSERT INTO c3 SELECT g FROM generate_series(1, 100) g;
CREATE VIEW of_p AS SELECT id, n FROM p;
`

// TestLaw1And2ChildrenUnderTraffic: applications write to a table, through it to its children, to the children
// themselves, and move rows between them, while it is swapped, reverted and swapped again. Whoever reads through it,
// through a view on it or through its own parent sees each row once, always.
//
// A query on the table locks it, then reads who its children are, then locks those. Where it stands when the swap
// comes: before the table's lock: it waits, and then finds the new table and its children. Behind it: the swap waits,
// or gives way. Who uses a child alone keeps the swap from that child's lock, which comes after the table's: it
// gives way at once. Through the table's parent: that is locked first. With a plan made before: it locks in the same
// order, and is made anew when it has the table's.
func TestLaw1And2ChildrenUnderTraffic(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn)
	_, err := conn.Exec(t.Context(), busy)
	require.NoError(t, err)
	const rows = 2500
	require.Equal(t, rows, pgtest.Count(t, conn, `SELECT count(*) FROM top`))
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var group errgroup.Group
	var added, turns atomic.Int64
	var steps []*atomic.Int64
	start := func(session *pgx.Conn, step func(ctx context.Context, conn *pgx.Conn, i int) error) {
		count := &atomic.Int64{}
		steps = append(steps, count)
		group.Go(func() error {
			for i := 0; ctx.Err() == nil; i++ {
				if err := step(context.WithoutCancel(ctx), session, i); err != nil {
					stop()
					return err
				}
				count.Add(1)
			}
			return nil
		})
	}
	for i, w := range []struct{ plan, table string }{
		{"generic", "p"}, {"custom", "ONLY p"}, {"custom", "c1"}, {"generic", "top"}, {"custom", "of_p"},
	} {
		update := `UPDATE ` + w.table + ` SET n = n + 1 WHERE id = $1`
		start(pgtest.Connect(t, dsn, `SET plan_cache_mode = force_`+w.plan+`_plan`), func(ctx context.Context, conn *pgx.Conn, turn int) error {
			tag, err := conn.Exec(ctx, update, 1+i+5*(turn%100))
			added.Add(tag.RowsAffected())
			if err == nil && tag.RowsAffected() == 0 {
				return fmt.Errorf("%s: no row", update)
			}
			return err
		})
	}
	for _, level := range []string{"read committed", "repeatable read"} {
		for table, plan := range map[string]string{"p": "force_generic_plan", "top": "force_custom_plan", "of_p": "auto"} {
			session := pgtest.Connect(t, dsn, `SET default_transaction_isolation = '`+level+`'`, `SET plan_cache_mode = `+plan)
			start(session, func(ctx context.Context, conn *pgx.Conn, _ int) error {
				var seen int
				err := conn.QueryRow(ctx, `SELECT count(*) FROM `+table).Scan(&seen)
				if err == nil && seen != rows {
					return fmt.Errorf("%s through %s: %d rows", level, table, seen)
				}
				return err
			})
		}
	}
	start(pgtest.Connect(t, dsn), func(ctx context.Context, conn *pgx.Conn, turn int) error {
		from, to := "p", "c2"
		if turns.Add(1); turn%2 == 1 {
			from, to = to, from
		}
		tag, err := conn.Exec(ctx, `WITH gone AS (DELETE FROM ONLY `+from+` WHERE id = $1 RETURNING id, n) INSERT INTO `+to+` (id, n) SELECT id, n FROM gone`,
			1001+(turn/2)%400)
		if err == nil && tag.RowsAffected() != 1 {
			return fmt.Errorf("moving %s to %s: %d rows", from, to, tag.RowsAffected())
		}
		return err
	})
	await := func() {
		t.Helper()
		began := make([]int64, len(steps))
		for i, s := range steps {
			began[i] = s.Load()
		}
		require.Eventually(t, func() bool {
			for i, s := range steps {
				if s.Load() < began[i]+10 {
					return ctx.Err() != nil
				}
			}
			return true
		}, commandTimeout, time.Millisecond)
		if ctx.Err() != nil {
			require.NoError(t, group.Wait())
		}
	}
	env := newEnv(t, dsn)
	env.Options.BatchTime = 20 * time.Millisecond
	req := request(t, conn, "p", func(s *registry.Spec) { s.Tables[0].Change.Set = []string{"fillfactor=70"} })
	await()
	job := runTo(t, env, req, stages.Swap)
	await()
	_, err = stages.RevertSwap(t.Context(), env, job)
	require.NoError(t, err)
	await()
	runTo(t, env, req, stages.Swap)
	await()
	runTo(t, env, req, stages.Cleanup)
	await()
	stop()
	require.NoError(t, group.Wait())
	require.Equal(t, int(added.Load()), pgtest.Count(t, conn, `SELECT sum(n)::int FROM top`))
	require.Equal(t, []string{"600", "300", "100"}, pgtest.Rows(t, conn,
		`SELECT count(*) FROM ONLY c1 UNION ALL SELECT count(*) FROM ONLY c2 WHERE id > 5000 UNION ALL SELECT count(*) FROM c3`))
	requireNoTraces(t, conn)
}

// TestLaw2TruncateWithChildren: TRUNCATE of a table empties its children, too, that of the table ONLY does not; the
// shadow follows, before writers write both tables and after.
func TestLaw2TruncateWithChildren(t *testing.T) {
	t.Parallel()
	for until, c := range map[stages.Name]struct {
		truncate string
		left     int
	}{
		stages.Backfill: {"TRUNCATE ONLY p", 1007},
		stages.Replay:   {"TRUNCATE p", 7},
	} {
		t.Run(string(until), func(t *testing.T) {
			t.Parallel()
			takeTurn(t)
			dsn := pgtest.Database(t)
			conn := pgtest.Connect(t, dsn)
			_, err := conn.Exec(t.Context(), busy)
			require.NoError(t, err)
			env := newEnv(t, dsn)
			req := request(t, conn, "p", nil)
			runTo(t, env, req, until)
			pgtest.Exec(t, conn, c.truncate)
			pgtest.Exec(t, conn, `INSERT INTO p SELECT generate_series(1, 7)`)
			runTo(t, env, req, stages.Cleanup)
			require.Equal(t, 7, pgtest.Count(t, conn, `SELECT count(*) FROM ONLY p`))
			require.Equal(t, c.left, pgtest.Count(t, conn, `SELECT count(*) FROM p`))
		})
	}
}

// TestLaw4And9KilledBeforeChildrenChangeOver: a session that uses a child alone keeps the swap waiting, without harm to
// anybody else; after kill -9 the same command ends right, with the children that there are by then.
func TestLaw4And9KilledBeforeChildrenChangeOver(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn)
	_, err := conn.Exec(t.Context(), busy)
	require.NoError(t, err)
	mustRepave(t, dsn, "run", "p", "--until", "verify")
	pgtest.Exec(t, conn, `DROP TABLE c2`)
	pgtest.Exec(t, conn, `CREATE TABLE late () INHERITS (p)`)
	pgtest.Exec(t, conn, `INSERT INTO late SELECT generate_series(1, 10)`)
	before := pgtest.Rows(t, conn, `SELECT inhrelid::regclass, inhparent::regclass, inhseqno FROM pg_inherits JOIN pg_class ON oid = inhrelid
		WHERE relkind = 'r' ORDER BY 1, 2`)
	reader := pgtest.Connect(t, dsn, `BEGIN`, `SELECT FROM c1`)
	cmd := command(t.Context(), t, dsn, "run", "p")
	require.NoError(t, cmd.Start())
	awaitTrue(t, conn, "the swap waits", `SELECT EXISTS (SELECT FROM repave.job WHERE waiting LIKE 'lock to %')`)
	require.Equal(t, 2210, pgtest.Count(t, conn, `SELECT count(*) FROM p`))
	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait()
	pgtest.Exec(t, reader, `COMMIT`)
	require.Equal(t, before, pgtest.Rows(t, conn, `SELECT inhrelid::regclass, inhparent::regclass, inhseqno FROM pg_inherits JOIN pg_class ON oid = inhrelid
		WHERE relkind = 'r' ORDER BY 1, 2`))
	require.Eventually(t, func() bool {
		_, stderr, code := repave(t, dsn, "run", "p")
		if code != 0 {
			require.Contains(t, stderr, "another repave works")
		}
		return code == 0
	}, commandTimeout, 100*time.Millisecond)
	require.Equal(t, 2210, pgtest.Count(t, conn, `SELECT count(*) FROM p`))
	mustRepave(t, dsn, "cleanup", "p", "--yes")
	require.Equal(t, []string{"c1|p", "c3|c1", "late|p", "p|top"}, pgtest.Rows(t, conn, `SELECT inhrelid::regclass::text, inhparent::regclass
		FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE relkind = 'r' ORDER BY 1`))
	requireNoTraces(t, conn)
}
