package sqltmpl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// ExecEach runs statements that take no arguments in one round trip and
// returns how many rows each affected. It stops at the first that fails.
func ExecEach(ctx context.Context, conn *pgconn.PgConn, statements ...Statement) ([]int64, error) {
	var text strings.Builder
	for _, s := range statements {
		text.WriteString(s.SQL)
		text.WriteString(";\n")
	}
	results, err := conn.Exec(ctx, text.String()).ReadAll()
	affected := make([]int64, 0, len(statements))
	for _, r := range results {
		affected = append(affected, r.CommandTag.RowsAffected())
	}
	if err != nil {
		name := "nothing"
		if at := min(len(results), len(statements)-1); at >= 0 {
			name = statements[at].Name
		}
		if _, ok := errors.AsType[*pgconn.PgError](err); ok {
			name = failing(text.String(), err)
		}
		return affected, &StatementError{Statement: name, Err: err}
	}
	return affected, nil
}

// LoadText runs a COPY ... FROM STDIN with what r gives.
func (s Statement) LoadText(ctx context.Context, conn *pgconn.PgConn, r io.Reader) (int64, error) {
	tag, err := conn.CopyFrom(ctx, r, s.SQL)
	if err != nil {
		return 0, &StatementError{Statement: s.Name, Err: err}
	}
	return tag.RowsAffected(), nil
}

// TextRow runs a query with arguments in text form and returns its row in text
// form, a NULL as nil; false if there is none.
func (s Statement) TextRow(ctx context.Context, conn *pgconn.PgConn, args [][]byte) ([][]byte, bool, error) {
	result := conn.ExecParams(ctx, s.SQL, args, nil, nil, nil).Read()
	switch {
	case result.Err != nil:
		return nil, false, &StatementError{Statement: s.Name, Err: result.Err}
	case len(result.Rows) == 0:
		return nil, false, nil
	case len(result.Rows) > 1:
		return nil, false, &StatementError{Statement: s.Name, Err: fmt.Errorf("%d rows have one key", len(result.Rows))}
	}
	return result.Rows[0], true, nil
}
