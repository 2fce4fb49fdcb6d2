package laws_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

// heirs is a table with two parents and a grandparent, a brother, and columns and checks of its own as well as theirs.
const heirs = `
CREATE TABLE "Grand" (id int NOT NULL, n int DEFAULT 0, CONSTRAINT "n is" CHECK (n >= 0));
CREATE TABLE "A parent" (tag text) INHERITS ("Grand");
CREATE TABLE other_parent (extra int);
CREATE TABLE brother () INHERITS ("A parent");
CREATE TABLE child (id int PRIMARY KEY, n int DEFAULT 5, tag text, extra int, own text, CONSTRAINT "n is" CHECK (n >= 0));
ALTER TABLE child INHERIT other_parent, INHERIT "A parent";
INSERT INTO brother SELECT -g, 0, 'brother' FROM generate_series(1, 100) g;
INSERT INTO child SELECT g, 0, 't' || g, g, 'own' FROM generate_series(1, 2000) g;
CREATE VIEW of_grand AS SELECT id, n FROM "Grand";
`

// TestLaw5InheritanceIsAsItWas: a child goes on to be one, of the same parents in the same order.
func TestLaw5InheritanceIsAsItWas(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn)
	_, err := conn.Exec(t.Context(), heirs)
	require.NoError(t, err)
	before, dump := pgtest.CatalogSnapshot(t, conn), pgtest.DumpSchema(t, dsn, "repave")
	env := newEnv(t, dsn)
	req := request(t, conn, "child", nil)
	same := func(what string) {
		t.Helper()
		require.Equal(t, 2100, pgtest.Count(t, conn, `SELECT count(*) FROM "Grand"`), what)
		pgtest.RequireSameCatalog(t, before, pgtest.CatalogSnapshot(t, conn))
		require.Equal(t, dump, pgtest.DumpSchema(t, dsn, "repave"), what)
		requireNoTraces(t, conn)
	}
	job := runTo(t, env, req, stages.Verify)
	require.NoError(t, stages.Reset(t.Context(), env, job))
	same("reset")
	job = runTo(t, env, req, stages.Swap)
	job, err = stages.RevertSwap(t.Context(), env, job)
	require.NoError(t, err)
	require.NoError(t, stages.Reset(t.Context(), env, job))
	same("revert-swap and reset")
	runTo(t, env, request(t, conn, "child", nil), stages.Cleanup)
	same("cleanup")
	// What the parents have can't be changed in the child alone.
	_, stderr, code := repave(t, dsn, "run", "child", "--alter", "ALTER n TYPE bigint")
	require.Equal(t, 1, code, stderr)
	require.Contains(t, stderr, "hint: nothing was swapped; first ALTER TABLE public.child NO INHERIT")
	_, stderr, code = repave(t, dsn, "reset", "child")
	require.Zero(t, code, stderr)
	same("reset of a change that is refused")
	runTo(t, env, request(t, conn, "child", func(s *registry.Spec) { s.Tables[0].Change.Alter = []string{"ALTER own TYPE varchar(10)"} }), stages.Cleanup)
	require.Equal(t, 2100, pgtest.Count(t, conn, `SELECT count(*) FROM "Grand"`))
}

// TestLaw5WhatOnlyParentsHaveIsRefused: PostgreSQL would make it the table's own; the cure makes it so before.
func TestLaw5WhatOnlyParentsHaveIsRefused(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn)
	_, err := conn.Exec(t.Context(), `CREATE TABLE p1 (id int, CONSTRAINT k CHECK (id > 0)); CREATE TABLE p2 (n int NOT NULL);
		CREATE TABLE child (PRIMARY KEY (id)) INHERITS (p1, p2); INSERT INTO child SELECT g, g FROM generate_series(1, 10) g`)
	require.NoError(t, err)
	_, stderr, code := repave(t, dsn, "run", "child", "--cleanup")
	require.Equal(t, 3, code, stderr)
	require.Contains(t, stderr, "column n comes from the table's parents alone")
	const cure = `ALTER TABLE public.child NO INHERIT public.p1, NO INHERIT public.p2, INHERIT public.p1, INHERIT public.p2`
	require.Contains(t, stderr, "cure: "+cure)
	pgtest.Exec(t, conn, cure)
	before, dump := pgtest.CatalogSnapshot(t, conn), pgtest.DumpSchema(t, dsn, "repave")
	_, stderr, code = repave(t, dsn, "run", "child", "--cleanup")
	require.Zero(t, code, stderr)
	pgtest.RequireSameCatalog(t, before, pgtest.CatalogSnapshot(t, conn))
	require.Equal(t, dump, pgtest.DumpSchema(t, dsn, "repave"))
}

// TestLaw2TruncateOfAParent: it empties the child, and so the shadow, before the switch and after it.
func TestLaw2TruncateOfAParent(t *testing.T) {
	t.Parallel()
	for _, until := range []stages.Name{stages.Backfill, stages.Replay} {
		t.Run(string(until), func(t *testing.T) {
			t.Parallel()
			takeTurn(t)
			dsn := pgtest.Database(t)
			conn := pgtest.Connect(t, dsn)
			_, err := conn.Exec(t.Context(), heirs)
			require.NoError(t, err)
			env := newEnv(t, dsn)
			req := request(t, conn, "child", nil)
			runTo(t, env, req, until)
			pgtest.Exec(t, conn, `TRUNCATE "Grand"`)
			pgtest.Exec(t, conn, `INSERT INTO child SELECT g, 0 FROM generate_series(1, 7) g`)
			runTo(t, env, req, stages.Cleanup)
			require.Equal(t, 7, pgtest.Count(t, conn, `SELECT count(*) FROM "Grand"`))
		})
	}
}

// TestLaw1And2ThroughTheParent: applications write through the parents, at every level, with plans that know the
// children, while the child is swapped, reverted and swapped again. No write goes to the parked table.
//
// A query locks the parent, then reads who its children are, then locks those. Where it stands when the swap comes:
// before the parent's lock: it waits, and finds the new child. Between the two: the swap can't have the parent's lock
// and gives way. With a plan made before: it locks in the same order, and is made anew when it has the parent's.
func TestLaw1And2ThroughTheParent(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn)
	_, err := conn.Exec(t.Context(), heirs)
	require.NoError(t, err)
	env := newEnv(t, dsn)
	env.Options.BatchTime = 20 * time.Millisecond
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	writers, ctx := errgroup.WithContext(ctx)
	counts := make([]int, 3)
	done := make(chan struct{}, 1000)
	for i, w := range []struct{ table, plan string }{{`"Grand"`, "custom"}, {`"A parent"`, "custom"}, {`of_grand`, "generic"}} {
		writer := pgtest.Connect(t, dsn)
		pgtest.Exec(t, writer, `SET plan_cache_mode = force_`+w.plan+`_plan`)
		_, err := writer.Prepare(t.Context(), "add", `UPDATE `+w.table+` SET n = n + 1 WHERE id = $1`)
		require.NoError(t, err)
		writers.Go(func() error {
			for ctx.Err() == nil {
				tag, err := writer.Exec(context.WithoutCancel(ctx), "add", 1+i+3*(counts[i]%500))
				if err != nil {
					return err
				}
				counts[i] += int(tag.RowsAffected())
				if tag.RowsAffected() != 1 {
					return pgx.ErrNoRows
				}
				select {
				case done <- struct{}{}:
				default:
				}
			}
			return nil
		})
	}
	await := func() {
		for range 200 {
			select {
			case <-done:
			case <-ctx.Done():
				require.NoError(t, writers.Wait())
			}
		}
		for len(done) > 0 {
			<-done
		}
	}
	await()
	req := request(t, conn, "child", nil)
	job := runTo(t, env, req, stages.Swap)
	for range 2 {
		await()
		_, err = stages.RevertSwap(t.Context(), env, job)
		require.NoError(t, err)
		await()
		job = runTo(t, env, req, stages.Swap)
	}
	await()
	runTo(t, env, req, stages.Cleanup)
	await()
	stop()
	require.NoError(t, writers.Wait())
	require.Equal(t, counts[0]+counts[1]+counts[2], pgtest.Count(t, conn, `SELECT sum(n)::int FROM child`))
	requireNoTraces(t, conn)
}
