package logical_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pglogrepl"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/internal/db"
	"github.com/repave-pg/repave/sqltmpl"
	. "github.com/repave-pg/repave/strategies/logical" //nolint:revive // the package under test
	"github.com/repave-pg/repave/tests/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// ends are two databases with the same tables, and a stream's names.
type ends struct {
	t              testing.TB
	sourceDSN      string
	targetDSN      string // as the applier connects
	source, target *pgx.Conn
	mappings       []Mapping
	slot           Slot
	name           string
	settings       map[string]string
	prepare        func(*ApplyOptions)

	stream  *Stream
	applier *Applier
	pool    *pgxpool.Pool
	last    Progress
	mu      sync.Mutex
}

// between makes two databases with the schema, and publishes the tables.
func between(tb testing.TB, schema string, tables ...string) *ends {
	tb.Helper()
	return betweenDatabases(tb, pgtest.Database(tb), pgtest.TargetDatabase(tb), schema, tables...)
}

// betweenDatabases is between for two databases that are there.
func betweenDatabases(tb testing.TB, source, target, schema string, tables ...string) *ends {
	tb.Helper()
	e := &ends{t: tb, sourceDSN: source, targetDSN: target}
	e.source = pgtest.Connect(tb, e.sourceDSN)
	e.target = pgtest.Connect(tb, e.targetDSN, `CREATE TABLE public.positions (job text PRIMARY KEY, applied pg_lsn NOT NULL)`)
	for _, conn := range []*pgx.Conn{e.source, e.target} {
		_, err := conn.Exec(tb.Context(), schema)
		require.NoError(tb, err)
	}
	e.settings = map[string]string{}
	for i, table := range tables {
		e.mappings = append(e.mappings, mappingOf(tb, e.source, i+1, sqltmpl.Table{Schema: "public", Name: sqltmpl.Ident(table)}))
	}
	e.name = "s_" + pgtest.Value[string](tb, e.source, "SELECT right(current_database()::text, 12)")
	return e
}

// mappingOf maps a table to one with the same columns and name.
func mappingOf(tb testing.TB, conn *pgx.Conn, number int, table sqltmpl.Table) Mapping {
	tb.Helper()
	m := Mapping{Number: number, From: table, To: table}
	m.FromOID = pgtest.Value[uint32](tb, conn, "SELECT $1::regclass::oid", table.String())
	pgtest.Exec(tb, conn, "SET search_path = ''")
	defer pgtest.Exec(tb, conn, "RESET search_path")
	rows, err := conn.Query(tb.Context(), `SELECT attname::text, format_type(atttypid, atttypmod), attgenerated::text,
			coalesce(attnum = ANY (i.indkey), false)
		FROM pg_catalog.pg_attribute a LEFT JOIN pg_catalog.pg_index i ON i.indrelid = a.attrelid AND i.indisprimary
		WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped ORDER BY attnum`, pgx.QueryExecModeDescribeExec, m.FromOID)
	require.NoError(tb, err)
	var name, typ, generated string
	var key bool
	_, err = pgx.ForEachRow(rows, []any{&name, &typ, &generated, &key}, func() error {
		column := sqltmpl.Ident(name)
		if generated != "" {
			return nil
		}
		m.Columns = append(m.Columns, FromColumn{Name: column, Type: sqltmpl.Fragment(typ)})
		m.Insert = append(m.Insert, column)
		m.Values = append(m.Values, sqltmpl.Fragment("s."+column.String()))
		m.Plain = append(m.Plain, column)
		if key {
			m.Key = append(m.Key, MappedKey{
				From: column, FromType: sqltmpl.Fragment(typ), To: column, ToType: sqltmpl.Fragment(typ), ToEq: eqOf(typ),
			})
		}
		return nil
	})
	require.NoError(tb, err)
	return m
}

func eqOf(typ string) sqltmpl.Fragment {
	if typ == "public.citext" {
		return "OPERATOR(public.=)"
	}
	return "OPERATOR(pg_catalog.=)"
}

func config(tb testing.TB, dsn string) *pgxpool.Config {
	tb.Helper()
	cfg, err := db.Config(dsn, "repave test")
	require.NoError(tb, err)
	return cfg
}

// begin publishes the tables and makes the slot.
func (e *ends) begin() *ends {
	e.t.Helper()
	var tables []sqltmpl.Table
	for _, m := range e.mappings {
		tables = append(tables, m.From)
	}
	require.NoError(e.t, pgx.BeginFunc(e.t.Context(), e.source, func(tx pgx.Tx) error {
		return Publish(e.t.Context(), tx, e.name, tables)
	}))
	conn, err := Connect(e.t.Context(), config(e.t, e.sourceDSN).ConnConfig, e.settings)
	require.NoError(e.t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	e.slot, err = CreateSlot(e.t.Context(), conn, e.name, false, time.Minute)
	require.NoError(e.t, err)
	return e
}

// open opens the stream from what was recorded, and an applier for it.
func (e *ends) open() error {
	ctx := e.t.Context()
	from := e.slot.Consistent
	var recorded string
	err := e.target.QueryRow(ctx, "SELECT applied::text FROM public.positions").Scan(&recorded)
	if err == nil {
		from, err = pglogrepl.ParseLSN(recorded)
	}
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return err
	}
	if e.pool == nil {
		if e.pool, err = db.Open(ctx, config(e.t, e.targetDSN), 4, e.settings); err != nil {
			return err
		}
		e.t.Cleanup(e.pool.Close)
	}
	o := ApplyOptions{Pool: e.pool, Mappings: e.mappings, Job: "1", Record: record, Progress: func(p Progress) {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.last = p
	}}
	if e.prepare != nil {
		e.prepare(&o)
	}
	e.stream, err = Open(ctx, StreamOptions{
		Config: config(e.t, e.sourceDSN).ConnConfig, Settings: e.settings, Slot: e.name, Publication: e.name, From: from, Mappings: e.mappings,
	})
	if err != nil {
		return err
	}
	stream := e.stream
	e.t.Cleanup(func() { _ = stream.Close(context.Background()) })
	e.applier = NewApplier(o)
	return nil
}

func record(ctx context.Context, tx pgx.Tx, at pglogrepl.LSN) error {
	_, err := tx.Exec(ctx, `INSERT INTO public.positions VALUES ('1', $1::text::pg_lsn)
		ON CONFLICT (job) DO UPDATE SET applied = excluded.applied WHERE positions.applied < excluded.applied`, at.String())
	return err
}

// barrier sends one.
func (e *ends) barrier(token string) {
	e.t.Helper()
	require.NoError(e.t, pgx.BeginFunc(e.t.Context(), e.source, func(tx pgx.Tx) error {
		return EmitBarrier(e.t.Context(), tx, token)
	}))
}

// drain applies all that is there now.
func (e *ends) drain() {
	e.t.Helper()
	if e.stream == nil {
		require.NoError(e.t, e.open())
	}
	token := fmt.Sprint("drain ", time.Now().UnixNano())
	e.barrier(token)
	require.NoError(e.t, e.applier.Follow(e.t.Context(), e.stream, Goal{Barrier: token}))
}

// equal requires that both sides have the same rows.
func (e *ends) equal() {
	e.t.Helper()
	for _, m := range e.mappings {
		sql := fmt.Sprintf("SELECT md5(t::text), t::text FROM %s t ORDER BY 1", m.From)
		require.Equal(e.t, pgtest.Rows(e.t, e.source, sql), pgtest.Rows(e.t, e.target, sql), m.From.Plain())
	}
}

// run runs statements on the source, each in a transaction of its own.
func (e *ends) run(statements ...string) {
	e.t.Helper()
	for _, s := range statements {
		_, err := e.source.Exec(e.t.Context(), s) // several, by ;, are one transaction
		require.NoError(e.t, err, s)
	}
}
