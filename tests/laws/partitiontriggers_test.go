package laws_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

// triggeredTable has triggers of all kinds that partitioned tables can have, in all states, and row security.
const triggeredTable = `
CREATE TABLE log (what text);
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.updated_at := now(); RETURN NEW; END $$;
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO log VALUES (TG_NAME || ' ' || TG_OP); RETURN NULL; END $$;
CREATE FUNCTION who() RETURNS text LANGUAGE sql STABLE AS $$ SELECT current_setting('app.who', true) $$;
CREATE TABLE ev (id int, at date NOT NULL, owner text, updated_at timestamptz, PRIMARY KEY (id, at));
CREATE TRIGGER a_stamp BEFORE INSERT OR UPDATE ON ev FOR EACH ROW EXECUTE FUNCTION stamp();
CREATE TRIGGER b_after AFTER INSERT OR UPDATE OF owner OR DELETE ON ev FOR EACH ROW EXECUTE FUNCTION note();
CREATE TRIGGER c_when AFTER UPDATE ON ev FOR EACH ROW WHEN (OLD.owner IS DISTINCT FROM NEW.owner) EXECUTE FUNCTION note();
CREATE TRIGGER d_statement AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON ev EXECUTE FUNCTION note();
CREATE TRIGGER e_transition AFTER UPDATE ON ev REFERENCING NEW TABLE AS n FOR EACH STATEMENT EXECUTE FUNCTION note();
CREATE CONSTRAINT TRIGGER f_constraint AFTER INSERT ON ev DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note();
CREATE TRIGGER g_off AFTER INSERT ON ev FOR EACH ROW EXECUTE FUNCTION note();
CREATE TRIGGER h_replica AFTER INSERT ON ev FOR EACH ROW EXECUTE FUNCTION note();
CREATE TRIGGER i_always AFTER INSERT ON ev FOR EACH ROW EXECUTE FUNCTION note();
ALTER TABLE ev DISABLE TRIGGER g_off, ENABLE REPLICA TRIGGER h_replica, ENABLE ALWAYS TRIGGER i_always;
COMMENT ON TRIGGER a_stamp ON ev IS 'stamps'; COMMENT ON TRIGGER b_after ON ev IS 'notes';
CREATE POLICY own ON ev USING (owner = who()) WITH CHECK (owner = who() OR who() = 'admin');
CREATE POLICY admin ON ev AS RESTRICTIVE FOR DELETE TO PUBLIC USING (who() = 'admin');
COMMENT ON POLICY own ON ev IS 'one''s own';
ALTER TABLE ev ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON ev TO PUBLIC;
INSERT INTO ev SELECT g, date '2026-01-01' + g, CASE g % 2 WHEN 0 THEN 'ann' ELSE 'bob' END FROM generate_series(1, 90) g;
`

// TestLaw1Field13TriggersAndPoliciesOfAPartitionedTable: the same statements see and fire the same after the table was
// partitioned, after it is plain again, and after cleanup.
func TestLaw1Field13TriggersAndPoliciesOfAPartitionedTable(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn)
	_, err := conn.Exec(t.Context(), triggeredTable, pgx.QueryExecModeSimpleProtocol)
	require.NoError(t, err)
	pgtest.Exec(t, conn, `TRUNCATE log`)
	role := pgtest.Value[string](t, conn, `SELECT 'app_' || md5(current_database())`)
	pgtest.Exec(t, conn, `CREATE ROLE `+role)
	t.Cleanup(func() {
		for _, sql := range []string{`DROP OWNED BY `, `DROP ROLE `} {
			_, err := conn.Exec(context.WithoutCancel(t.Context()), sql+role)
			require.NoError(t, err)
		}
	})
	pgtest.Exec(t, conn, `GRANT ALL ON log TO `+role)
	before := pgtest.CatalogSnapshot(t, conn)
	rows := pgtest.Rows(t, conn, `SELECT id, at, owner FROM ev ORDER BY id`)
	app := pgtest.Connect(t, dsn, `SET ROLE `+role, `SET app.who = 'ann'`)
	// use does the same each time, and returns what was seen and which triggers fired.
	use := func() []string {
		out := pgtest.Rows(t, app, `SELECT count(*), min(owner), max(owner) FROM ev`)
		for _, sql := range []string{
			`INSERT INTO ev VALUES (1000, '2026-02-11', 'ann')`, `UPDATE ev SET owner = owner`, `UPDATE ev SET updated_at = NULL WHERE id = 1000`,
			`UPDATE ev SET owner = 'bob' WHERE id = 1000`, `INSERT INTO ev VALUES (1001, '2026-02-11', 'bob')`, `DELETE FROM ev`,
		} {
			_, err := app.Exec(t.Context(), sql)
			said := "ok"
			if err != nil {
				said = err.Error()
			}
			out = append(out, sql+": "+said)
		}
		out = append(out, pgtest.Rows(t, conn, `SELECT count(updated_at) FROM ev WHERE id = 1000`)...)
		pgtest.Exec(t, conn, `DELETE FROM ev WHERE id >= 1000`)
		out = append(out, pgtest.Rows(t, conn, `SELECT what, count(*) FROM log GROUP BY what ORDER BY what`)...)
		pgtest.Exec(t, conn, `TRUNCATE log`)
		return out
	}
	was := use()
	env := newEnv(t, dsn)
	req := requestOf(t, conn, sqltmpl.Table{Schema: "public", Name: "ev"}, func(s *registry.Spec) {
		s.Tables[0].Change.PartitionBy = `RANGE (at) INTERVAL 1 month`
	})
	job := runTo(t, env, req, stages.Swap)
	require.Equal(t, was, use())
	revert(t, env, job)
	require.Equal(t, was, use())
	pgtest.RequireSameCatalog(t, before, withoutJob(pgtest.CatalogSnapshot(t, conn)))
	job = runTo(t, env, req, stages.Swap)
	require.NoError(t, stages.Erase(t.Context(), env, job))
	require.Equal(t, was, use())
	requireNoTraces(t, conn)
	require.Equal(t, rows, pgtest.Rows(t, conn, `SELECT id, at, owner FROM ev ORDER BY id`))
	for _, line := range pgtest.CatalogDiff(before, pgtest.CatalogSnapshot(t, conn)) {
		require.Regexp(t, `^\+ .*ev_p(default|2026_\d\d)|^~ index .* ON ONLY |^[-~+] relation public.ev: (access method|kind|partition key): `, line)
	}
}
