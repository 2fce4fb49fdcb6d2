package stages_test

import (
	"log/slog"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/internal/db"
	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// newEnv opens an Env on a database, with its registry made.
func newEnv(t *testing.T, dsn string) *stages.Env {
	t.Helper()
	cfg, err := db.Config(dsn, "repave test")
	require.NoError(t, err)
	operator, err := db.Probe(t.Context(), cfg)
	require.NoError(t, err)
	pool, err := db.Open(t.Context(), cfg, 8, nil)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	reg := registry.New("repave")
	conn, err := pool.Acquire(t.Context())
	require.NoError(t, err)
	require.NoError(t, reg.Migrate(t.Context(), conn.Conn()))
	conn.Release()
	return &stages.Env{
		Source: pool, Target: pool, Registry: reg, Logger: slog.New(slog.NewTextHandler(t.Output(), nil)),
		Report: func(stages.Event) {}, Options: stages.Defaults(), Stats: &stages.Stats{},
		Operator: stages.Operator{SearchPath: operator.SearchPath, Conversions: operator.Conversions(), Version: "test"},
	}
}

// request asks for a change of one table of schema public.
func request(t *testing.T, conn *pgx.Conn, table string, change func(*registry.Spec)) stages.Request {
	t.Helper()
	name := sqltmpl.Table{Schema: "public", Name: sqltmpl.Ident(table)}
	spec := registry.Spec{Strategy: "changelog", Tables: registry.TablesOf(shadow.Change{}, name)}
	if change != nil {
		change(&spec)
	}
	var oid uint32
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT $1::text::regclass::oid", name.String()).Scan(&oid))
	return stages.Request{Spec: spec, OIDs: []uint32{oid}}
}
