package logical_test

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/sqltmpl"
	. "github.com/repave-pg/repave/strategies/logical" //nolint:revive // the package under test
	"github.com/repave-pg/repave/tests/pgtest"
)

// TestLaw9DDLIsNoticed before a row of another shape is applied.
func TestLaw9DDLIsNoticed(t *testing.T) {
	t.Parallel()
	const more = "CREATE TABLE more (id int PRIMARY KEY); ALTER PUBLICATION p ADD TABLE more; ALTER TABLE more RENAME TO t2"
	for _, test := range []struct{ ddl, says string }{
		{"ALTER TABLE t ADD x int DEFAULT 1", `column "x" is new`},
		{"ALTER TABLE t DROP n", `column "n" is gone`},
		{"ALTER TABLE t RENAME n TO m", `column "m" is new, column "n" is gone`},
		{"ALTER TABLE t ALTER n TYPE bigint", `column "n" is of type bigint, it was integer`},
		{"ALTER TABLE t ALTER v TYPE varchar(20)", `character varying(20), it was character varying(10)`},
		{"ALTER TABLE t DROP CONSTRAINT t_pkey", "replica identity"},
		{"ALTER TABLE t REPLICA IDENTITY USING INDEX other", `does not have the key column "id"`},
		{"ALTER TABLE t RENAME TO elsewhere", "called public.elsewhere"},
		{"ALTER TABLE t SET SCHEMA s", "called s.t"},
		{"ALTER TABLE t DROP v; ALTER TABLE t RENAME n TO v; ALTER TABLE t ADD n varchar(10)", "another order"},
		{more, ""},
	} {
		ddl, says := test.ddl, test.says
		t.Run(ddl, func(t *testing.T) {
			t.Parallel()
			e := between(t, `CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL, v varchar(10)); CREATE UNIQUE INDEX other ON t (n); CREATE SCHEMA s`, "t").begin()
			e.run("INSERT INTO t VALUES (1, 1, 'a')")
			e.drain()
			table := "t"
			if says == "" {
				ddl, says, table = "CREATE TABLE t2 (id int PRIMARY KEY); ALTER PUBLICATION "+pgx.Identifier{e.name}.Sanitize()+" ADD TABLE t2", "not a table of the job", "t2"
			}
			e.run(ddl)
			switch ddl {
			case "ALTER TABLE t RENAME TO elsewhere":
				table = "elsewhere"
			case "ALTER TABLE t SET SCHEMA s":
				table = "s.t"
			}
			e.run("INSERT INTO " + table + " (id) SELECT 2 WHERE false")
			before := pgtest.Rows(t, e.target, "SELECT * FROM t")
			e.run("INSERT INTO " + table + " SELECT 2" + map[bool]string{true: ", 2", false: ""}[table != "t2"])
			err := e.applier.Follow(t.Context(), e.stream, Goal{})
			var hinter interface{ Hint() string }
			if table == "t2" {
				require.ErrorAs(t, err, new(*UnknownError))
			} else {
				require.ErrorAs(t, err, new(*ChangedError))
			}
			require.ErrorContains(t, err, says)
			require.ErrorAs(t, err, &hinter)
			require.NotEmpty(t, hinter.Hint())
			require.Equal(t, before, pgtest.Rows(t, e.target, "SELECT * FROM t"))
			require.ErrorIs(t, e.applier.Follow(t.Context(), e.stream, Goal{}), ErrBroken)
		})
	}
}

// TestLaw1Field28PublicationIsOfJustTheseTables: not of what inherits from them, but of all partitions, each under its own name, a
// TRUNCATE of one too.
func TestLaw1Field28PublicationIsOfJustTheseTables(t *testing.T) {
	t.Parallel()
	e := between(t, `CREATE TABLE t (id int, PRIMARY KEY (id)) PARTITION BY RANGE (id);
		CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (10); CREATE TABLE t2 PARTITION OF t FOR VALUES FROM (10) TO (20);
		CREATE TABLE parent (id int PRIMARY KEY); CREATE TABLE child () INHERITS (parent)`, "t", "parent").begin()
	whole := e.mappings[0]
	e.mappings = e.mappings[1:]
	for i, name := range []sqltmpl.Ident{"t1", "t2"} {
		leaf := sqltmpl.Table{Schema: "public", Name: name}
		e.mappings = append(e.mappings, whole.Of(i+1, leaf, pgtest.Value[uint32](t, e.source, "SELECT $1::text::regclass::oid", leaf.String()), leaf))
	}
	e.run("INSERT INTO t SELECT generate_series(0, 19)", "UPDATE t SET id = 19 - id WHERE id = 99", "INSERT INTO parent VALUES (1)", "INSERT INTO child VALUES (2)",
		"DELETE FROM t WHERE id = 3", "UPDATE t SET id = 3 WHERE id = 13", "UPDATE t SET id = 13 WHERE id = 4")
	e.drain()
	rows := func(conn *pgx.Conn) []string { return pgtest.Rows(t, conn, "SELECT id FROM t ORDER BY 1") }
	require.Equal(t, rows(e.source), rows(e.target))
	require.Equal(t, []string{"1"}, pgtest.Rows(t, e.target, "SELECT id FROM parent"))
	e.run("TRUNCATE t1", "INSERT INTO t VALUES (5)")
	e.drain()
	require.Equal(t, rows(e.source), rows(e.target))
	err := pgx.BeginFunc(t.Context(), e.source, func(tx pgx.Tx) error { return Publish(t.Context(), tx, "none", []sqltmpl.Table{}) })
	require.ErrorContains(t, err, "no tables")
}
