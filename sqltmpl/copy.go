package sqltmpl

import (
	"context"
	"io"

	"github.com/jackc/pgx/v5"
)

// CopyTo runs s, a COPY ... TO STDOUT, and returns the number of rows that went
// to w. If writing fails the connection is closed.
func (s Statement) CopyTo(ctx context.Context, conn *pgx.Conn, w io.Writer) (int64, error) {
	tag, err := conn.PgConn().CopyTo(ctx, w, s.SQL)
	if err != nil {
		return 0, &StatementError{Statement: s.Name, Err: err}
	}
	return tag.RowsAffected(), nil
}

// CopyFrom runs s, a COPY ... FROM STDIN, and returns the number of rows that it
// wrote. After an error a read from r may go on until r ends or is closed.
func (s Statement) CopyFrom(ctx context.Context, conn *pgx.Conn, r io.Reader) (int64, error) {
	tag, err := conn.PgConn().CopyFrom(ctx, r, s.SQL)
	if err != nil {
		return 0, &StatementError{Statement: s.Name, Err: err}
	}
	return tag.RowsAffected(), nil
}

// ResultTypes runs s and returns the types of its columns: of a domain, what it
// is over.
func (s Statement) ResultTypes(ctx context.Context, db DB) ([]uint32, error) {
	rows, err := db.Query(ctx, s.SQL, s.args()...)
	if err != nil {
		return nil, &StatementError{Statement: s.Name, Err: err}
	}
	rows.Close()
	if err := rows.Err(); err != nil {
		return nil, &StatementError{Statement: s.Name, Err: err}
	}
	var types []uint32
	for _, field := range rows.FieldDescriptions() {
		types = append(types, field.DataTypeOID)
	}
	return types, nil
}
