package shadow_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/tests/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

const searchPath = `"$user", public`

var names = shadow.Names{Schema: "repave", Prefix: "repave_7_1_"}

// session returns a connection of the kind repave has, after the statements.
func session(t *testing.T, statements ...string) *pgx.Conn {
	t.Helper()

	conn := pgtest.Connect(t, pgtest.Database(t))
	for _, statement := range statements {
		if name, ok := strings.CutPrefix(statement, "CREATE EXTENSION "); ok && pgtest.Count(t, conn,
			`SELECT count(*) FROM pg_catalog.pg_available_extensions WHERE name = $1`, name) == 0 {
			t.Skip("the server has no extension " + name)
		}
		pgtest.Exec(t, conn, statement)
	}
	pgtest.Exec(t, conn, `CREATE SCHEMA repave`)
	pgtest.Exec(t, conn, `SET search_path = ''`)
	return conn
}

func load(t *testing.T, db sqltmpl.DB, table string) catalog.Relation {
	t.Helper()

	oid, err := sqltmpl.Scalar[uint32](t.Context(), db, sqltmpl.RelationOID{Name: table}.Statement())
	require.NoError(t, err)
	relation, err := catalog.Load(t.Context(), db, oid, names.Schema)
	require.NoError(t, err)
	return relation
}

// try builds in a transaction of its own, which is committed if that works.
func try(t *testing.T, conn *pgx.Conn, table string, change shadow.Change) (plan shadow.Blueprint, err error) {
	t.Helper()

	err = pgx.BeginFunc(t.Context(), conn, func(tx pgx.Tx) error {
		src := load(t, tx, table)
		plan, err = shadow.Build(t.Context(), tx, src, names, change, searchPath)
		if err == nil {
			requireWeakLocks(t, tx)
		}
		return err
	})
	return plan, err
}

// requireWeakLocks fails if the transaction holds more than ACCESS SHARE on a
// relation outside the registry's schema.
func requireWeakLocks(t *testing.T, tx pgx.Tx) {
	t.Helper()

	rows, err := tx.Query(t.Context(), `
		SELECT c.relname || ': ' || l.mode
		FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_class c ON c.oid = l.relation
		JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		WHERE l.pid = pg_catalog.pg_backend_pid() AND l.mode <> 'AccessShareLock'
			AND n.nspname NOT IN ('repave', 'pg_catalog', 'pg_toast')`)
	require.NoError(t, err)
	locks, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.Empty(t, locks)
}

func build(t *testing.T, conn *pgx.Conn, table string, change shadow.Change) shadow.Blueprint {
	t.Helper()

	plan, err := try(t, conn, table, change)
	require.NoError(t, err)
	require.Zero(t, pgtest.Count(t, conn, `SELECT count(*) FROM pg_catalog.pg_index
		WHERE indrelid = 'repave.repave_7_1_shadow'::pg_catalog.regclass`), "indexes are left on the shadow")
	return plan
}

// requireRefused fails unless the change of public.t is refused, with a hint.
func requireRefused(t *testing.T, conn *pgx.Conn, change shadow.Change, problem, hint string) {
	t.Helper()

	_, err := try(t, conn, "public.t", change)
	require.Error(t, err, "%v", change)
	require.Contains(t, err.Error(), problem)
	var hinter interface{ Hint() string }
	require.ErrorAs(t, err, &hinter)
	require.Contains(t, hinter.Hint(), hint)
}

func exec(t *testing.T, db sqltmpl.DB, statements ...sqltmpl.Statement) {
	t.Helper()

	for _, s := range statements {
		_, err := s.Exec(context.WithoutCancel(t.Context()), db)
		require.NoError(t, err, s.SQL)
	}
}
