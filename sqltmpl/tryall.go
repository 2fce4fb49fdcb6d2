package sqltmpl

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
)

// TryAll runs statements that take no arguments in one round trip, each in a
// savepoint of its own. It stops at the first that fails, which is undone, and
// returns how many are in effect; the transaction goes on.
func TryAll(ctx context.Context, tx pgx.Tx, statements ...Statement) (done int, err error) {
	var all []Statement
	for _, s := range statements {
		all = append(all, savepoint{}.Statement(), s, release{}.Statement())
	}
	answers, err := ExecEach(ctx, tx.Conn().PgConn(), all...)
	if err == nil {
		return len(statements), nil
	}
	done = len(answers) / 3
	if IsConnection(err) || ctx.Err() != nil {
		return done, err
	}
	for _, s := range []Statement{rollbackTo{}.Statement(), release{}.Statement()} {
		if _, failed := s.Exec(ctx, tx); failed != nil {
			return done, errors.Join(err, failed)
		}
	}
	return done, err
}
