package laws_test

import (
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

// hostile are names that become something else when they are pasted into SQL,
// a format string, or a function's body. Field row 21 is among them.
var hostile = []string{
	`a"b`, `a''b'`, `$1`, `$$`, `a b`, ` `, `t; DROP TABLE x; --`, `/*`, `Größe`, `日本`, `%I`, `%s`, `\n`, `{{.Source}}`, `@key`, ` ON `, `a.b`,
	`select`, `user`, `table`, `order`, strings.Repeat("x", 63), strings.Repeat("ü", 31),
	`operation`, `fixed_snapshot`, `done`, `careful`, `tg_op`, `new`, `old`, `s`, `t`, `k`, `repave_deleted`, `repave_wanted`, `repave_inserted`,
	`repave_k1`, `repave_old1`, `repave_new1`, `repave`, `repave_kind`, `repave_locked`, `key`, `problem`, `found`, `sqlerrm`, `excluded`,
}

// TestLaw7HostileNames gives one table all the hostile names at once: the
// schema's, its own, of columns, indexes and constraints, and has it written to
// at every stage.
func TestLaw7HostileNames(t *testing.T) {
	t.Parallel()
	for i, tableName := range []string{`t"; DROP TABLE x; --`, `select`, strings.Repeat("x", 63), `日本 $1 %I {{.}}`, `new`} {
		t.Run(tableName, func(t *testing.T) {
			t.Parallel()
			takeTurn(t)
			dsn := pgtest.Database(t)
			quote := func(name string) string { return pgx.Identifier{name}.Sanitize() }
			schema := hostile[i]
			table := sqltmpl.Table{Schema: sqltmpl.Ident(schema), Name: sqltmpl.Ident(tableName)}
			keys := []string{hostile[23+i], hostile[(31+i)%len(hostile)]}
			var columns, others []string
			for _, name := range hostile {
				kind := " int DEFAULT 1"
				if name == keys[0] || name == keys[1] {
					kind = " int NOT NULL"
				} else {
					others = append(others, name)
				}
				columns = append(columns, quote(name)+kind)
			}
			conn := pgtest.Connect(t, dsn, `CREATE SCHEMA `+quote(schema),
				`CREATE TABLE `+table.String()+` (`+strings.Join(columns, ", ")+`, CONSTRAINT `+quote(hostile[3+i])+
					` PRIMARY KEY (`+quote(keys[0])+`, `+quote(keys[1])+`), CONSTRAINT `+quote(hostile[8+i])+` CHECK (`+quote(others[0])+` > 0))`)
			for n, name := range others[:6] {
				pgtest.Exec(t, conn, `CREATE INDEX `+quote(strings.Repeat(name, 1)+" i"+strconv.Itoa(n))+` ON `+table.String()+` (`+quote(name)+`) WHERE `+quote(name)+`::text <> ' ON x'`)
			}
			write := func(n int) {
				pgtest.Exec(t, conn, `INSERT INTO `+table.String()+` (`+quote(keys[0])+`, `+quote(keys[1])+`) SELECT g, $1::int FROM generate_series(1, 20) g`, n)
				pgtest.Exec(t, conn, `UPDATE `+table.String()+` SET `+quote(others[1])+` = $1::int WHERE `+quote(keys[0])+` = 2`, n)
				pgtest.Exec(t, conn, `UPDATE `+table.String()+` SET `+quote(keys[0])+` = 100 WHERE `+quote(keys[0])+` = 3 AND `+quote(keys[1])+` = $1::int`, n)
				pgtest.Exec(t, conn, `DELETE FROM `+table.String()+` WHERE `+quote(keys[0])+` = 4`)
				pgtest.Exec(t, conn, `BEGIN ISOLATION LEVEL REPEATABLE READ`)
				pgtest.Exec(t, conn, `UPDATE `+table.String()+` SET `+quote(keys[0])+` = 101 WHERE `+quote(keys[0])+` = 5 AND `+quote(keys[1])+` = $1::int`, n)
				pgtest.Exec(t, conn, `COMMIT`)
			}
			write(1)
			before := pgtest.CatalogSnapshot(t, conn)
			rows := func() []string {
				return pgtest.Rows(t, conn, `SELECT * FROM `+table.String()+` ORDER BY `+quote(keys[0])+`, `+quote(keys[1]))
			}
			env := newEnv(t, dsn)
			req := requestOf(t, conn, table, nil)
			for n, until := range stages.Order()[1:7] {
				runTo(t, env, req, until)
				write(n + 2)
			}
			want := rows()
			job := runTo(t, env, req, stages.Swap)
			job, err := stages.RevertSwap(t.Context(), env, job)
			require.NoError(t, err)
			require.Equal(t, want, rows())
			// And by the command line, which has to understand the name.
			_, stderr, code := repave(t, dsn, "status", table.String())
			require.Zero(t, code, stderr)
			mustRepave(t, dsn, "reset", "--yes", "--", table.String())
			mustRepave(t, dsn, "run", "--cleanup", "--", table.String())
			require.Equal(t, want, rows())
			pgtest.RequireSameCatalog(t, before, pgtest.CatalogSnapshot(t, conn))
			requireNoTraces(t, conn)
			_ = job
		})
	}
}

// TestLaw7DroppedHostileColumnIsKept: the columns that only the old table has are
// kept in variables, whatever they are called.
func TestLaw7DroppedHostileColumnIsKept(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	var columns, values, drops []string
	for _, name := range hostile {
		columns = append(columns, pgx.Identifier{name}.Sanitize()+" text DEFAULT 'default'")
		values = append(values, "'kept'")
		drops = append(drops, "DROP "+pgx.Identifier{name}.Sanitize())
	}
	conn := pgtest.Connect(t, dsn, `CREATE TABLE h (id int PRIMARY KEY, v int, `+strings.Join(columns, ", ")+`)`,
		`INSERT INTO h SELECT g, g, `+strings.Join(values, ", ")+` FROM generate_series(1, 10) g`)
	before := pgtest.CatalogSnapshot(t, conn)
	env := newEnv(t, dsn)
	req := request(t, conn, "h", func(s *registry.Spec) { s.Tables[0].Change.Alter = []string{strings.Join(drops, ", ")} })
	job := runTo(t, env, req, stages.Swap)
	pgtest.Exec(t, conn, `UPDATE h SET v = -v WHERE id < 5`)
	pgtest.Exec(t, conn, `INSERT INTO h VALUES (11, 11)`)
	job, err := stages.RevertSwap(t.Context(), env, job)
	require.NoError(t, err)
	require.Equal(t, 10, pgtest.Count(t, conn, `SELECT count(*) FROM h WHERE "select" = 'kept' AND "repave_deleted" = 'kept' AND "done" = 'kept'`))
	require.Equal(t, 1, pgtest.Count(t, conn, `SELECT count(*) FROM h WHERE "select" = 'default' AND id = 11`))
	require.Equal(t, 4, pgtest.Count(t, conn, `SELECT count(*) FROM h WHERE v < 0`))
	require.NoError(t, stages.Reset(t.Context(), env, job))
	pgtest.RequireSameCatalog(t, before, pgtest.CatalogSnapshot(t, conn))
}

// TestLaw7PasswordIsNeverPrinted: not in an error, a log line, a report, the
// registry, or what the server shows of sessions.
func TestLaw7Field32PasswordIsNeverPrinted(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	const secret = "hun#ter:2@!x"
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn, `CREATE TABLE t (id int PRIMARY KEY)`, `INSERT INTO t SELECT generate_series(1, 10)`)
	cfg := conn.Config()
	with := func(host string, port uint16) []string {
		u := url.URL{Scheme: "postgres", User: url.UserPassword("nobody", secret), Host: host + ":" + strconv.Itoa(int(port)), Path: "/" + cfg.Database}
		return []string{
			u.String(), u.String() + "?sslmode=nonsense", "postgres://nobody:" + secret + "@[::bad/x",
			"host=" + host + " port=" + strconv.Itoa(int(port)) + " user=nobody password='" + secret + "' dbname=" + cfg.Database,
			"host=" + host + " user=nobody password='" + secret + " dbname=x", "user=nobody password=" + secret + " connect_timeout=x",
		}
	}
	for _, bad := range append(with("127.0.0.1", 1), with("localhost", cfg.Port)...) {
		for _, args := range [][]string{{"run", "t"}, {"status", "--json"}, {"run", "t", "--log-level", "debug", "--log-format", "json"}, {"plan", "t"}} {
			stdout, stderr, code := repave(t, bad, args...)
			require.NotZero(t, code, bad)
			requireSecret(t, secret, stdout+stderr)
			stdout, stderr, _ = repave(t, dsn, append(args, "--dsn", bad)...)
			requireSecret(t, secret, stdout+stderr)
			stdout, stderr, _ = repave(t, dsn, append([]string{args[0]}, bad)...)
			requireSecret(t, secret, stdout+stderr)
		}
	}
	// With the right one, everything that a job leaves.
	own := cfg.Password
	if own == "" {
		return
	}
	for _, args := range [][]string{{"run", "t", "--log-level", "debug", "--json"}, {"status", "t"}, {"verify", "t", "--json"}} {
		stdout, stderr, code := repave(t, dsn, args...)
		require.Zero(t, code, stderr)
		requireSecret(t, own, stdout+stderr)
	}
	for _, table := range []string{"job", "job_table", "stage_run", "artifact", "batch"} {
		requireSecret(t, own, strings.Join(pgtest.Rows(t, conn, `SELECT x::text FROM repave.`+table+` x`), "\n"))
	}
	require.Zero(t, pgtest.Count(t, conn, `SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%' || $1 || '%' AND pid <> pg_backend_pid()`, own))
}

func requireSecret(t *testing.T, secret, text string) {
	t.Helper()
	for _, form := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret), url.UserPassword("", secret).String()[1:]} {
		require.NotContains(t, text, form)
	}
}

// TestLaw7PublicHasNoRights: nobody but its owner gets at what repave keeps.
func TestLaw7PublicHasNoRights(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn, `CREATE TABLE t (id int PRIMARY KEY)`, `GRANT SELECT ON t TO PUBLIC`)
	runTo(t, newEnv(t, dsn), request(t, conn, "t", nil), stages.Verify)
	require.Empty(t, pgtest.Rows(t, conn, `SELECT relname FROM pg_class WHERE relnamespace = 'repave'::regnamespace
		AND relkind IN ('r', 'v', 'S') AND relname !~ '_shadow$' AND EXISTS (SELECT FROM aclexplode(relacl) a WHERE a.grantee = 0)`))
	require.Empty(t, pgtest.Rows(t, conn, `SELECT proname FROM pg_proc WHERE pronamespace = 'repave'::regnamespace
		AND EXISTS (SELECT FROM aclexplode(coalesce(proacl, acldefault('f', proowner))) a WHERE a.grantee = 0)`))
	require.Empty(t, pgtest.Rows(t, conn, `SELECT 1 FROM pg_namespace WHERE nspname = 'repave' AND EXISTS (SELECT FROM aclexplode(nspacl) a WHERE a.grantee = 0)`))
}
