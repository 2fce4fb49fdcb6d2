package logical

import (
	"context"
	"fmt"
	"maps"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/repave-pg/repave/sqltmpl"
)

// plainText are settings under which values come as text that means the same
// to any session that reads it.
var plainText = map[string]string{
	"client_encoding":    "UTF8",
	"DateStyle":          "ISO, YMD",
	"IntervalStyle":      "postgres",
	"bytea_output":       "hex",
	"extra_float_digits": "1", // shortest text that gives the same float back
	"search_path":        "",  // names of types, tables and the like come qualified

	"quote_all_identifiers": "off", // the same name as any other session gives a type
}

// patient are settings that keep the server from ending a session of ours
// which waits: with an exported snapshot it is idle in a transaction.
var patient = map[string]string{
	"statement_timeout":                   "0",
	"idle_in_transaction_session_timeout": "0",
	"idle_session_timeout":                "0",
}

// Connect opens a replication session. It has the job's settings, but dates,
// intervals and bytea come in one form, whatever the job's is. It blocks
// nothing and leaves nothing behind once it is closed.
func Connect(ctx context.Context, cfg *pgx.ConnConfig, settings map[string]string) (*pgconn.PgConn, error) {
	own := cfg.Copy()
	own.RuntimeParams["replication"] = "database"
	session(own, settings)
	conn, err := pgconn.ConnectConfig(ctx, &own.Config)
	if err != nil {
		return nil, fmt.Errorf("opening a replication session: %w", err)
	}
	// Not as a startup parameter: only some versions know this one.
	if _, err := sqltmpl.ExecEach(ctx, conn, sqltmpl.NoTransactionTimeout{}.Statement()); err != nil {
		_ = conn.Close(context.WithoutCancel(ctx))
		return nil, fmt.Errorf("opening a replication session: %w", err)
	}
	return conn, nil
}

// session gives cfg the settings of ours.
func session(cfg *pgx.ConnConfig, settings map[string]string) {
	maps.Copy(cfg.RuntimeParams, settings)
	maps.Copy(cfg.RuntimeParams, plainText)
	maps.Copy(cfg.RuntimeParams, patient)
}
