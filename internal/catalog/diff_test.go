package catalog_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/tests/pgtest"
)

// TestDiffNamesEachChange makes one change after the other.
func TestDiffNamesEachChange(t *testing.T) {
	t.Parallel()

	conn := pgtest.Connect(t, pgtest.Database(t), ordersSchema...)
	for _, tc := range []struct {
		change string
		want   []string
	}{
		{`INSERT INTO public.orders (amount) VALUES (1)`, nil},
		{`ANALYZE public.orders`, nil},
		{`REINDEX INDEX CONCURRENTLY public.lower_idx`, nil},
		{`ALTER TABLE public.orders ADD COLUMN x int`, []string{`column x was added`}},
		{`ALTER TABLE public.orders ALTER x TYPE bigint`, []string{`type of column x changed from integer to bigint`}},
		{`ALTER TABLE public.orders RENAME x TO y`, []string{`name of column x changed from "x" to "y"`}},
		{`ALTER TABLE public.orders ALTER y SET DEFAULT 5`, []string{`default of column y changed from nothing to 5`}},
		{`ALTER TABLE public.orders DROP COLUMN y`, []string{`column y was dropped`}},
		{`CREATE INDEX yi ON public.orders (n)`, []string{`index yi was added`}},
		{`DROP INDEX public.yi`, []string{`index yi was dropped`}},
		{`GRANT DELETE ON public.orders TO pg_monitor WITH GRANT OPTION`, []string{
			`privilege DELETE for role pg_monitor with grant option was granted`,
		}},
		{`REVOKE DELETE ON public.orders FROM pg_monitor`, []string{
			`privilege DELETE for role pg_monitor with grant option was revoked`,
		}},
		{`GRANT USAGE ON SEQUENCE public.orders_id_seq TO pg_monitor`, []string{
			`privilege USAGE on sequence public.orders_id_seq for role pg_monitor was granted`,
		}},
		{`GRANT SELECT (n) ON public.orders TO pg_monitor`, []string{
			`privilege SELECT on column n for role pg_monitor was granted`,
		}},
		{`ALTER TABLE public.orders SET (fillfactor = 90)`, []string{
			`options of the table changed from [fillfactor=80 toast.autovacuum_enabled=false] to ` +
				`[fillfactor=90 toast.autovacuum_enabled=false]`,
		}},
		{`ALTER TABLE public.orders VALIDATE CONSTRAINT late`, []string{
			`def of check late changed from CHECK ((n <> 5)) NOT VALID to CHECK ((n <> 5))`,
			`valid of check late changed from false to true`,
		}},
		{`ALTER TABLE public.items ALTER CONSTRAINT items_o_fkey DEFERRABLE`, []string{
			`deferrable of foreign key items_o_fkey of public.items to public.orders changed from false to true`,
		}},
		{`CREATE TABLE public.v (a int, o public.orders)`, []string{`column o of table public.v was added`}},
		{`ALTER SEQUENCE public.orders_id_seq INCREMENT 2`, []string{
			`increment of sequence public.orders_id_seq changed from 1 to 2`,
		}},
	} {
		before := load(t, conn)
		pgtest.Exec(t, conn, tc.change)
		require.Equal(t, tc.want, catalog.Diff(before, load(t, conn)), tc.change)
	}
}

func TestKeyOf(t *testing.T) {
	t.Parallel()

	conn := pgtest.Connect(t, pgtest.Database(t))
	version := pgtest.ServerVersion(t, conn)
	for _, tc := range []struct {
		name, columns, want string
		indexes             []string
		since               int
	}{
		{name: "the primary key", columns: `a int NOT NULL UNIQUE, b int, c int, PRIMARY KEY (b, c)`, want: "orders_pkey"},
		{name: "a unique constraint", columns: `a int NOT NULL UNIQUE`, want: "orders_a_key"},
		{name: "a unique index", columns: `a int NOT NULL`, indexes: []string{`UNIQUE INDEX u ON orders (a)`}, want: "u"},
		{name: "the fewest columns", columns: `a int NOT NULL, b int NOT NULL, UNIQUE (a, b), UNIQUE (b)`, want: "orders_b_key"},
		{name: "the oldest", columns: `a int NOT NULL UNIQUE, b int NOT NULL UNIQUE`, want: "orders_a_key"},
		{name: "immediate before deferrable", columns: `a int PRIMARY KEY DEFERRABLE, b int NOT NULL UNIQUE`, want: "orders_b_key"},
		{name: "deferrable if all else fails", columns: `a int PRIMARY KEY DEFERRABLE, b int UNIQUE`, want: "orders_pkey"},
		{name: "INCLUDE does not count", columns: `a int NOT NULL, b int, UNIQUE (a) INCLUDE (b)`, want: "orders_a_b_key"},
		{name: "nullable is no key", columns: `a int UNIQUE`},
		{name: "partial is no key", columns: `a int NOT NULL`, indexes: []string{`UNIQUE INDEX u ON orders (a) WHERE a > 0`}},
		{name: "an expression is no key", columns: `a int NOT NULL`, indexes: []string{`UNIQUE INDEX u ON orders ((a + 1))`}},
		{name: "exclusion is no key", columns: `a box NOT NULL, EXCLUDE USING gist (a WITH &&)`},
		{
			name: "temporal is no key", columns: `a int4range, b tstzrange, PRIMARY KEY (a, b WITHOUT OVERLAPS)`, since: 18,
		},
	} {
		if version < tc.since {
			continue
		}
		pgtest.Exec(t, conn, `DROP TABLE IF EXISTS public.orders`)
		pgtest.Exec(t, conn, `RESET search_path`)
		pgtest.Exec(t, conn, `CREATE TABLE orders (`+tc.columns+`)`)
		for _, index := range tc.indexes {
			pgtest.Exec(t, conn, `CREATE `+index)
		}
		key, ok := catalog.KeyOf(load(t, conn))
		require.Equal(t, tc.want != "", ok, tc.name)
		require.EqualValues(t, tc.want, key.Name, tc.name)
	}
	if version < 18 {
		return
	}
	pgtest.Exec(t, conn, `DROP TABLE public.orders`)
	pgtest.Exec(t, conn, `CREATE TABLE public.orders (a int UNIQUE)`)
	pgtest.Exec(t, conn, `ALTER TABLE public.orders ADD CONSTRAINT nn NOT NULL a NOT VALID`)
	_, ok := catalog.KeyOf(load(t, conn))
	require.False(t, ok, "a not-null constraint that is not valid proves nothing")
}
