package laws_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

// typedTable is made after a type, has privileges and a comment on its row type, and what belongs to it depends on an
// extension.
const typedTable = `
CREATE TYPE "Model" AS (id int, "a name" text, n numeric(10,2));
CREATE TABLE "Typed t" OF "Model" (PRIMARY KEY (id), "a name" WITH OPTIONS NOT NULL DEFAULT 'x', CHECK (n > 0));
INSERT INTO "Typed t" SELECT g, 'n' || g, g FROM generate_series(1, 200) g;
CREATE INDEX "by name" ON "Typed t" ("a name");
ALTER INDEX "by name" DEPENDS ON EXTENSION plpgsql;
COMMENT ON TYPE "Typed t" IS 'it''s a row';
GRANT USAGE ON TYPE "Typed t" TO pg_monitor WITH GRANT OPTION; REVOKE USAGE ON TYPE "Typed t" FROM PUBLIC;
GRANT USAGE ON TYPE "Typed t" TO pg_read_all_stats, PUBLIC;
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER "tr" BEFORE INSERT ON "Typed t" FOR EACH ROW EXECUTE FUNCTION f();
ALTER TRIGGER "tr" ON "Typed t" DEPENDS ON EXTENSION plpgsql;
CREATE FUNCTION bound() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM "Typed t"; END;
ALTER FUNCTION bound() DEPENDS ON EXTENSION plpgsql;
CREATE FUNCTION of_row("Typed t") RETURNS int LANGUAGE sql AS 'SELECT 1';
ALTER FUNCTION of_row("Typed t") DEPENDS ON EXTENSION plpgsql;
CREATE MATERIALIZED VIEW m AS SELECT id, n FROM "Typed t"; CREATE INDEX mi ON m (n);
ALTER MATERIALIZED VIEW m DEPENDS ON EXTENSION plpgsql; ALTER INDEX mi DEPENDS ON EXTENSION plpgsql;
`

// TestLaw5RowTypeAndExtensionsFollow: what is said of the row type, the type that the table is made after, and
// dependences on extensions.
func TestLaw5RowTypeAndExtensionsFollow(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn)
	_, err := conn.Exec(t.Context(), typedTable)
	require.NoError(t, err)
	before, dump := pgtest.CatalogSnapshot(t, conn), pgtest.DumpSchema(t, dsn, "repave")
	env := newEnv(t, dsn)
	req := request(t, conn, "Typed t", nil)
	same := func(what string) {
		t.Helper()
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
	_, stderr, code := repave(t, dsn, "run", `"Typed t"`, "--cleanup")
	require.Zero(t, code, stderr)
	require.NotEqual(t, req.OIDs, request(t, conn, "Typed t", nil).OIDs)
	same("cleanup")
	// A table made after a type can't be anything else.
	_, stderr, code = repave(t, dsn, "run", `"Typed t"`, "--alter", "ADD more int")
	require.Equal(t, 1, code, stderr)
	require.Contains(t, stderr, `hint: nothing was swapped; first ALTER TABLE public."Typed t" NOT OF`)
	_, stderr, code = repave(t, dsn, "reset", `"Typed t"`)
	require.Zero(t, code, stderr)
	same("reset of a change that is refused")
	pgtest.Exec(t, conn, `ALTER TABLE "Typed t" NOT OF`)
	runTo(t, env, request(t, conn, "Typed t", func(s *registry.Spec) { s.Tables[0].Change.Alter = []string{"ADD more int"} }), stages.Cleanup)
}
