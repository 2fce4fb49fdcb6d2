package shadow_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/tests/pgtest"
)

// extremes are types with the values that strain others most.
var extremes = map[string][]string{
	"smallint":      {"32767", "-32768"},
	"integer":       {"2147483647"},
	"bigint":        {"9223372036854775807"},
	"real":          {"'3e38'", "'NaN'", "'-Infinity'"},
	"float8":        {"'1e308'", "'NaN'"},
	"numeric":       {"1e300", "'NaN'"},
	"numeric(10,2)": {"99999999.99", "-99999999.99"},
	"numeric(12,2)": {"9999999999.99"},
	"numeric(12,4)": {"99999999.9999"},
	"varchar(5)":    {"'äöüßx'"},
	"varchar(8)":    {"'12345678'"},
	"varchar":       {"repeat('x', 100)"},
	"text":          {"repeat('x', 100)", "''"},
	"char(6)":       {"'abcdef'"},
	"varbit(4)":     {"B'1111'"},
	"varbit(6)":     {"B'111111'"},
	"varbit":        {"B'1111111111'"},
	"date":          {"'5874897-12-31'", "'infinity'"},
	"timestamp":     {"'294276-12-31 23:59:59.999999'"},
	"timestamptz":   {"'-infinity'"},
	"jsonb":         {`'{"a": 1}'`},
	"json":          {`'{"a": "\u0000"}'`},
	"posint":        {"1"},
	"uuid":          {"'00000000-0000-0000-0000-000000000001'"},
}

// TestWhatNeverFailsDoesNot assigns the extremes of each type to every other.
func TestWhatNeverFailsDoesNot(t *testing.T) {
	t.Parallel()

	conn := session(t, `CREATE DOMAIN posint AS int CHECK (VALUE > 0)`)
	pgtest.Exec(t, conn, `SET search_path = public`)
	columns := map[string]catalog.Column{}
	for name := range extremes {
		pgtest.Exec(t, conn, `DROP TABLE IF EXISTS c`)
		pgtest.Exec(t, conn, `CREATE TABLE c (v `+name+`)`)
		pgtest.Exec(t, conn, `SET search_path = ''`)
		columns[name] = load(t, conn, "public.c").Columns[0]
		pgtest.Exec(t, conn, `SET search_path = public`)
	}
	safe := 0
	for from, values := range extremes {
		pgtest.Exec(t, conn, `DROP TABLE IF EXISTS a`)
		pgtest.Exec(t, conn, `CREATE TABLE a (v `+from+`)`)
		for _, value := range values {
			pgtest.Exec(t, conn, `INSERT INTO a VALUES (`+value+`)`)
		}
		for to := range extremes {
			if from == to || !shadow.NeverFails(columns[from], columns[to]) {
				continue
			}
			safe++
			pgtest.Exec(t, conn, `DROP TABLE IF EXISTS b`)
			pgtest.Exec(t, conn, `CREATE TABLE b (v `+to+`)`)
			_, err := conn.Exec(t.Context(), `INSERT INTO b SELECT v FROM a`)
			require.NoError(t, err, "%s -> %s", from, to)
		}
	}
	require.Greater(t, safe, 40)
	require.True(t, shadow.NeverFails(columns["varchar(5)"], columns["varchar(8)"]))
	require.True(t, shadow.NeverFails(columns["numeric(10,2)"], columns["numeric(12,4)"]))
	require.False(t, shadow.NeverFails(columns["numeric(12,2)"], columns["numeric(12,4)"]))
	require.False(t, shadow.NeverFails(columns["varchar(8)"], columns["varchar(5)"]))
	require.False(t, shadow.NeverFails(columns["integer"], columns["posint"]))
}
