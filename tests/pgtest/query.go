package pgtest

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// Connect opens a connection that is closed when the test ends, and runs the
// statements on it one by one; empty ones are skipped.
func Connect(tb testing.TB, dsn string, statements ...string) *pgx.Conn {
	tb.Helper()

	conn, err := pgx.Connect(tb.Context(), dsn)
	require.NoError(tb, err)
	tb.Cleanup(func() {
		// A test may have lost the connection on purpose.
		_ = conn.Close(context.Background())
	})
	for _, statement := range statements {
		if statement != "" {
			Exec(tb, conn, statement)
		}
	}
	return conn
}

// Exec runs one statement and returns the number of rows that it affected.
func Exec(tb testing.TB, conn *pgx.Conn, sql string, args ...any) int64 {
	tb.Helper()

	tag, err := conn.Exec(tb.Context(), sql, uncached(args)...)
	require.NoError(tb, err, sql)
	return tag.RowsAffected()
}

// Count runs a query for one number.
func Count(tb testing.TB, conn *pgx.Conn, sql string, args ...any) int {
	tb.Helper()

	return Value[int](tb, conn, sql, args...)
}

// Value runs a query for one value.
func Value[T any](tb testing.TB, conn *pgx.Conn, sql string, args ...any) T {
	tb.Helper()

	var value T
	require.NoError(tb, conn.QueryRow(tb.Context(), sql, uncached(args)...).Scan(&value), sql)
	return value
}

// Rows runs a query and returns each row as psql -A -t would print it: the
// values in PostgreSQL's own text form with bars in between, NULL spelled NULL.
func Rows(tb testing.TB, conn *pgx.Conn, sql string, args ...any) []string {
	tb.Helper()

	options := append([]any{pgx.QueryResultFormats{pgx.TextFormatCode}}, uncached(args)...)
	rows, err := conn.Query(tb.Context(), sql, options...)
	require.NoError(tb, err, sql)
	lines, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (string, error) {
		var values []string
		for _, raw := range row.RawValues() {
			if raw == nil {
				values = append(values, "NULL")
				continue
			}
			values = append(values, string(raw))
		}
		return strings.Join(values, "|"), nil
	})
	require.NoError(tb, err, sql)
	return lines
}

// ServerVersion returns the server's major version.
func ServerVersion(tb testing.TB, conn *pgx.Conn) int {
	tb.Helper()

	const perMajor = 10000
	return Count(tb, conn, "SELECT current_setting('server_version_num')::int") / perMajor
}

// uncached keeps pgx from preparing a statement: tests change tables under
// their connections' feet.
func uncached(args []any) []any {
	return append([]any{pgx.QueryExecModeDescribeExec}, args...)
}
