package catalog_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/tests/pgtest"
)

func TestResolve(t *testing.T) {
	t.Parallel()

	long := strings.Repeat("é", 31) + "x" // 63 bytes
	conn := pgtest.Connect(
		t, pgtest.Database(t),
		`CREATE SCHEMA s`, `CREATE SCHEMA "S"`, `CREATE SCHEMA "Sch ema"`,
		`CREATE TABLE public.orders (i int)`, `CREATE TABLE s.orders (i int)`, `CREATE TABLE s.only (i int)`,
		`CREATE TABLE public."Items" (i int)`, `CREATE TABLE s."Items" (i int)`, `CREATE TABLE public."Lone" (i int)`,
		`CREATE TABLE public."Both" (i int)`, `CREATE TABLE public.both (i int)`,
		`CREATE TABLE "Sch ema"."Ta.ble" (i int)`, `CREATE TABLE public."My Table" (i int)`,
		`CREATE TABLE public."`+long+`" (i int)`, `CREATE TABLE public."a'b""c" (i int)`, `CREATE TABLE "S"."T" (i int)`,
	)
	path := []string{"public", "s"}
	for text, want := range map[string]string{
		`orders`:               `public.orders`,
		`ORDERS`:               `public.orders`,
		`"orders"`:             `public.orders`,
		`s.orders`:             `s.orders`,
		`S.Orders`:             `s.orders`,
		`only`:                 `s."only"`,
		`Lone`:                 `public."Lone"`,
		`public.Items`:         `public."Items"`,
		`Both`:                 `public.both`,
		`"Both"`:               `public."Both"`,
		`"Sch ema"."Ta.ble"`:   `"Sch ema"."Ta.ble"`,
		`My Table`:             `public."My Table"`,
		`S.T`:                  `"S"."T"`,
		long:                   `public."` + long + `"`,
		`"a'b""c"`:             `public."a'b""c"`,
		`pg_catalog.pg_class`:  `pg_catalog.pg_class`,
		`information_schema.x`: ``,
		`Items`:                ``, // in both schemas
		`"ORDERS"`:             ``,
		`"orders; DROP"`:       ``,
		long + `x`:             ``,
		`"$1"`:                 ``,
	} {
		oid, table, err := catalog.Resolve(t.Context(), conn, text, path)
		if want == "" {
			var missing *catalog.NotFoundError
			require.ErrorAs(t, err, &missing, text)
			require.NotEmpty(t, missing.Hint(), text)
			continue
		}
		require.NoError(t, err, text)
		require.Equal(t, int(oid), pgtest.Count(t, conn, "SELECT $1::text::regclass::oid::int", want), text)
		require.Equal(t, int(oid), pgtest.Count(t, conn, "SELECT $1::text::regclass::oid::int", table.String()), text)
	}
	_, _, err := catalog.Resolve(t.Context(), conn, `Items`, path)
	var missing *catalog.NotFoundError
	require.ErrorAs(t, err, &missing)
	require.Equal(t, `did you mean 'public."Items"' or 's."Items"'?`, missing.Hint())
	_, _, err = catalog.Resolve(t.Context(), conn, `only`, []string{"public"})
	require.ErrorAs(t, err, &missing)
	require.Equal(t, `did you mean 's.only'?`, missing.Hint())
}
