package pgtest

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"text/template"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// idle is the status of a connection that is not in a transaction.
const idle = 'I'

// registrySchema is what a snapshot leaves out unless told otherwise.
const registrySchema = "repave"

// catalogFiles holds one query per kind of object. Each returns the object's
// name and its properties as jsonb, and can use the table user_schema.
//
//go:embed catalog/*.sql
var catalogFiles embed.FS

// CatalogSnapshot returns all that the catalog says about the objects in users'
// schemas, by name: properties such as "column public.orders.id: type" with
// their values. It leaves out the given schemas, or else the schema repave.
// Object numbers, attribute numbers, statistics and data aren't in it; the
// state of sequences is. On a connection with an open transaction it shows what
// that one sees.
func CatalogSnapshot(tb testing.TB, conn *pgx.Conn, exceptSchemas ...string) map[string]string {
	tb.Helper()

	if len(exceptSchemas) == 0 {
		exceptSchemas = []string{registrySchema}
	}
	version := ServerVersion(tb, conn)
	snapshot := map[string]string{}
	begin, end := "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY", "ROLLBACK"
	if conn.PgConn().TxStatus() != idle {
		begin, end = "SAVEPOINT catalog_snapshot", "ROLLBACK TO SAVEPOINT catalog_snapshot"
	}
	Exec(tb, conn, begin)
	// So that the server prints every name with its schema.
	Exec(tb, conn, "SET LOCAL search_path = ''")
	// Compiling these queries takes ten times as long as running them.
	Exec(tb, conn, "SET LOCAL jit = off")
	require.NoError(tb, readCatalog(tb.Context(), conn, version, exceptSchemas, snapshot))
	require.NoError(tb, readSequences(tb.Context(), conn, exceptSchemas, snapshot))
	Exec(tb, conn, end)
	return snapshot
}

// readCatalog adds what the queries in catalog/ return.
func readCatalog(ctx context.Context, conn *pgx.Conn, version int, except []string, snapshot map[string]string) error {
	queries, err := template.New("").Funcs(template.FuncMap{"acl": aclSQL}).ParseFS(catalogFiles, "catalog/*.sql")
	if err != nil {
		return err
	}
	names, err := fs.Glob(catalogFiles, "catalog/*.sql")
	if err != nil {
		return err
	}
	for _, name := range names {
		var query strings.Builder
		query.WriteString(`WITH user_schema AS (
			SELECT oid, nspname FROM pg_catalog.pg_namespace
			WHERE nspname <> ALL (@except) AND nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
				AND nspname NOT LIKE 'pg\_temp\_%' AND nspname NOT LIKE 'pg\_toast\_temp\_%')
			SELECT found.object, property.key, property.value FROM (`)
		err := queries.ExecuteTemplate(&query, strings.TrimPrefix(name, "catalog/"), struct{ Version int }{version})
		if err != nil {
			return err
		}
		query.WriteString(`) AS found (object, state), jsonb_each_text(state) AS property
			WHERE property.value IS NOT NULL`)
		rows, err := conn.Query(ctx, query.String(), pgx.QueryExecModeDescribeExec, pgx.StrictNamedArgs{"except": except})
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		var object, property, value string
		_, err = pgx.ForEachRow(rows, []any{&object, &property, &value}, func() error {
			return add(snapshot, object+": "+property, value)
		})
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// readSequences adds where each sequence stands, which only the sequence itself
// knows.
func readSequences(ctx context.Context, conn *pgx.Conn, except []string, snapshot map[string]string) error {
	rows, err := conn.Query(ctx, `SELECT c.oid::regclass::text
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind = 'S' AND c.relpersistence <> 't' AND n.nspname <> ALL ($1)`, except)
	if err != nil {
		return err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, name := range names {
		var state string
		err := conn.QueryRow(ctx, "SELECT format('%s, called: %s', last_value, is_called) FROM "+name,
			pgx.QueryExecModeDescribeExec).Scan(&state)
		if err != nil {
			return err
		}
		if err := add(snapshot, "sequence "+name+": last value", state); err != nil {
			return err
		}
	}
	return nil
}

// add refuses to let one object hide behind another one's name.
func add(snapshot map[string]string, key, value string) error {
	if other, ok := snapshot[key]; ok && other != value {
		return fmt.Errorf("two objects are called %q, with values %q and %q", key, other, value)
	}
	snapshot[key] = value
	return nil
}

// aclSQL returns an expression for an access control list: role names instead of
// numbers, in a fixed order, and the default spelled out, so that a list that
// was granted and revoked back to its default equals one never touched.
func aclSQL(list, kind, owner string) string {
	return fmt.Sprintf(`(SELECT string_agg(format('%%s=%%s%%s by %%s',
		CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee) END, a.privilege_type,
		CASE WHEN a.is_grantable THEN '*' ELSE '' END, pg_get_userbyid(a.grantor)), ', '
		ORDER BY pg_get_userbyid(a.grantee), a.privilege_type, pg_get_userbyid(a.grantor))
		FROM aclexplode(coalesce(%s, acldefault((%s)::"char", %s))) a)`, list, kind, owner)
}

// CatalogDiff returns how two snapshots differ, one line per property that is
// new ("+ name: value"), gone ("- name: value") or has changed
// ("~ name: value -> value").
func CatalogDiff(before, after map[string]string) []string {
	var lines []string
	for key, was := range before {
		now, ok := after[key]
		switch {
		case !ok:
			lines = append(lines, "- "+key+": "+was)
		case now != was:
			lines = append(lines, "~ "+key+": "+was+" -> "+now)
		}
	}
	for key, now := range after {
		if _, ok := before[key]; !ok {
			lines = append(lines, "+ "+key+": "+now)
		}
	}
	const sign = 2 // the sign and its space don't count
	slices.SortFunc(lines, func(a, b string) int { return strings.Compare(a[sign:], b[sign:]) })
	return lines
}

// RequireSameCatalog fails the test if two snapshots differ, and says how.
func RequireSameCatalog(tb testing.TB, before, after map[string]string) {
	tb.Helper()

	if diff := CatalogDiff(before, after); len(diff) > 0 {
		require.Fail(tb, "the catalog has changed", strings.Join(diff, "\n"))
	}
}
