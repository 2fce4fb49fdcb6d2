package laws_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/tests/pgtest"
)

// TestLaw2AcrossOddSettingsOfTheDatabases: whatever values look like to the sessions of applications, and to whoever runs the job,
// they arrive as they are, there and back. NULL in an array would become a word, XML without a root be refused, and a type be
// taken for another one whose name comes quoted.
func TestLaw2AcrossOddSettingsOfTheDatabases(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	c := twoClusters(t)
	source := pgtest.Connect(t, c.from, `CREATE TYPE mood AS ENUM ('sad', 'ok')`,
		`CREATE TABLE odd (id int PRIMARY KEY, words text[], ns int[], x xml, j json, m mood, f float8, iv interval, at timestamptz, b bytea)`,
		`INSERT INTO odd SELECT g, ARRAY[NULL, 'NULL', 'null', ''], '{1,NULL}', 'a<b/>c', '{"a" : 1}', 'ok', g / 3.0, '-1 mon +2 days -03:00', 'infinity', '\x5c00'
			FROM generate_series(1, 20) g`)
	target := pgtest.Connect(t, c.to, `CREATE TYPE mood AS ENUM ('sad', 'ok')`)
	const change = `UPDATE odd SET words = words || ARRAY[NULL, 'n'], ns = ns || NULL::int, x = xmlconcat(x, 'd'), f = f + 0.1, b = b || '\x27' WHERE id % 2 = 1`
	for _, setting := range []string{
		`array_nulls = off`, `xmloption = document`, `quote_all_identifiers = on`, `extra_float_digits = -15`, `IntervalStyle = sql_standard`,
		`standard_conforming_strings = off`, `default_transaction_read_only = on`, `default_transaction_isolation = serializable`,
		`row_security = off`, `session_replication_role = local`,
	} {
		pgtest.Exec(t, target, `ALTER DATABASE postgres SET `+setting)
		if setting != `quote_all_identifiers = on` { // that of one side alone must not matter either
			pgtest.Exec(t, source, `ALTER DATABASE postgres SET `+setting)
		}
	}
	same := func() {
		t.Helper()
		const all = `SELECT o::text FROM odd o ORDER BY id`
		require.Equal(t, pgtest.Rows(t, source, all), pgtest.Rows(t, target, all))
	}
	c.must("run", "--strategy=logical", "odd", "--until", "verify")
	pgtest.Exec(t, source, change)
	c.must("swap", "odd")
	same()
	pgtest.Exec(t, target, change)
	c.must("revert-swap", "--yes", "odd")
	same()
	pgtest.Exec(t, source, change)
	c.must("swap", "odd")
	same()
	c.must("cleanup", "--yes", "odd")
	c.requireNoTraces()
}
