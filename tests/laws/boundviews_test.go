package laws_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

// layered are views and materialized views over each other, whose columns all come from one that changes its type; of
// other owners, with what views can have.
const layered = `
CREATE TABLE base (id int PRIMARY KEY, n int, label text);
INSERT INTO base SELECT g, g % 7, 'l' || g FROM generate_series(1, 300) g;
GRANT SELECT ON base TO pg_monitor; GRANT ALL ON SCHEMA public TO pg_monitor;
CREATE VIEW one WITH (security_barrier) AS SELECT id, n FROM base WHERE id > 0;
ALTER VIEW one OWNER TO pg_monitor; ALTER VIEW one ALTER n SET DEFAULT 5; COMMENT ON VIEW one IS 'one'; COMMENT ON COLUMN one.n IS 'its n'; GRANT SELECT (id) ON one TO PUBLIC;
CREATE VIEW "Two" AS SELECT id, n FROM one;
CREATE FUNCTION into_two() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.base VALUES (NEW.id, NEW.n); RETURN NEW; END $$;
CREATE TRIGGER into_two INSTEAD OF INSERT ON "Two" FOR EACH ROW EXECUTE FUNCTION into_two();
CREATE RULE none_from_two AS ON DELETE TO "Two" DO INSTEAD NOTHING;
CREATE MATERIALIZED VIEW first AS SELECT n, count(*) AS c, max(id) AS id FROM "Two" GROUP BY n;
CREATE UNIQUE INDEX "first n" ON first (n); COMMENT ON INDEX "first n" IS 'fn'; GRANT SELECT ON first TO PUBLIC; COMMENT ON MATERIALIZED VIEW first IS 'first';
CREATE VIEW three AS SELECT f.n, f.c, o.id FROM first f JOIN one o ON o.id = f.n;
CREATE MATERIALIZED VIEW second AS SELECT three.id, t.n FROM three JOIN "Two" t USING (id);
CREATE INDEX ON second (n); ALTER MATERIALIZED VIEW second OWNER TO pg_monitor; GRANT SELECT ON three, "Two" TO pg_monitor;
CREATE MATERIALIZED VIEW unfilled AS SELECT n FROM one WITH NO DATA;
CREATE VIEW beside AS SELECT id, c FROM three;
CREATE FUNCTION counted() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM beside; END;
`

// TestLaw1And5MaterializedViewsOverViewsMadeAgain: they come to be with the views that they read, are never empty, and are the
// same ones as before on the way back.
func TestLaw1And5MaterializedViewsOverViewsMadeAgain(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn)
	_, err := conn.Exec(t.Context(), layered, pgx.QueryExecModeSimpleProtocol)
	require.NoError(t, err)
	before, dump := pgtest.CatalogSnapshot(t, conn), pgtest.DumpSchema(t, dsn, "repave")
	oids := `SELECT oid, relname FROM pg_class WHERE relkind IN ('v', 'm') AND relnamespace = 'public'::regnamespace AND relname NOT IN ('beside', 'three') ORDER BY 2`
	were := pgtest.Rows(t, conn, oids)
	look, ctx, done := pgtest.Connect(t, dsn), context.WithoutCancel(t.Context()), make(chan error, 1)
	stop := make(chan struct{})
	go func() {
		for n := 7; ; {
			select {
			case <-stop:
				done <- nil
				return
			case <-time.After(thinkTime):
			}
			if err := look.QueryRow(ctx, `SELECT count(*) FROM (SELECT n FROM first JOIN second USING (n) GROUP BY n) x`, pgx.QueryExecModeSimpleProtocol).Scan(&n); err != nil || n != 6 {
				done <- fmt.Errorf("%d rows were seen: %w", n, err)
				return
			}
		}
	}()
	env := newEnv(t, dsn)
	req := request(t, conn, "base", func(s *registry.Spec) {
		s.Tables[0].Change.Alter = []string{"ALTER n TYPE bigint", "ALTER id TYPE numeric"}
	})
	job := runTo(t, env, req, stages.Swap)
	require.Equal(t, []string{"bigint|numeric|first", "bigint|numeric|second"}, pgtest.Rows(t, conn, `SELECT n.atttypid::regtype, i.atttypid::regtype, n.attrelid::regclass
		FROM pg_attribute n JOIN pg_attribute i USING (attrelid) WHERE n.attname = 'n' AND i.attname = 'id' AND attrelid IN ('first'::regclass, 'second'::regclass) ORDER BY 3`))
	require.Equal(t, []string{"7"}, pgtest.Rows(t, conn, `SELECT count(*) FROM first`))
	pgtest.Exec(t, conn, `INSERT INTO "Two" VALUES (1001, 3)`)
	pgtest.Exec(t, conn, `REFRESH MATERIALIZED VIEW CONCURRENTLY first`)
	pgtest.Exec(t, conn, `REFRESH MATERIALIZED VIEW second`)
	require.Equal(t, []string{"6", "f"}, append(pgtest.Rows(t, conn, `SELECT counted()`), pgtest.Rows(t, conn, `SELECT relispopulated FROM pg_class WHERE relname = 'unfilled'`)...))
	job = revert(t, env, job)
	require.Equal(t, were, pgtest.Rows(t, conn, oids))
	pgtest.RequireSameCatalog(t, before, withoutJob(pgtest.CatalogSnapshot(t, conn)))
	require.Equal(t, []string{"1001"}, pgtest.Rows(t, conn, `SELECT max(id) FROM first`))
	require.NoError(t, stages.Reset(t.Context(), env, job))
	require.Equal(t, dump, pgtest.DumpSchema(t, dsn, "repave"))
	requireNoTraces(t, conn)
	runTo(t, env, req, stages.Cleanup)
	close(stop)
	require.NoError(t, <-done)
	requireNoTraces(t, conn)
	require.Equal(t, []string{"7"}, pgtest.Rows(t, conn, `SELECT count(*) FROM first`))

	// What the new ones would have to read is made in the swap only.
	pgtest.Exec(t, conn, `CREATE FUNCTION whole(base) RETURNS numeric LANGUAGE sql AS $$ SELECT $1.id $$`)
	pgtest.Exec(t, conn, `CREATE VIEW wholes AS SELECT whole(b) AS w FROM base b`)
	pgtest.Exec(t, conn, `CREATE MATERIALIZED VIEW late AS SELECT w FROM wholes`)
	_, err = stages.Run(t.Context(), env, request(t, conn, "base", nil), stages.Swap)
	require.ErrorContains(t, err, "which is made again in it")
}
