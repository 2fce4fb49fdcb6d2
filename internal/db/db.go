// Package db opens sessions that behave the same whatever the server's, the
// database's and the role's settings are, and that stop on the server when
// they are cancelled here.
package db

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/repave-pg/repave/sqltmpl"
)

// cancelGrace is how long a cancelled statement may take to stop on the server
// before the connection is given up.
const cancelGrace = 5 * time.Second

// Operator is what the operator's own session would be like: the path to
// resolve names by, and the settings that decide what a conversion yields.
type Operator struct {
	SearchPath    string   `db:"search_path"`
	Schemas       []string // of the search path, those that exist
	TimeZone      string   `db:"time_zone"`
	DateStyle     string   `db:"date_style"`
	IntervalStyle string   `db:"interval_style"`
	ByteaOutput   string   `db:"bytea_output"`
	Monetary      string   `db:"lc_monetary"`
	Numeric       string   `db:"lc_numeric"`
	Time          string   `db:"lc_time"`
	XMLOption     string   `db:"xml_option"`
	TextSearch    string   `db:"text_search"`
	Version       int      `db:"server_version"` // server_version_num
}

// Conversions returns the settings that a job keeps from its first run on.
func (o Operator) Conversions() map[string]string {
	return map[string]string{
		"TimeZone": o.TimeZone, "DateStyle": o.DateStyle, "IntervalStyle": o.IntervalStyle,
		"bytea_output": o.ByteaOutput, "lc_monetary": o.Monetary,
		"lc_numeric": o.Numeric, "lc_time": o.Time, "xmloption": o.XMLOption,
		"default_text_search_config": o.TextSearch,
		// Not the operator's to choose, but writers' sessions may have others.
		"extra_float_digits": "1", "standard_conforming_strings": "on",
	}
}

// fixed are our sessions' settings. An empty search_path makes the server
// qualify every name that it deparses, and makes us qualify ours.
var fixed = map[string]string{
	"search_path":                         "",
	"client_connection_check_interval":    "1s", // stop soon after our process died
	"statement_timeout":                   "0",
	"lock_timeout":                        "30s", // a backstop; locks on users' tables have a shorter one
	"idle_in_transaction_session_timeout": "10min",
	"idle_session_timeout":                "0",
	"default_transaction_isolation":       "read committed",
	"default_transaction_read_only":       "off",
	"default_transaction_deferrable":      "off",
	"default_tablespace":                  "",
	"row_security":                        "off", // fail rather than see some of the rows
	"extra_float_digits":                  "1",   // shortest text that gives the same float back
	"standard_conforming_strings":         "on",
	"quote_all_identifiers":               "off", // types have one name, whoever asks
	"array_nulls":                         "on",  // NULL in an array's text is no word
	"check_function_bodies":               "on",
	"vacuum_cost_delay":                   "0",
	"random_page_cost":                    "1.1",                // keys to replay were just written: their pages are in memory
	"plan_cache_mode":                     "force_generic_plan", // our statements are planned once, and not under a lock
	"jit":                                 "off",
}

// ErrConnect says that the server could not be reached or refused us.
var ErrConnect = errors.New("connecting to PostgreSQL")

// Config parses a DSN (a URI, a keyword string, or "" for the PG* variables)
// and prepares our sessions. Its errors never contain the password.
func Config(dsn, application string) (*pgxpool.Config, error) {
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("reading the DSN: %w", redact(err, dsn))
	}
	prepare(cfg.ConnConfig, application)
	return cfg, nil
}

// prepare sets on every session what all of ours have in common.
func prepare(cfg *pgx.ConnConfig, application string) {
	cfg.RuntimeParams["application_name"] = application
	maps.Copy(cfg.RuntimeParams, watched())
	cfg.BuildContextWatcherHandler = func(c *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: c, DeadlineDelay: cancelGrace}
	}
	// Of several servers the one that can be written to, whoever that is after a failover.
	others := slices.ContainsFunc(cfg.Fallbacks, func(f *pgconn.FallbackConfig) bool {
		return f.Host != cfg.Host || f.Port != cfg.Port
	})
	if others && cfg.ValidateConnect == nil {
		cfg.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
	cfg.DialFunc = dialer().DialContext
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = 10 * time.Second
	}
}

// Probe opens one session with the operator's own settings and reads them.
func Probe(ctx context.Context, cfg *pgxpool.Config) (Operator, error) {
	conn, err := pgx.ConnectConfig(ctx, cfg.ConnConfig.Copy())
	if err != nil {
		return Operator{}, connectError(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	return sqltmpl.One[Operator](ctx, conn, sqltmpl.OperatorSettings{}.Statement())
}

// Open returns a pool of at most size sessions with our settings and the
// job's conversion settings.
func Open(ctx context.Context, cfg *pgxpool.Config, size int, conversions map[string]string) (*pgxpool.Pool, error) {
	cfg = cfg.Copy()
	cfg.MaxConns = int32(size) //nolint:gosec // a handful
	maps.Copy(cfg.ConnConfig.RuntimeParams, fixed)
	maps.Copy(cfg.ConnConfig.RuntimeParams, conversions)
	cfg.AfterConnect = unlimited
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, connectError(err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, connectError(err)
	}
	return pool, nil
}

// unlimited switches off the time limits that only some versions have.
func unlimited(ctx context.Context, conn *pgx.Conn) error {
	_, err := sqltmpl.NoTransactionTimeout{}.Statement().Exec(ctx, conn)
	return err
}

// A ConnectError keeps what the server or the network said; pgx leaves the
// password out of it.
type ConnectError struct{ Err error }

func (e *ConnectError) Error() string { return fmt.Sprintf("%v: %v", ErrConnect, e.Err) }

// Unwrap gives both ErrConnect and the cause.
func (e *ConnectError) Unwrap() []error { return []error{ErrConnect, e.Err} }

// Hint says what to look at.
func (e *ConnectError) Hint() string {
	return "check --dsn (or REPAVE_DSN, or the PG* variables; across clusters --source and --target) and that the server is up; psql with the same DSN should work"
}

func connectError(err error) error { return &ConnectError{Err: err} }

// A DSNError says that a DSN can't be parsed, without repeating it: it may
// hold a password.
type DSNError struct{ reason string }

func (e *DSNError) Error() string { return e.reason }

// Hint shows what a DSN looks like.
func (e *DSNError) Hint() string {
	return "a DSN is a URI, postgres://user@host:5432/database, or keywords, 'host=... user=... dbname=...'"
}

// redact keeps the reason of a parse error but nothing of the DSN.
func redact(err error, dsn string) error {
	reason := "it is neither a valid URI nor a valid keyword string"
	if parse, ok := errors.AsType[*pgconn.ParseConfigError](err); ok {
		if inner := parse.Unwrap(); inner != nil && !containsAny(inner.Error(), dsn) {
			reason = inner.Error()
		}
	}
	return &DSNError{reason: reason}
}
