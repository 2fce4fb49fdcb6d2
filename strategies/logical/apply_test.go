package logical_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/tests/pgtest"
)

// TestLaw2Field23ChangesAreApplied is what a stream can carry, one by one and together.
func TestLaw2Field23ChangesAreApplied(t *testing.T) {
	t.Parallel()
	e := between(t, `CREATE TABLE a (id int PRIMARY KEY, u text UNIQUE, body text);
		CREATE TABLE b (x int, y text, n int GENERATED ALWAYS AS IDENTITY, d int GENERATED ALWAYS AS (x + 1) STORED, PRIMARY KEY (y, x))`,
		"a", "b").begin()
	steps := [][]string{
		{`INSERT INTO a SELECT i, 'u' || i, repeat('x', i) FROM generate_series(1, 100) i`, `INSERT INTO b SELECT i, 'y' || i FROM generate_series(1, 50) i`},
		{`UPDATE a SET body = body || 'z' WHERE id % 2 = 0`, `DELETE FROM a WHERE id % 7 = 0`},
		{`UPDATE a SET id = id + 1000 WHERE id % 3 = 0`, `UPDATE b SET x = x + 100`},
		{`BEGIN; UPDATE a SET u = 'tmp' WHERE id = 1; UPDATE a SET u = 'u1' WHERE id = 2; UPDATE a SET u = 'u2' WHERE id = 1; COMMIT`},
		{`BEGIN; DELETE FROM a WHERE id = 4; INSERT INTO a VALUES (4, 'u4', 'again'); COMMIT`, `UPDATE a SET body = NULL WHERE id = 5`},
		{`BEGIN; INSERT INTO a VALUES (5000, 'a', 'b'); SAVEPOINT s; DELETE FROM a; ROLLBACK TO s; UPDATE a SET id = 5001 WHERE id = 5000; COMMIT`},
		{`BEGIN; INSERT INTO b (x, y) VALUES (1, 'before'); TRUNCATE a, b; INSERT INTO a VALUES (1, 'after', NULL); COMMIT`},
		{`INSERT INTO b (x, y) OVERRIDING SYSTEM VALUE SELECT i, E'\t\\N\r\n' || i FROM generate_series(1, 5) i`},
		{`BEGIN; INSERT INTO a VALUES (7, 'p', 'prepared'); PREPARE TRANSACTION 'p' `, `UPDATE a SET body = 'meanwhile' WHERE id = 1`},
	}
	var all []string
	for _, step := range steps {
		all = append(all, step...)
		e.run(step...)
		e.drain()
		if len(all) < 14 {
			e.equal()
		}
	}
	e.run(`COMMIT PREPARED 'p'`)
	e.drain()
	e.equal()
	require.Equal(t, 1, pgtest.Count(t, e.target, "SELECT count(*) FROM a WHERE body = 'prepared'"))

	// The same in one go.
	e.run(`TRUNCATE a, b`)
	e.run(`ALTER TABLE b ALTER n RESTART`)
	e.run(all...)
	e.run(`COMMIT PREPARED 'p'`)
	e.drain()
	e.equal()
}
