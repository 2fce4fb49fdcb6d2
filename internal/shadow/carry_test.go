package shadow_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/tests/pgtest"
)

// orders has a bit of everything that every supported release knows.
var orders = []string{
	`CREATE EXTENSION btree_gist`,
	`CREATE TYPE mood AS ENUM ('sad', 'ok')`,
	`CREATE DOMAIN positive AS int CHECK (value > 0)`,
	`CREATE COLLATION german (provider = icu, locale = 'de')`,
	`CREATE TABLE customers (id int PRIMARY KEY, code text UNIQUE)`,
	`CREATE TABLE orders (
		id serial PRIMARY KEY,
		number int GENERATED ALWAYS AS IDENTITY (START 100 INCREMENT 5),
		customer int CONSTRAINT orders_customer_fk REFERENCES customers ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
		parent int REFERENCES orders,
		gone int,
		note text COLLATE "C" DEFAULT 'x''y' NOT NULL,
		total numeric(10, 2) CONSTRAINT total_ok CHECK (total >= 0),
		twice numeric GENERATED ALWAYS AS (total * 2) STORED,
		m mood DEFAULT 'ok',
		p positive,
		tags text[],
		during tsrange,
		code varchar(20) UNIQUE DEFERRABLE INITIALLY DEFERRED,
		EXCLUDE USING gist (customer WITH =, during WITH &&) WHERE (total > 0),
		CONSTRAINT "Odd name" UNIQUE (note, total) INCLUDE (p) WITH (fillfactor = 60)
	) WITH (fillfactor = 80, toast.autovacuum_enabled = false, autovacuum_vacuum_scale_factor = 0.05)`,
	`ALTER TABLE orders DROP COLUMN gone`,
	`CREATE INDEX ON orders (lower(note), total DESC NULLS LAST) WHERE note <> ' ON '`,
	`CREATE INDEX same1 ON orders (lower(note))`,
	`CREATE INDEX same2 ON orders (lower(note))`,
	`CREATE INDEX orders_tags ON orders USING gin (tags)`,
	`CREATE INDEX orders_brin ON orders USING brin (total) WITH (pages_per_range = 8)`,
	`CREATE INDEX orders_hash ON orders USING hash (code)`,
	`CREATE INDEX orders_pattern ON orders (note text_pattern_ops, code COLLATE "C" DESC)`,
	`ALTER INDEX same2 ALTER COLUMN 1 SET STATISTICS 77`,
	`ALTER TABLE orders CLUSTER ON same1`,
	`ALTER TABLE orders ALTER note SET STATISTICS 500, ALTER note SET (n_distinct = -0.5), ALTER tags SET STORAGE EXTERNAL`,
	`ALTER TABLE orders ADD CONSTRAINT later CHECK (total < 1000) NOT VALID`,
	`ALTER TABLE orders ADD CONSTRAINT code_fk FOREIGN KEY (code) REFERENCES customers (code) MATCH FULL ON UPDATE SET NULL NOT VALID`,
	`COMMENT ON TABLE orders IS 'it''s \ a table'`,
	`COMMENT ON COLUMN orders.note IS 'a note'`,
	`COMMENT ON CONSTRAINT orders_pkey ON orders IS 'the key'`,
	`COMMENT ON CONSTRAINT later ON orders IS 'late'`,
	`COMMENT ON CONSTRAINT orders_customer_fk ON orders IS 'fk'`,
	`COMMENT ON INDEX same1 IS 'the first'`,
	`COMMENT ON SEQUENCE orders_number_seq IS 'numbers'`,
	`CREATE TABLE lines (id int PRIMARY KEY, order_id int NOT NULL REFERENCES orders ON DELETE CASCADE)`,
	`INSERT INTO customers SELECT n, 'c' || n FROM generate_series(1, 3) n`,
	`INSERT INTO orders (customer, note, total, tags) SELECT 1, 'n' || n, n, ARRAY['a'] FROM generate_series(1, 5) n`,
}

func TestAPlainShadowIsLikeItsSource(t *testing.T) {
	t.Parallel()

	conn := session(t, orders...)
	before := load(t, conn, "public.orders")
	plan := build(t, conn, "public.orders", shadow.Change{})
	require.Equal(t, before, plan.Source)
	require.Len(t, plan.LateChecks, 1)
	require.Len(t, plan.ForeignKeys, 3)
	require.Len(t, plan.ReferencedBy, 1)
	require.Empty(t, plan.Mismatches)
	for _, column := range plan.Columns {
		require.True(t, column.Same)
		require.True(t, column.Safe)
		require.Equal(t, column.Source, column.Shadow)
		require.Equal(t, "s."+column.Source.String(), string(column.Reverse))
	}
	require.Equal(t, shadow.KeyColumn{
		Source: "id", SourceType: "integer", SourceEq: "OPERATOR(pg_catalog.=)",
		Shadow: "id", ShadowType: "integer", ShadowEq: "OPERATOR(pg_catalog.=)",
	}, plan.Key[0])

	renumber(&before) // the dropped column leaves no gap
	require.Empty(t, catalog.Diff(before, finish(t, conn, plan)))
	pgtest.Exec(t, conn, `INSERT INTO public.orders (customer) VALUES (2)`)
}

// renumber counts columns as a table without dropped columns does.
func renumber(r *catalog.Relation) {
	nums := map[int16]int16{}
	for i := range r.Columns {
		nums[r.Columns[i].Num] = int16(i + 1)
		r.Columns[i].Num = int16(i + 1)
	}
	each := func(list []int16) []int16 {
		out := []int16{}
		for _, num := range list {
			out = append(out, nums[num])
		}
		return out
	}
	for i := range r.Indexes {
		r.Indexes[i].Columns = each(r.Indexes[i].Columns)
	}
	for i := range r.Checks {
		r.Checks[i].Columns = each(r.Checks[i].Columns)
	}
	for i := range r.NotNulls {
		r.NotNulls[i].Column = nums[r.NotNulls[i].Column]
	}
}

func TestARollbackLeavesNoTrace(t *testing.T) {
	t.Parallel()

	conn := session(t, orders...)
	before := pgtest.CatalogSnapshot(t, conn)
	tx, err := conn.Begin(t.Context())
	require.NoError(t, err)
	_, err = shadow.Build(t.Context(), tx, load(t, tx, "public.orders"), names, shadow.Change{
		Alter: []string{`ADD COLUMN x bigserial, ADD FOREIGN KEY (p) REFERENCES customers`}, PKBigint: true,
	}, searchPath)
	require.NoError(t, err)
	require.Empty(t, pgtest.Value[string](t, conn, `SHOW default_tablespace`))
	require.Equal(t, `""`, pgtest.Value[string](t, conn, `SHOW search_path`))
	require.NoError(t, tx.Rollback(t.Context()))
	pgtest.RequireSameCatalog(t, before, pgtest.CatalogSnapshot(t, conn))
}

func TestPersistenceTablespaceAndMethodAreCarried(t *testing.T) {
	t.Parallel()

	conn := session(t, `CREATE UNLOGGED TABLE t (id int PRIMARY KEY, b text COMPRESSION pglz)`)
	before := load(t, conn, "public.t")
	plan := build(t, conn, "public.t", shadow.Change{})
	require.Equal(t, "u", plan.Shadow.Persistence)
	require.Empty(t, catalog.Diff(before, finish(t, conn, plan)))
}

func TestNullsNotDistinct(t *testing.T) {
	t.Parallel()

	conn := session(t, `CREATE TABLE t (id int PRIMARY KEY, a int, b int)`)
	if pgtest.ServerVersion(t, conn) < 15 {
		t.Skip("new in PostgreSQL 15")
	}
	pgtest.Exec(t, conn, `ALTER TABLE public.t ADD UNIQUE NULLS NOT DISTINCT (a, b)`)
	pgtest.Exec(t, conn, `CREATE UNIQUE INDEX ON public.t (b) NULLS NOT DISTINCT WHERE a > 0`)
	before := load(t, conn, "public.t")
	require.Empty(t, catalog.Diff(before, finish(t, conn, build(t, conn, "public.t", shadow.Change{}))))
}

func TestPostgreSQL18(t *testing.T) {
	t.Parallel()

	conn := session(t, `CREATE EXTENSION btree_gist`, `CREATE TABLE t (id int, a int, b int, during daterange NOT NULL)`)
	if pgtest.ServerVersion(t, conn) < 18 {
		t.Skip("new in PostgreSQL 18")
	}
	for _, sql := range []string{
		`ALTER TABLE public.t ADD CONSTRAINT named NOT NULL a`,
		`ALTER TABLE public.t ADD CONSTRAINT late NOT NULL b NOT VALID`,
		`ALTER TABLE public.t ADD CONSTRAINT id_set NOT NULL id, ADD CONSTRAINT key PRIMARY KEY (id)`,
		`ALTER TABLE public.t ADD CONSTRAINT never CHECK (a > b) NOT ENFORCED`,
		`ALTER TABLE public.t ADD COLUMN v int GENERATED ALWAYS AS (a + 1) VIRTUAL`,
		`ALTER TABLE public.t ADD CONSTRAINT periods UNIQUE (a, during WITHOUT OVERLAPS)`,
		`CREATE TABLE public.child (a int, during daterange, CONSTRAINT child_fk FOREIGN KEY (a, PERIOD during)
			REFERENCES public.t (a, PERIOD during))`,
		`CREATE TABLE public.loose (id int CONSTRAINT loose_fk REFERENCES public.t NOT ENFORCED)`,
		`COMMENT ON CONSTRAINT named ON public.t IS 'named'`,
		`COMMENT ON CONSTRAINT late ON public.t IS 'late'`,
	} {
		pgtest.Exec(t, conn, sql)
	}
	before := load(t, conn, "public.t")
	plan := build(t, conn, "public.t", shadow.Change{})
	require.Len(t, plan.LateNotNulls, 1)
	require.Empty(t, catalog.Diff(before, finish(t, conn, plan)))
}

func TestOwnerAndGrantsAreTheSources(t *testing.T) {
	t.Parallel()

	conn := session(t)
	role := func(name string) string {
		return fmt.Sprintf("%s_%s", name, pgtest.Value[string](t, conn, `SELECT pg_catalog.current_database()`)[40:])
	}
	owner, reader, other, admin := role("own"), role("Read er"), role("other"), role("admin")
	for _, name := range []string{owner, reader, other, admin} {
		pgtest.Exec(t, conn, fmt.Sprintf(`CREATE ROLE %q`, name))
	}
	dsn := conn.Config().ConnString()
	t.Cleanup(func() {
		ctx := context.Background()
		again, err := pgx.Connect(ctx, dsn)
		require.NoError(t, err)
		defer again.Close(ctx)
		for _, verb := range []string{`DROP OWNED BY %q CASCADE`, `DROP ROLE %q`} {
			for _, name := range []string{owner, reader, other, admin} {
				_, err := again.Exec(ctx, fmt.Sprintf(verb, name))
				require.NoError(t, err)
			}
		}
	})
	for _, sql := range []string{
		`CREATE TABLE public.t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a int, b int)`,
		fmt.Sprintf(`ALTER TABLE public.t OWNER TO %q`, owner),
		fmt.Sprintf(`GRANT SELECT, UPDATE ON public.t TO %q WITH GRANT OPTION`, reader),
		`GRANT INSERT ON public.t TO PUBLIC`,
		fmt.Sprintf(`GRANT SELECT (a), UPDATE (b) ON public.t TO %q`, other),
		fmt.Sprintf(`REVOKE TRUNCATE ON public.t FROM %q`, owner),
		fmt.Sprintf(`GRANT USAGE ON SEQUENCE public.t_id_seq TO %q`, other),
		`CREATE TABLE public.u (id int PRIMARY KEY, a int)`,
		fmt.Sprintf(`ALTER TABLE public.u OWNER TO %q`, owner),
		fmt.Sprintf(`GRANT %q TO %q`, owner, admin),
		fmt.Sprintf(`ALTER SCHEMA repave OWNER TO %q`, admin),
		fmt.Sprintf(`ALTER DEFAULT PRIVILEGES FOR ROLE %q GRANT ALL ON TABLES TO PUBLIC`, admin),
		fmt.Sprintf(`ALTER DEFAULT PRIVILEGES FOR ROLE %q GRANT ALL ON SEQUENCES TO %q`, admin, other),
		fmt.Sprintf(`SET ROLE %q`, admin),
	} {
		pgtest.Exec(t, conn, sql)
	}
	schema := pgtest.Value[string](t, conn, `SELECT nspacl::text FROM pg_catalog.pg_namespace WHERE nspname = 'public'`)
	for _, table := range []string{"t", "u"} {
		before := load(t, conn, "public."+table)
		build(t, conn, "public."+table, shadow.Change{})
		after := load(t, conn, "repave.repave_7_1_shadow")
		after.Table, after.Indexes, after.Sequences = before.Table, before.Indexes, sequencesAs(before, after)
		require.Empty(t, catalog.Diff(before, after))
		pgtest.Exec(t, conn, `DROP TABLE repave.repave_7_1_shadow`)
	}
	require.Equal(t, schema,
		pgtest.Value[string](t, conn, `SELECT nspacl::text FROM pg_catalog.pg_namespace WHERE nspname = 'public'`))
	pgtest.Exec(t, conn, `RESET ROLE`)
}

// sequencesAs gives the sequences of after the names they have in before.
func sequencesAs(before, after catalog.Relation) []catalog.Sequence {
	for i := range after.Sequences {
		after.Sequences[i].Table = before.Sequences[i].Table
	}
	return after.Sequences
}

func TestAChangeSinceItWasReadIsNoticed(t *testing.T) {
	t.Parallel()

	conn := session(t, `CREATE TABLE t (id int PRIMARY KEY, a int)`)
	src := load(t, conn, "public.t")
	pgtest.Exec(t, conn, `ALTER TABLE public.t ADD COLUMN b int`)
	tx, err := conn.Begin(t.Context())
	require.NoError(t, err)
	_, err = shadow.Build(t.Context(), tx, src, names, shadow.Change{}, searchPath)
	require.ErrorContains(t, err, "changed meanwhile")
}
