package layout_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/repave-pg/repave/internal/layout"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/tests/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// A kind is a type with values for it, of several sizes.
type kind struct {
	sql    string
	values []string
}

var kinds = []kind{
	{"boolean", []string{"true"}},
	{`"char"`, []string{"'x'"}},
	{"smallint", []string{"1"}},
	{"integer", []string{"1"}},
	{"real", []string{"1"}},
	{"date", []string{"'2024-01-01'"}},
	{"bigint", []string{"1"}},
	{"timestamptz", []string{"'2024-01-01'"}},
	{"timetz", []string{"'10:00+01'"}},
	{"interval", []string{"'1 day'"}},
	{"uuid", []string{"'00000000-0000-0000-0000-000000000001'"}},
	{"macaddr", []string{"'08:00:2b:01:02:03'"}},
	{"name", []string{"'x'"}},
	{"tid", []string{"'(1,1)'"}},
	{"text", []string{"''", "'abc'", "repeat('x', 126)", "repeat('x', 127)", "repeat('x', 900)", "repeat('abcdefgh', 500)"}},
	{"varchar(200)", []string{"'a'", "repeat('y', 130)"}},
	{"numeric", []string{"0", "1.5", "123456789012345.678"}},
	{"bigint[]", []string{"'{}'", "'{1,2,3}'", "array_fill(1::bigint, ARRAY[20])"}},
	{"jsonb", []string{"'{}'", `'{"a": 1}'`}},
	{"int8range", []string{"'[1,5)'", "'empty'"}},
	{"box", []string{"'((0,0),(1,1))'"}},
	{"inet", []string{"'10.0.0.1'"}},
}

// stored returns a table's columns and a sample of its rows.
func stored(t require.TestingT, conn *pgx.Conn, table string) ([]layout.Column, layout.Rows) {
	ctx := context.Background()
	var oid uint32
	require.NoError(t, conn.QueryRow(ctx, "SELECT $1::text::regclass::oid", table).Scan(&oid))
	columns, err := layout.Load(ctx, conn, oid)
	require.NoError(t, err)
	var values []sqltmpl.SampleValue
	for _, c := range columns {
		values = append(values, sqltmpl.SampleValue{Column: sqltmpl.Ident(c.Name), Absent: c.Absent, Fixed: c.Length > 0})
	}
	rows, err := layout.Sample(ctx, conn, oid, sqltmpl.Rows{Of: sqltmpl.Table{Schema: "public", Name: sqltmpl.Ident(table)}}, values)
	require.NoError(t, err)
	return columns, rows
}

// TestTheServerAgrees predicts the size of random rows of random tables, and
// asks the server: of each row, and of a page's worth of copies of it.
func TestTheServerAgrees(t *testing.T) {
	t.Parallel()

	conn := pgtest.Connect(t, pgtest.Database(t))
	rapid.Check(t, func(r *rapid.T) {
		run := func(sql string) {
			_, err := conn.Exec(context.Background(), sql)
			require.NoError(r, err, sql)
		}
		var definitions, row []string
		for i := range rapid.IntRange(1, 20).Draw(r, "columns") {
			k := rapid.SampledFrom(kinds).Draw(r, "kind")
			value := rapid.SampledFrom(append([]string{"NULL"}, k.values...)).Draw(r, "value")
			definition := fmt.Sprintf("c%d %s", i, k.sql)
			if value != "NULL" && rapid.Bool().Draw(r, "not null") {
				definition += " NOT NULL"
			}
			definitions, row = append(definitions, definition), append(row, value)
		}
		run("DROP TABLE IF EXISTS t")
		run("CREATE TABLE t (" + strings.Join(definitions, ", ") + ")")
		run("INSERT INTO t SELECT " + strings.Join(row, ", ") + " FROM generate_series(1, 400)")
		columns, sample := stored(r, conn, "t")
		require.Len(r, sample.Rows, 400)
		tuple := layout.Row(columns, sample.Rows[0])
		var pages, most int
		require.NoError(r, conn.QueryRow(context.Background(), `SELECT pg_relation_size('t') / 8192`).Scan(&pages))
		perPage := int(layout.RowsPerPage(float64(tuple.OnPage()), 100))
		most = (400 + perPage - 1) / perPage
		require.Equal(r, most, pages, "%v: %+v", definitions, tuple)

		order := layout.Optimize(columns, sample.Rows)
		before := layout.Average(columns, sample.Rows)
		after := layout.Average(layout.Permute(columns, order), sample.Permuted(order))
		require.LessOrEqual(r, after.OnPage, before.OnPage, "never worse")
		run("DROP TABLE IF EXISTS moved")
		run("CREATE TABLE moved (" + strings.Join(layout.Permute(definitions, order), ", ") + ")")
		run("INSERT INTO moved SELECT " + strings.Join(layout.Permute(row, order), ", ") + " FROM generate_series(1, 400)")
		movedColumns, movedSample := stored(r, conn, "moved")
		require.InDelta(r, layout.Average(movedColumns, movedSample.Rows).OnPage, after.OnPage, 0.001)
		require.NoError(r, conn.QueryRow(context.Background(), `SELECT pg_relation_size('moved') / 8192`).Scan(&most))
		require.LessOrEqual(r, most, pages)
	})
}

// TestRowsAreSizedToTheByte compares with pg_column_size of the whole row,
// which counts the header and every byte of padding between columns.
func TestRowsAreSizedToTheByte(t *testing.T) {
	t.Parallel()

	conn := pgtest.Connect(t, pgtest.Database(t), `CREATE TABLE t (
		a boolean, b bigint, c smallint, d text, e int, f uuid, g timetz, h bigint[], i int, j text)`)
	for _, row := range []string{
		`true, 1, 2, 'x', 3, '00000000-0000-0000-0000-000000000001', '10:00+01', '{1}', 5, 'y'`,
		`true, NULL, 2, repeat('x', 126), 3, NULL, '10:00+01', '{1,2,3,4,5,6,7,8,9,10,11,12,13,14}', 5, 'y'`,
		`true, 1, 2, repeat('x', 127), 3, NULL, NULL, NULL, NULL, repeat('z', 300)`,
		`NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, ''`,
	} {
		pgtest.Exec(t, conn, `TRUNCATE t`)
		pgtest.Exec(t, conn, `INSERT INTO t VALUES (`+row+`)`)
		columns, sample := stored(t, conn, "t")
		require.Equal(t, pgtest.Count(t, conn, `SELECT pg_column_size(t.*) FROM t`),
			layout.Row(columns, sample.Rows[0]).Bytes(), row)
	}
}

// TestNoOrderIsBetter tries every order of a few columns of fixed width.
func TestNoOrderIsBetter(t *testing.T) {
	t.Parallel()

	widths := []layout.Column{
		{Length: 1, Align: 1},
		{Length: 2, Align: 2},
		{Length: 4, Align: 4},
		{Length: 8, Align: 8},
		{Length: 16, Align: 1},
		{Length: 16, Align: 8},
	}
	rapid.Check(t, func(r *rapid.T) {
		var columns []layout.Column
		for range rapid.IntRange(1, 6).Draw(r, "columns") {
			columns = append(columns, rapid.SampledFrom(widths).Draw(r, "column"))
		}
		size := func(order []int) int {
			moved := layout.Permute(columns, order)
			return layout.Row(moved, layout.Typical(moved)).OnPage()
		}
		best := size(layout.Optimize(columns, nil))
		var order []int
		var try func(left []int)
		try = func(left []int) {
			if len(left) == 0 {
				require.LessOrEqual(r, best, size(order))
				return
			}
			for i, at := range left {
				order = append(order, at)
				try(append(append([]int{}, left[:i]...), left[i+1:]...))
				order = order[:len(order)-1]
			}
		}
		all := make([]int, len(columns))
		for i := range all {
			all[i] = i
		}
		try(all)
	})
}

func TestOptimize(t *testing.T) {
	t.Parallel()

	columns := []layout.Column{
		{Name: "flag", Length: 1, Align: 1, NotNull: true},
		{Name: "note", Length: -1, Align: 4, Packable: true},
		{Name: "maybe", Length: 8, Align: 8},
		{Name: "at", Length: 12, Align: 8, NotNull: true},
		{Name: "n", Length: 4, Align: 4, NotNull: true},
		{Name: "id", Length: 8, Align: 8, NotNull: true},
		{Name: "long", Length: -1, Align: 4, Packable: true},
	}
	rows := [][]layout.Value{{
		{Size: 1}, {Size: 2}, {Size: 8}, {Size: 12}, {Size: 4}, {Size: 8}, {Size: 498},
	}}
	var names []string
	for _, c := range layout.Permute(columns, layout.Optimize(columns, rows)) {
		names = append(names, c.Name)
	}
	require.Equal(t, []string{"id", "maybe", "at", "n", "flag", "long", "note"}, names)
}
