package preflight_test

import (
	"context"
	"crypto/rand"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/preflight"
	"github.com/repave-pg/repave/tests/pgtest"
)

// role creates a role for this test; roles belong to the whole server.
func role(t *testing.T, conn *pgx.Conn, name string) string {
	t.Helper()
	name += "_" + strings.ToLower(rand.Text()[:8])
	pgtest.Exec(t, conn, "CREATE ROLE "+name)
	t.Cleanup(func() {
		for _, statement := range []string{"RESET ROLE", "DROP OWNED BY " + name + " CASCADE", "DROP ROLE " + name} {
			_, err := conn.Exec(context.Background(), statement)
			require.NoError(t, err, statement)
		}
	})
	return name
}

// cure applies the cures of all findings, until there are none.
func cure(t *testing.T, conn *pgx.Conn, findings []preflight.Finding) {
	t.Helper()
	for _, finding := range findings {
		_, err := conn.PgConn().Exec(t.Context(), finding.Cure).ReadAll()
		require.NoError(t, err, finding.Cure)
	}
}

func TestPrivilegesAreNamedWithTheirGrants(t *testing.T) {
	t.Parallel()

	conn := pgtest.Connect(t, pgtest.Database(t), `CREATE SCHEMA s`, `CREATE SCHEMA r`, `CREATE SCHEMA ty`)
	owner, other, worker := role(t, conn, "owner"), role(t, conn, "other"), role(t, conn, "worker")
	for _, statement := range []string{
		`REVOKE TEMPORARY ON DATABASE ` + pgx.Identifier{conn.Config().Database}.Sanitize() + ` FROM PUBLIC`,
		`CREATE TYPE ty.mood AS ENUM ('a')`, `REVOKE USAGE ON TYPE ty.mood FROM PUBLIC`,
		`CREATE TABLE r.customers (id int PRIMARY KEY)`,
		`CREATE TABLE s.orders (id int PRIMARY KEY, c int REFERENCES r.customers, m ty.mood)`,
		`CREATE TABLE s.items (id int PRIMARY KEY, o int REFERENCES s.orders)`,
		`ALTER TABLE s.orders OWNER TO ` + owner, `ALTER TABLE s.items OWNER TO ` + other,
	} {
		pgtest.Exec(t, conn, statement)
	}
	require.Empty(t, inspect(t, conn, "s.orders"), "a superuser may do all")

	asWorker := func() []preflight.Finding {
		pgtest.Exec(t, conn, "SET ROLE "+worker)
		defer pgtest.Exec(t, conn, "RESET ROLE")
		// The name can't be looked up without USAGE on its schema.
		oid := pgtest.Count(t, conn, "SELECT oid::int FROM pg_catalog.pg_class WHERE relname = 'orders'")
		relation, err := catalog.Load(t.Context(), conn, uint32(oid), "repave")
		require.NoError(t, err)
		findings, err := preflight.Run(t.Context(), preflight.Input{DB: conn, Relation: relation, RegistrySchema: "repave"})
		require.NoError(t, err)
		return findings
	}
	findings := asWorker()
	var problems []string
	for _, finding := range findings {
		require.Equal(t, "privilege", finding.Check)
		problem := strings.NewReplacer(owner, "OWNER", other, "OTHER", conn.Config().Database, "DB").Replace(finding.Problem)
		problems = append(problems, strings.TrimPrefix(problem, "missing: "))
	}
	require.ElementsMatch(t, []string{
		"membership in OWNER, which owns s.orders", "membership in OTHER, which owns s.items",
		"USAGE on schema s", "CREATE on schema s", "USAGE on schema r", "USAGE on schema ty", "USAGE on type ty.mood",
		"USAGE on schema s for OWNER, which owns s.orders", "CREATE on schema s for OWNER, which owns s.orders",
		"SELECT on s.orders", "UPDATE on s.orders", "TRIGGER on s.orders", "REFERENCES on s.orders",
		"REFERENCES on r.customers", "CREATE on database DB", "TEMPORARY on database DB",
	}, problems)
	cure(t, conn, findings)
	// Some are grants to the role by the table's owner only in name: the superuser gave them.
	require.Empty(t, asWorker())

	pgtest.Exec(t, conn, "CREATE SCHEMA repave")
	cure(t, conn, asWorker())
	require.Empty(t, asWorker())
}

func TestGrantsByOthersAreRefused(t *testing.T) {
	t.Parallel()

	conn := pgtest.Connect(t, pgtest.Database(t), `CREATE TABLE public.orders (id int PRIMARY KEY, "50%d" int)`)
	owner, middle, last := role(t, conn, "owner"), role(t, conn, "middle"), role(t, conn, "last")
	for _, statement := range []string{
		`GRANT USAGE, CREATE ON SCHEMA public TO ` + owner + `, ` + middle,
		`ALTER TABLE public.orders OWNER TO ` + owner,
		`GRANT SELECT ON public.orders TO ` + middle + ` WITH GRANT OPTION`,
		`GRANT UPDATE ("50%d") ON public.orders TO ` + middle + ` WITH GRANT OPTION`,
		`SET ROLE ` + middle, `GRANT SELECT ON public.orders TO ` + last, `GRANT UPDATE ("50%d") ON public.orders TO PUBLIC`,
		`RESET ROLE`,
	} {
		pgtest.Exec(t, conn, statement)
	}
	findings := inspect(t, conn, "public.orders")
	require.Len(t, findings, 2)
	require.Equal(t, "grant", findings[0].Check)
	cure(t, conn, findings)
	require.Empty(t, inspect(t, conn, "public.orders"))
	require.Equal(t, 1, pgtest.Count(t, conn, "SELECT has_table_privilege($1, 'public.orders', 'SELECT')::int", last))
}

func TestSpace(t *testing.T) {
	t.Parallel()

	conn := pgtest.Connect(t, pgtest.Database(t), `CREATE TABLE public.orders (id int PRIMARY KEY, t text)`)
	oid := uint32(pgtest.Count(t, conn, "SELECT 'public.orders'::regclass::oid::int"))
	space := func() preflight.Estimate {
		got, err := preflight.Space(t.Context(), conn, catalog.Relation{OID: oid})
		require.NoError(t, err)
		return got
	}
	require.EqualValues(t, -1, space().Rows)
	pgtest.Exec(t, conn, `INSERT INTO public.orders SELECT i, repeat('x', 100) FROM generate_series(1, 10000) i`)
	pgtest.Exec(t, conn, `ANALYZE public.orders`)
	got := space()
	require.EqualValues(t, 10000, got.Rows)
	require.Greater(t, got.TableBytes, int64(1_000_000))
	require.Equal(t, got.TableBytes+2*got.IndexBytes, got.NeededBytes)
	pgtest.Exec(t, conn, `INSERT INTO public.orders SELECT i, repeat('x', 100) FROM generate_series(10001, 20000) i`)
	require.InDelta(t, 20000, space().Rows, 500)
}

// TestWhatIsBoundNeedsItsOwners: a view of somebody else's can't be bound to
// another table by a role that may not act for them; rows that row security
// hides from the role would be lost.
func TestWhatIsBoundNeedsItsOwners(t *testing.T) {
	t.Parallel()

	conn := pgtest.Connect(t, pgtest.Database(t), `CREATE TABLE public.orders (id int PRIMARY KEY)`, `CREATE SCHEMA repave`)
	owner, other, worker := role(t, conn, "owner"), role(t, conn, "other"), role(t, conn, "worker")
	for _, statement := range []string{
		`GRANT USAGE, CREATE ON SCHEMA public TO ` + owner + `, ` + other + `, ` + worker, `GRANT ALL ON SCHEMA repave TO ` + worker,
		`ALTER TABLE public.orders OWNER TO ` + owner, `GRANT ` + owner + ` TO ` + worker,
		`GRANT SELECT ON public.orders TO ` + other, `CREATE VIEW public.v AS SELECT id FROM public.orders`, `ALTER VIEW public.v OWNER TO ` + other,
		`ALTER TABLE public.orders ENABLE ROW LEVEL SECURITY`,
	} {
		pgtest.Exec(t, conn, statement)
	}
	asWorker := func() []preflight.Finding {
		pgtest.Exec(t, conn, "SET ROLE "+worker)
		defer pgtest.Exec(t, conn, "RESET ROLE")
		return inspect(t, conn, "public.orders")
	}
	findings := asWorker()
	require.Len(t, findings, 1)
	require.Contains(t, findings[0].Problem, "public.v")
	cure(t, conn, findings)
	require.Empty(t, asWorker())

	pgtest.Exec(t, conn, `ALTER TABLE public.orders FORCE ROW LEVEL SECURITY`)
	findings = asWorker()
	require.Len(t, findings, 1)
	require.Equal(t, "row_security", findings[0].Check)
	cure(t, conn, findings)
	require.Empty(t, asWorker())
}
