package laws_test

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

// besideTortured is a table to partition between the tortured one, which it refers to, and one that refers to it; with
// objects that are bound to two of them, or all three.
const besideTortured = `
CREATE TABLE other."even ts" (id bigint GENERATED ALWAYS AS IDENTITY, at date NOT NULL, rich int CONSTRAINT "to rich" REFERENCES $t ON DELETE CASCADE,
	kind text COLLATE "C" DEFAULT ' ON ', n serial, CONSTRAINT "ev key" PRIMARY KEY (id, at));
CREATE INDEX "ev ON idx" ON other."even ts" (rich, kind) WHERE kind <> ' USING ';
CREATE TABLE other.follower (id serial PRIMARY KEY, e bigint, at date, rich int REFERENCES $t ON DELETE CASCADE,
	CONSTRAINT "to ev" FOREIGN KEY (e, at) REFERENCES other."even ts");
INSERT INTO other."even ts" (at, rich) SELECT '2026-01-01'::date + g, 5 + 3 * (g % 200) FROM generate_series(1, 300) g;
INSERT INTO other.follower (e, at, rich) SELECT id, at, rich FROM other."even ts" WHERE id % 3 = 0;
CREATE VIEW other."all ON three" AS SELECT r."Id", r.name, e.at, e.kind, f.id AS follower
	FROM $t r JOIN other."even ts" e ON e.rich = r."Id" LEFT JOIN other.follower f ON (f.e, f.at) = (e.id, e.at);
CREATE MATERIALIZED VIEW other."kept of three" AS SELECT "Id", at FROM other."all ON three" WHERE follower IS NOT NULL;
CREATE MATERIALIZED VIEW other."kept of two" AS SELECT e.id, r.name FROM $t r JOIN other."even ts" e ON e.rich = r."Id" WHERE e.id <= 100;
CREATE UNIQUE INDEX "kept key" ON other."kept of two" (id);
CREATE FUNCTION other.counts() RETURNS bigint LANGUAGE sql STABLE BEGIN ATOMIC SELECT count(*) FROM other."even ts" e JOIN $t r ON r."Id" = e.rich; END;
CREATE POLICY "by events" ON $t FOR DELETE TO pg_monitor USING (EXISTS (SELECT FROM other."even ts" e WHERE e.rich = "Id" AND e.kind = ' FROM '));
CREATE RULE "to events" AS ON DELETE TO other.follower WHERE OLD.id = -1 DO ALSO DELETE FROM other."even ts" WHERE id = OLD.e;
CREATE STATISTICS other."ev st" (mcv) ON rich, kind FROM other."even ts"
`

// TestLaw5TorturePartitionInOneJob partitions a table in one job with the tortured table and one more, while an
// application writes to all three: there, back, and there again to the end.
func TestLaw5TorturePartitionInOneJob(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn)
	c := tortureOf(t, conn, tortureNames[:2])
	beside := splitStatements(strings.ReplaceAll(besideTortured, "$t", c.name().String()))
	build(t, conn, c.tables, c.bound, beside)
	pgtest.Exec(t, conn, "ANALYZE")
	before, dump := snapshotWithoutPositions(t, conn), pgtest.DumpSchema(t, dsn, "repave")
	env := newEnv(t, dsn)
	env.Options.BatchTime = 10 * time.Millisecond
	req := stages.Request{Spec: registry.Spec{Strategy: "changelog", Tables: []registry.TableSpec{
		{Name: sqltmpl.Table{Schema: "other", Name: "follower"}, Change: shadow.Change{Alter: []string{"ADD note text DEFAULT 'new'"}}},
		{Name: sqltmpl.Table{Schema: "other", Name: "even ts"}, Change: shadow.Change{PartitionBy: "RANGE (at) INTERVAL 1 month", PartitionsAhead: 2}},
		{Name: c.name(), Change: shadow.Change{Alter: []string{`DROP doc`}, Set: []string{"fillfactor=95"}}},
	}}}
	oids := func() {
		req.OIDs = nil
		for _, spec := range req.Spec.Tables {
			req.OIDs = append(req.OIDs, pgtest.Value[uint32](t, conn, "SELECT $1::text::regclass::oid", spec.Name.String()))
		}
	}
	oids()
	app := startThree(t, dsn, c.name().String())
	job := runTo(t, env, req, stages.Verify)
	app.await(t)
	require.NoError(t, stages.Reset(t.Context(), env, job))
	job = runTo(t, env, req, stages.Swap)
	app.await(t)
	job = revert(t, env, job)
	app.await(t)
	require.NoError(t, stages.Reset(t.Context(), env, job))
	pgtest.RequireSameCatalog(t, before, snapshotWithoutPositions(t, conn))
	require.Equal(t, dump, pgtest.DumpSchema(t, dsn, "repave"))
	requireNoTraces(t, conn)
	oids()
	runTo(t, env, req, stages.Cleanup)
	app.await(t)
	app.stop(t)
	requireNoTraces(t, conn)

	other := pgtest.Connect(t, pgtest.Database(t))
	build(t, other, c.tables, c.bound, beside, actions(c, []string{`DROP doc`, `SET (fillfactor=95)`}), []string{`ALTER TABLE other.follower ADD note text DEFAULT 'new'`})
	for _, line := range pgtest.CatalogDiff(snapshotWithoutPositions(t, other), snapshotWithoutPositions(t, conn)) {
		// What becomes of such a table itself is seen in TestLaw5Field20PartitionedTableIsFaithful.
		if !strings.Contains(line, `other."even ts`) && !strings.Contains(line, `index other."ev `) && !strings.HasPrefix(line, "+ constraint") {
			require.Fail(t, "not as asked", line)
		}
	}
	require.Equal(t, pgtest.Count(t, conn, `SELECT count(*) FROM other."even ts"`), pgtest.Count(t, conn, `SELECT other.counts()`))
	pgtest.Exec(t, conn, `REFRESH MATERIALIZED VIEW CONCURRENTLY other."kept of two"`)
	requireAlive(t, conn, c)
}

// three is an application that writes to the three tables and reads what is bound to them.
type three struct {
	cancel context.CancelFunc
	group  sync.WaitGroup
	done   atomic.Int64
	err    atomic.Pointer[string]
}

func startThree(t *testing.T, dsn, table string) *three {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	a := &three{cancel: cancel}
	conn := pgtest.Connect(t, dsn)
	a.group.Go(func() {
		// It thinks after each transaction, however long that took.
		pause := time.NewTimer(0)
		defer pause.Stop()
		for ctx.Err() == nil {
			<-pause.C
			if err := pgx.BeginFunc(context.WithoutCancel(ctx), conn, func(tx pgx.Tx) error { return a.act(ctx, tx, table) }); err != nil {
				text := err.Error()
				a.err.Store(&text)
				return
			}
			a.done.Add(1)
			pause.Reset(10 * thinkTime)
		}
	})
	t.Cleanup(func() { cancel(); a.group.Wait() })
	return a
}

// act does a bit of everything; each row that it makes it also takes away, through the tortured table's cascade.
func (*three) act(ctx context.Context, tx pgx.Tx, table string) error {
	ctx = context.WithoutCancel(ctx)
	for _, sql := range []string{
		`INSERT INTO ` + table + ` (code) VALUES ('app')`,
		`INSERT INTO other."even ts" (at, rich) SELECT '2026-02-27'::date + i, "Id" FROM ` + table + `, generate_series(1, 3) i WHERE code = 'app'`,
		`UPDATE other."even ts" SET at = at + 20 WHERE rich = (SELECT "Id" FROM ` + table + ` WHERE code = 'app')`,
		`INSERT INTO other.follower (rich) SELECT "Id" FROM ` + table + ` WHERE code = 'app'`,
		`UPDATE other.follower SET rich = rich WHERE id <= 10`,
		`UPDATE other."even ts" SET kind = ' FROM ', rich = rich + 3 - 3 WHERE id <= 10`,
		`UPDATE ` + table + ` SET amount = 1 + amount % 50 WHERE "Id" < 50`,
		`DO $$BEGIN ASSERT (SELECT count(*) FROM other."all ON three" WHERE at > '1900-01-01') = 303; ASSERT other.counts() = 303; END$$`,
		`DELETE FROM ` + table + ` WHERE code = 'app'`,
		`DO $$BEGIN ASSERT (SELECT count(*) FROM other."even ts") = 300; ASSERT (SELECT count(*) FROM other.follower) = 100; END$$`,
	} {
		if _, err := tx.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

// await waits until it has done some more.
func (a *three) await(t *testing.T) {
	t.Helper()
	want := a.done.Load() + 5
	require.Eventually(t, func() bool { return a.done.Load() >= want || a.err.Load() != nil }, time.Minute, 5*time.Millisecond, "it stands still")
	a.check(t)
}

func (a *three) check(t *testing.T) {
	t.Helper()
	if problem := a.err.Load(); problem != nil {
		require.Fail(t, "the application failed", *problem)
	}
}

func (a *three) stop(t *testing.T) {
	t.Helper()
	a.cancel()
	a.group.Wait()
	a.check(t)
}
