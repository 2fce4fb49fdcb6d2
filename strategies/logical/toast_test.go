package logical_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/sqltmpl"
	. "github.com/repave-pg/repave/strategies/logical" //nolint:revive // the package under test
	"github.com/repave-pg/repave/tests/pgtest"
)

// big is a value that does not compress, kept outside the row.
const big = `(SELECT string_agg(md5(%[1]d::text || i), E'\\') FROM generate_series(1, 500) i)`

const toastSteps = `
	UPDATE t SET n = n + 1;
	UPDATE t SET id = id + 100 WHERE id IN (1, 2);
	BEGIN; UPDATE t SET id = id + 1000 WHERE id = 101; UPDATE t SET n = 7 WHERE id = 1101; UPDATE t SET id = 1 WHERE id = 1101; COMMIT;
	BEGIN; UPDATE t SET n = 9 WHERE id = 3; DELETE FROM t WHERE id = 3; INSERT INTO t SELECT 3, 0, 'u3', body FROM t WHERE id = 4;
		UPDATE t SET n = 1 WHERE id = 3; COMMIT;
	BEGIN; UPDATE t SET n = 2 WHERE id = 5; UPDATE t SET body = body || 'x' WHERE id = 5; UPDATE t SET n = 3 WHERE id = 5; COMMIT;
	BEGIN; UPDATE t SET u = 'tmp' WHERE id = 6; UPDATE t SET u = 'u6' WHERE id = 7; UPDATE t SET u = 'u7' WHERE id = 6; COMMIT;
	UPDATE t SET body = NULL WHERE id = 8;
	UPDATE t SET n = 5`

// TestLaw2Field24LargeValuesLeftUnchanged are not sent, and are there all the same.
func TestLaw2Field24LargeValuesLeftUnchanged(t *testing.T) {
	t.Parallel()
	for _, identity := range []string{"DEFAULT", "FULL", "USING INDEX t_pkey"} {
		for _, expression := range []sqltmpl.Fragment{"", `CAST(s."body" AS text)`, `(body || n)`} {
			t.Run(fmt.Sprint(identity, expression), func(t *testing.T) {
				t.Parallel()
				e := between(t, `CREATE TABLE t (id bigint PRIMARY KEY, n int, u text, body text)`, "t")
				_, err := e.target.Exec(t.Context(), `ALTER TABLE t ADD UNIQUE (u)`)
				require.NoError(t, err)
				e.run(`ALTER TABLE t REPLICA IDENTITY ` + identity)
				if m := &e.mappings[0]; expression != "" {
					m.Values[3], m.Plain[3] = expression, ""
				}
				e.prepare = func(o *ApplyOptions) {
					o.MaxChanges = 3
					o.Reread = func(ctx context.Context, _ Mapping, key []Value) ([]Value, bool, error) {
						conn := pgtest.Connect(t, e.sourceDSN) //nolint:contextcheck // of the test's
						result := conn.PgConn().ExecParams(ctx, "SELECT * FROM t WHERE id = $1::bigint", [][]byte{key[0].Text}, nil, nil, nil).Read()
						if result.Err != nil || len(result.Rows) == 0 {
							return nil, false, result.Err
						}
						var values []Value
						for _, text := range result.Rows[0] {
							kind := Text
							if text == nil {
								kind = Null
							}
							values = append(values, Value{Kind: kind, Text: text})
						}
						return values, true, nil
					}
				}
				e.begin()
				for i := range 10 {
					e.run(fmt.Sprintf(`INSERT INTO t VALUES (%[1]d, 0, 'u%[1]d', `+big+`)`, i+1))
				}
				e.drain()
				e.run(toastSteps)
				e.drain()
				switch expression {
				case "(body || n)":
					want := pgtest.Rows(t, e.source, "SELECT id, n, u, body || n FROM t ORDER BY 1")
					require.Equal(t, want, pgtest.Rows(t, e.target, "SELECT id, n, u, body FROM t ORDER BY 1"))
				default:
					e.equal()
				}
				// A row that the target does not have, as in a mixed copy.
				pgtest.Exec(t, e.target, "DELETE FROM t")
				e.run("UPDATE t SET n = 6")
				if expression == "" && identity != "FULL" {
					e.run("UPDATE t SET id = id + 10000", "UPDATE t SET n = 8")
				}
				e.drain()
				if expression != "(body || n)" {
					e.equal()
				}
			})
		}
	}
}

// TestAKeyTooLargeForItsPlace is not sent with an update that leaves it alone.
func TestAKeyTooLargeForItsPlace(t *testing.T) {
	t.Parallel()
	e := between(t, `CREATE TABLE t (id text PRIMARY KEY, n int)`, "t").begin()
	e.run(`ALTER TABLE t ALTER id SET STORAGE EXTERNAL`,
		`INSERT INTO t SELECT string_agg(md5(k || i::text), ''), 0 FROM generate_series(1, 75) i, generate_series(1, 3) k GROUP BY k`)
	e.drain()
	e.equal()
	e.run(`UPDATE t SET n = n + 1`, `UPDATE t SET id = id || 'x', n = 7 WHERE id > (SELECT min(id) FROM t)`, `DELETE FROM t WHERE n = 1`)
	e.drain()
	e.equal()
	require.Equal(t, 2, pgtest.Count(t, e.target, "SELECT count(*) FROM t"))
}
