package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/tests/pgtest"
)

func TestPlanClassifiesConversions(t *testing.T) {
	dsn := pgtest.Database(t)
	t.Setenv("REPAVE_DSN", dsn)
	pgtest.Connect(t, dsn, `CREATE TABLE item (id int PRIMARY KEY, n bigint, code varchar(9), word text)`,
		`INSERT INTO item SELECT g, g, 'c', 'w' || g FROM generate_series(1, 3000) g`,
		`UPDATE item SET n = 3000000000 WHERE id > 2970`)
	got := repave(t, "plan", "item", "--pk-bigint", "--alter", "ALTER n TYPE int, ALTER code TYPE text")
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Contains(t, got.stdout, "conversions:\n  id: integer -> bigint: safe, can't fail\n"+
		"  n: bigint -> integer: 30 of 3,000 rows FAIL; correct them before you run it\n")
	require.Contains(t, got.stdout, "    key 2975: integer out of range\n")
	require.Contains(t, got.stdout, "    ... and 10 more\n  code: character varying(9) -> text: safe, can't fail\n")

	got = repave(t, "plan", "item", "--alter", "ALTER n TYPE int", "--check-data", "0")
	require.Contains(t, got.stdout, "n: bigint -> integer: not checked")
	got = repave(t, "plan", "item", "--alter", "ALTER code TYPE varchar(3)")
	require.Contains(t, got.stdout, "code: character varying(9) -> character varying(3): checked, none of 3,000 rows fails")

	// Impossible: no server converts it by itself.
	got = repave(t, "plan", "item", "--alter", "ALTER word TYPE int")
	require.Equal(t, exitFailed, got.code)
	require.Contains(t, got.stderr, `error: --alter 'ALTER word TYPE int'`)
	require.Contains(t, got.stderr, `hint: You might need to specify "USING word::integer".`)
	got = repave(t, "plan", "item", "--alter", "ALTER word TYPE int USING word::int")
	require.Contains(t, got.stdout, "3,000 of 3,000 rows FAIL")
}
