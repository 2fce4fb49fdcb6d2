package catalog_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/tests/pgtest"
)

// TestLoadSeesEveryOther makes one object after the other and expects Load
// to see it, and Drop to take it away again.
func TestLoadSeesEveryOther(t *testing.T) {
	t.Parallel()

	conn := pgtest.Connect(t, pgtest.Database(t), ordersSchema...)
	version := pgtest.ServerVersion(t, conn)
	pgtest.Exec(t, conn, `CREATE SCHEMA repave`)
	pgtest.Exec(t, conn, `CREATE TABLE public.x (id bigint)`)
	pgtest.Exec(t, conn, `CREATE FUNCTION public.trg() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'`)
	pgtest.Exec(t, conn, `CREATE FUNCTION public.castf(public.orders) RETURNS int LANGUAGE sql AS 'SELECT 1'`)
	for _, tc := range []struct {
		kind, make string
		since      int
	}{
		{kind: "publication", make: `CREATE PUBLICATION p FOR ALL TABLES`},
		{kind: "publication", make: `CREATE PUBLICATION ps FOR TABLES IN SCHEMA public`, since: 15},
		{kind: "publication", make: `CREATE PUBLICATION pr FOR TABLES IN SCHEMA repave`, since: 15},
		{kind: "column", make: `CREATE TABLE public.r1 (a int, o public.orders)`},
		{kind: "column", make: `CREATE TABLE public.r2 (a int, o public.orders[])`},
		{kind: "column", make: `CREATE TYPE public.comp AS (a int, o public.orders)`},
		{kind: "type", make: `CREATE DOMAIN public.dom AS public.orders`},
		{kind: "default", make: `CREATE TABLE public.d (t text DEFAULT (NULL::public.orders)::text)`},
		{kind: "constraint", make: `CREATE TABLE public.c (t text CONSTRAINT k CHECK (t <> (NULL::public.orders)::text))`},
		{kind: "child", make: `CREATE TABLE public.child () INHERITS (public.orders)`},
		{kind: "inherited", make: `DO $$BEGIN ALTER TABLE public.orders INHERIT public.x; ALTER TABLE public.x ADD inherited int; END$$`},
		{kind: "object", make: `CREATE CAST (public.orders AS int) WITH FUNCTION public.castf(public.orders)`},
		{kind: "extension", make: `ALTER EXTENSION plpgsql ADD TABLE public.orders`},
		{kind: "type", make: `DO $$BEGIN GRANT USAGE ON TYPE public.orders TO pg_monitor WITH GRANT OPTION; SET ROLE pg_monitor;
			GRANT USAGE ON TYPE public.orders TO pg_read_all_stats; RESET ROLE; END$$`},
		{kind: "subscription", make: `CREATE SUBSCRIPTION sub CONNECTION 'dbname=x' PUBLICATION p WITH (connect = false, slot_name = NONE)`},
	} {
		if version < tc.since {
			continue
		}
		before := load(t, conn).Others
		pgtest.Exec(t, conn, tc.make)
		if tc.kind == "subscription" {
			pgtest.Exec(t, conn, `INSERT INTO pg_catalog.pg_subscription_rel (srsubid, srrelid, srsubstate)
				SELECT oid, 'public.orders'::regclass, 'r' FROM pg_catalog.pg_subscription`)
		}
		after := load(t, conn).Others
		added := slices.DeleteFunc(slices.Clone(after), func(d catalog.Other) bool {
			return slices.Contains(before, d)
		})
		require.Len(t, added, 1, tc.make)
		require.Equal(t, tc.kind, added[0].Kind, tc.make)
		require.NotEmpty(t, added[0].Description, tc.make)
		if tc.kind == "subscription" {
			pgtest.Exec(t, conn, `DROP SUBSCRIPTION sub`)
			continue
		}
		pgtest.Exec(t, conn, added[0].Drop)
		require.Equal(t, before, load(t, conn).Others, tc.make)
	}
}

func TestLoadLeavesOutWhatIsRepaves(t *testing.T) {
	t.Parallel()

	conn := pgtest.Connect(t, pgtest.Database(t), ordersSchema...)
	before := load(t, conn)
	for _, statement := range []string{
		`CREATE SCHEMA repave`,
		`CREATE FUNCTION repave.repave_7_1_log() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'`,
		`CREATE TRIGGER repave_7_1_log AFTER INSERT ON public.orders FOR EACH ROW EXECUTE FUNCTION repave.repave_7_1_log()`,
		`CREATE TABLE repave.repave_7_1_shadow (id bigint DEFAULT nextval('public.orders_id_seq'), o public.orders)`,
		`CREATE VIEW repave.repave_7_1_v AS SELECT id FROM public.orders`,
		`CREATE FUNCTION repave.repave_7_1_f(public.orders) RETURNS int LANGUAGE sql AS 'SELECT 1'`,
	} {
		pgtest.Exec(t, conn, statement)
	}
	require.Equal(t, before, load(t, conn))
	require.Empty(t, catalog.Diff(before, load(t, conn)))
}
