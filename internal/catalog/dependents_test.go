package catalog_test

import (
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/tests/pgtest"
)

func dependents(t *testing.T, conn *pgx.Conn) []catalog.Dependent {
	t.Helper()
	tx, err := conn.Begin(t.Context())
	require.NoError(t, err)
	defer func() { require.NoError(t, tx.Rollback(t.Context())) }()
	_, err = tx.Exec(t.Context(), "SET LOCAL search_path = ''")
	require.NoError(t, err)
	oid := pgtest.Value[uint32](t, conn, `SELECT 'public.orders'::regclass::oid`)
	found, err := catalog.LoadDependents(t.Context(), tx, []uint32{oid}, "repave")
	require.NoError(t, err)
	return found
}

// TestLoadDependentsMakesThemAgain makes one object after the other; what Drop
// takes away, Create makes again just as it was.
func TestLoadDependentsMakesThemAgain(t *testing.T) {
	t.Parallel()

	conn := pgtest.Connect(t, pgtest.Database(t), ordersSchema...)
	for _, statement := range []string{
		`CREATE SCHEMA repave`, `CREATE TABLE public.x (id bigint)`,
		`CREATE FUNCTION public.trg() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'`,
	} {
		pgtest.Exec(t, conn, statement)
	}
	for _, tc := range []struct {
		kind, make string
		more       []string
		replace    bool // it can be bound anew where it stands
		on         bool // the table itself
	}{
		{kind: "view", make: `CREATE VIEW public."V w" AS SELECT id FROM public.orders`, replace: true, more: []string{
			`COMMENT ON VIEW public."V w" IS 'it''s \'`, `GRANT SELECT ON public."V w" TO pg_monitor WITH GRANT OPTION`,
			`GRANT UPDATE (id) ON public."V w" TO PUBLIC`, `ALTER VIEW public."V w" SET (security_barrier, check_option = 'cascaded')`,
			`ALTER VIEW public."V w" ALTER id SET DEFAULT 7`, `COMMENT ON COLUMN public."V w".id IS 'c'`,
		}},
		{kind: "view", make: `CREATE VIEW public.v2 AS SELECT id, t FROM public.orders GROUP BY id`, replace: true},
		{kind: "view", make: `CREATE VIEW public.v3 AS SELECT o FROM public.orders o`, replace: true},
		{kind: "materialized view", make: `CREATE MATERIALIZED VIEW public.mv WITH (fillfactor = 50) AS SELECT id, t FROM public.orders`, more: []string{
			`CREATE UNIQUE INDEX mvi ON public.mv (id)`, `COMMENT ON INDEX public.mvi IS 'i'`, `ALTER MATERIALIZED VIEW public.mv CLUSTER ON mvi`,
			`ALTER MATERIALIZED VIEW public.mv ALTER t SET STATISTICS 9`, `COMMENT ON MATERIALIZED VIEW public.mv IS 'm'`,
		}},
		{kind: "rule", make: `CREATE RULE "R" AS ON DELETE TO public.orders WHERE false DO NOTHING`, on: true, replace: true, more: []string{
			`COMMENT ON RULE "R" ON public.orders IS 'r'`, `ALTER TABLE public.orders ENABLE REPLICA RULE "R"`,
		}},
		{kind: "rule", make: `CREATE RULE r AS ON DELETE TO public.x DO ALSO DELETE FROM public.orders`, replace: true},
		{kind: "policy", make: `CREATE POLICY "P" ON public.orders AS RESTRICTIVE FOR UPDATE TO pg_monitor USING (true) WITH CHECK (t <> '')`, on: true, replace: true},
		{kind: "policy", make: `CREATE POLICY p ON public.x USING (id IN (SELECT id FROM public.orders))`, replace: true, more: []string{
			`COMMENT ON POLICY p ON public.x IS 'p'`,
		}},
		{kind: "publication", make: `CREATE PUBLICATION "P" FOR TABLE public.orders`, on: true},
		{kind: "function", make: `CREATE FUNCTION public.f(public.orders[]) RETURNS int LANGUAGE sql AS 'SELECT 1'`, replace: true, more: []string{
			`REVOKE ALL ON FUNCTION public.f FROM PUBLIC`, `COMMENT ON FUNCTION public.f IS 'f'`,
		}},
		{kind: "function", make: `CREATE FUNCTION public.g() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM public.orders; END`, replace: true},
		{kind: "procedure", make: `CREATE PROCEDURE public.pr(INOUT i int) LANGUAGE sql BEGIN ATOMIC DELETE FROM public.orders RETURNING id; END`, replace: true},
		{kind: "function", make: `CREATE FUNCTION repave.not_ours(public.orders) RETURNS int LANGUAGE sql AS 'SELECT 1'`, replace: true},
		{kind: "trigger", make: `CREATE TRIGGER tr BEFORE UPDATE OF t ON public.orders FOR EACH ROW WHEN (OLD.t <> '') EXECUTE FUNCTION public.trg()`, on: true, more: []string{
			`ALTER TABLE public.orders ENABLE ALWAYS TRIGGER tr`, `COMMENT ON TRIGGER tr ON public.orders IS 't'`,
		}},
		{kind: "trigger", make: `CREATE CONSTRAINT TRIGGER tr AFTER INSERT ON public.x FROM public.orders FOR EACH ROW EXECUTE FUNCTION public.trg()`},
		{kind: "row security", make: `ALTER TABLE public.orders ENABLE ROW LEVEL SECURITY`, on: true, more: []string{`ALTER TABLE public.orders FORCE ROW LEVEL SECURITY`}},
		{kind: "replica identity", make: `ALTER TABLE public.orders REPLICA IDENTITY USING INDEX orders_pkey`, on: true},
		{kind: "statistics", make: `CREATE STATISTICS public.st (mcv) ON id, t FROM public.orders`, on: true, more: []string{
			`ALTER STATISTICS public.st SET STATISTICS 7`,
		}},
	} {
		before := dependents(t, conn)
		for _, statement := range append([]string{tc.make}, tc.more...) {
			pgtest.Exec(t, conn, statement)
		}
		after := dependents(t, conn)
		added := slices.DeleteFunc(slices.Clone(after), func(d catalog.Dependent) bool {
			return slices.ContainsFunc(before, func(o catalog.Dependent) bool { return o.Name == d.Name })
		})
		require.Len(t, added, 1, tc.make)
		one := added[0]
		require.Equal(t, tc.kind, one.Kind, tc.make)
		require.Equal(t, tc.on, one.OnTable, tc.make)
		require.Equal(t, tc.replace, len(one.Replace) > 0, tc.make)
		again := func() catalog.Dependent {
			for _, d := range dependents(t, conn) {
				if d.Name == one.Name {
					return d
				}
			}
			return catalog.Dependent{}
		}
		for _, statement := range one.Replace {
			pgtest.Exec(t, conn, string(statement))
			require.Equal(t, one.Create, again().Create, tc.make)
		}
		drop := one.Drop
		if tc.kind == "statistics" {
			require.EqualValues(t, " (mcv) ON id, t", one.Statistics)
			drop = append(drop, "DROP STATISTICS public.st")
		}
		if tc.kind == "materialized view" { // it is parked, with its indexes
			require.Equal(t, []sqltmpl.Ident{"mvi"}, one.Indexes)
			drop = append(drop, "DROP MATERIALIZED VIEW public.mv")
		}
		require.NotEmpty(t, drop, tc.make)
		for _, statement := range drop {
			pgtest.Exec(t, conn, string(statement))
		}
		require.Empty(t, again().Name, tc.make)
		for _, statement := range one.Create {
			pgtest.Exec(t, conn, string(statement))
		}
		require.Equal(t, one.Create, again().Create, tc.make)
	}
}
