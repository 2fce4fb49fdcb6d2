package laws_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/repave-pg/repave/tests/pgtest"
)

// A keyWriter writes rows that foreign keys tie together, and tries what these must refuse.
type keyWriter struct {
	conn *pgx.Conn
	base int
	done atomic.Int64
}

// run writes until ctx ends; whatever does not come out as the keys demand is an error.
func (w *keyWriter) run(ctx context.Context) error {
	for n := 0; ctx.Err() == nil; n++ {
		account := w.base + n%500
		event, at := w.base+n, 300+n*7%700
		for _, step := range []struct {
			sql   string
			state string
			rows  int64
		}{
			{fmt.Sprintf(`INSERT INTO accounts VALUES (%[1]d, %[1]d)`, account), "", 1},
			{fmt.Sprintf(`INSERT INTO "Events" VALUES (%d, %d, %d)`, event, at, account), "", 1},
			{fmt.Sprintf(`UPDATE "Events" SET before = id WHERE id = %d AND at = %d`, event, at), "", 1},
			{fmt.Sprintf(`INSERT INTO notes VALUES (%[1]d, %[1]d, %[2]d)`, event, at), "", 1},
			{fmt.Sprintf(`INSERT INTO files VALUES (%[1]d, %[1]d, %[2]d)`, event, at), "", 1},
			{fmt.Sprintf(`INSERT INTO "Mid b" (id, at, account) VALUES (%d, %d, -1)`, event+1, at), "23503", 0},
			{fmt.Sprintf(`UPDATE "Events" SET account = -1 WHERE id = %d AND at = %d`, event, at), "23503", 0},
			{fmt.Sprintf(`INSERT INTO notes VALUES (%d, -5, %d)`, event+1, at), "23503", 0},
			{fmt.Sprintf(`INSERT INTO "Events" VALUES (%d, %d, NULL, NULL, -5)`, event+1, at), "23503", 0},
			{fmt.Sprintf(`DELETE FROM "Events" WHERE id = %d AND at = %d`, event, at), "23503", 0}, // a file refers to it
			{fmt.Sprintf(`DELETE FROM files WHERE id = %d`, event), "", 1},
			{fmt.Sprintf(`UPDATE "Events" SET id = -id, before = NULL WHERE id = %d AND at = %d`, event, at), "", 1},
			{fmt.Sprintf(`UPDATE notes SET id = id WHERE id = %[1]d AND event = -%[1]d`, event), "", 1}, // which the cascade has set
			{fmt.Sprintf(`DELETE FROM accounts WHERE id = %d`, account), "", 1},
			{fmt.Sprintf(`DELETE FROM "Events" WHERE id = -%d AND at = %d`, event, at), "", 0}, // it cascades to the event,
			{fmt.Sprintf(`DELETE FROM notes WHERE id = %d AND event IS NULL`, event), "", 1},   // and that to the note
		} {
			for {
				tag, err := w.conn.Exec(context.WithoutCancel(ctx), step.sql)
				state := sqlState(err)
				if w.base%20000 != 0 && (state == "40001" || state == "40P01") {
					continue
				}
				if state != step.state || err != nil && state == "" || tag.RowsAffected() != step.rows {
					return fmt.Errorf("%s: %d rows: %w", step.sql, tag.RowsAffected(), err)
				}
				break
			}
		}
		w.done.Add(1)
	}
	return nil
}

// TestLaw1And4APartitionWithForeignKeysUnderTraffic: what the foreign keys of the whole table demand is demanded at every
// moment and of every row, also between the swap and the end of validate, where the process is killed.
//
// A statement checks its keys under locks that the swap needs for itself; so it comes before the swap, when the old keys are
// there, or after, when the new ones are. Its checks read the new partition, of which it sees what it saw of the old one.
// A check that was put off until COMMIT is the same: its transaction holds the locks until then.
func TestLaw1And4APartitionWithForeignKeysUnderTraffic(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn)
	_, err := conn.Exec(t.Context(), ledger+`; ALTER TABLE notes DROP CONSTRAINT late`)
	require.NoError(t, err)
	before := withoutServersOwn(t, conn)
	group, ctx := errgroup.WithContext(t.Context())
	ctx, stop := context.WithCancel(ctx)
	var writers []*keyWriter
	for i, level := range []string{"read committed", "repeatable read", "read committed"} {
		w := &keyWriter{conn: pgtest.Connect(t, dsn, `SET default_transaction_isolation = '`+level+`'`), base: 10000 * (i + 2)}
		writers = append(writers, w)
		group.Go(func() error { return w.run(ctx) })
	}
	await := func() {
		t.Helper()
		for _, w := range writers {
			want := w.done.Load() + 3
			require.Eventually(t, func() bool { return w.done.Load() >= want || ctx.Err() != nil }, commandTimeout, time.Millisecond)
		}
		if ctx.Err() != nil {
			require.NoError(t, group.Wait())
		}
	}
	await()
	again := func(args ...string) {
		t.Helper()
		require.Eventually(t, func() bool {
			_, stderr, code := repave(t, dsn, append(args, "--max-active", "0")...)
			if code != 0 {
				require.Contains(t, stderr, "another repave works")
			}
			return code == 0
		}, commandTimeout, 100*time.Millisecond)
		await()
	}
	unchecked := `SELECT count(*) > 0 FROM pg_constraint k WHERE contype = 'f' AND NOT convalidated
		AND NOT EXISTS (SELECT FROM pg_constraint p WHERE p.oid = k.conparentid AND p.conrelid = k.conrelid)`
	kill := func(args ...string) {
		t.Helper()
		_, err := conn.Exec(t.Context(), `CREATE FUNCTION hold() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
				IF current_query() ~ 'VALIDATE CONSTRAINT' AND current_query() !~ '_(member|others)"' THEN
					PERFORM pg_advisory_lock(4711);
				END IF;
			END $$; CREATE EVENT TRIGGER hold ON ddl_command_start EXECUTE FUNCTION hold(); SELECT pg_advisory_lock(4711)`)
		require.NoError(t, err)
		cmd := command(t.Context(), t, dsn, append(args, "--max-active", "0")...)
		require.NoError(t, cmd.Start())
		awaitTrue(t, pgtest.Connect(t, dsn), "validate", `SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711 AND NOT granted)`)
		require.NoError(t, cmd.Process.Kill())
		_ = cmd.Wait()
		await()
		require.Equal(t, []string{"t"}, pgtest.Rows(t, conn, strings.Replace(unchecked, "count(*) > 0", "count(*) > 2", 1)))
		_, err = conn.Exec(t.Context(), `DROP EVENT TRIGGER hold; DROP FUNCTION hold; SELECT pg_advisory_unlock(4711)`)
		require.NoError(t, err)
	}
	kill("run", "Mid b")
	again("run", "Mid b")
	require.Equal(t, []string{"f"}, pgtest.Rows(t, conn, unchecked))
	kill("revert-swap", "Mid b", "--yes")
	again("run", "Mid b")
	again("cleanup", "Mid b", "--yes")
	stop()
	require.NoError(t, group.Wait())
	require.Equal(t, 1001, pgtest.Count(t, conn, `SELECT count(*) FROM "Events" WHERE id BETWEEN 0 AND 5000`))
	pgtest.Exec(t, conn, `DELETE FROM files WHERE id > 5000`)
	pgtest.Exec(t, conn, `DELETE FROM accounts WHERE id > 5000`)
	require.Equal(t, 1001, pgtest.Count(t, conn, `SELECT count(*) FROM "Events"`))
	pgtest.RequireSameCatalog(t, before, withoutServersOwn(t, conn))
	requireNoTraces(t, conn)
}
