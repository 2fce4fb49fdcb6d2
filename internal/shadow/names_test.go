package shadow_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/tests/pgtest"
)

// hostile are names that need quoting, are too long to be added to, or look
// like SQL.
var hostile = []string{
	strings.Repeat("n", 63), `a"b'c`, `x ON y`, `USING `, `select`, `ü$ö`, `{{.Table}}`, `$1`, `@name`, `-- x`, `/* y`, `a\b`, `; DROP TABLE x`,
	strings.Repeat("ä", 31), "new\nline", `%I %s`, `$repave_0$`,
}

func TestHostileNames(t *testing.T) {
	t.Parallel()

	for _, name := range hostile {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			q := sqltmpl.Ident(name).String()
			own := sqltmpl.Ident("é" + string([]rune(name)[1:])).String()
			conn := session(t)
			for _, sql := range []string{
				`CREATE SCHEMA ` + q,
				`CREATE TABLE ` + q + `.` + own + ` (` + q + ` int GENERATED ALWAYS AS IDENTITY, ` + own + ` text, s serial,
					CONSTRAINT ` + q + ` PRIMARY KEY (` + q + `), CONSTRAINT ` + own + ` CHECK (` + own + ` <> ''),
					CONSTRAINT "fk` + q[1:] + ` FOREIGN KEY (s) REFERENCES ` + q + `.` + own + `)`,
				`CREATE INDEX "i` + q[1:] + ` ON ` + q + `.` + own + ` (lower(` + own + `)) WHERE ` + own + ` <> ' ON USING '`,
			} {
				pgtest.Exec(t, conn, sql)
			}
			table := pgtest.Value[string](t, conn, `SELECT pg_catalog.format('%I.%I', n.nspname, c.relname)
				FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
				WHERE c.relkind = 'r' AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'`)
			before := load(t, conn, table)
			plan := build(t, conn, table, shadow.Change{})
			require.Empty(t, catalog.Diff(before, finish(t, conn, plan)))
		})
	}
}

func TestNamesThatTheRegistryHas(t *testing.T) {
	t.Parallel()

	for _, table := range []string{"job", "batch", "t"} {
		t.Run(table, func(t *testing.T) {
			t.Parallel()

			setup := []string{
				`CREATE TABLE parents (id int PRIMARY KEY)`,
				`CREATE TABLE ` + table + ` (id int PRIMARY KEY, a int, CONSTRAINT artifact_pkey UNIQUE (a))`,
				`CREATE INDEX stage_run ON ` + table + ` (a)`,
				`CREATE INDEX ` + table + `_a_idx ON ` + table + ` (id, a)`,
			}
			conn := session(t, setup...)
			for _, name := range []string{"job", "batch", "stage_run", "artifact"} {
				pgtest.Exec(t, conn, `CREATE TABLE repave.`+name+` (id int PRIMARY KEY)`)
			}
			change := shadow.Change{Alter: []string{
				`ADD b int NOT NULL CHECK (b > 0) REFERENCES parents, ADD c serial`, `ADD UNIQUE (b), ADD FOREIGN KEY (c) REFERENCES ` + table,
			}}
			want := model(t, conn, table, change)
			require.Empty(t, catalog.Diff(want, finish(t, conn, build(t, conn, "public."+table, change))))
		})
	}
}

func TestANewNameMustBeFree(t *testing.T) {
	t.Parallel()

	conn := session(t, `CREATE TABLE t (id int PRIMARY KEY, a int)`, `CREATE TABLE t_a_key (id int)`)
	requireRefused(t, conn, shadow.Change{Alter: []string{`ADD UNIQUE (a)`}}, "t_a_key", "ADD CONSTRAINT")
}

func TestTablespaces(t *testing.T) {
	t.Parallel()

	conn := session(t)
	if pgtest.ServerVersion(t, conn) < 15 {
		t.Skip("tablespaces in place are new in PostgreSQL 15")
	}
	space := sqltmpl.Ident("Space " + pgtest.Value[string](t, conn, `SELECT pg_catalog.current_database()`)).String()
	pgtest.Exec(t, conn, `SET allow_in_place_tablespaces = on`)
	pgtest.Exec(t, conn, `CREATE TABLESPACE `+space+` LOCATION ''`)
	pgtest.Exec(t, conn, `CREATE TABLE public.t (id int PRIMARY KEY USING INDEX TABLESPACE `+space+`, a int) TABLESPACE `+space)
	pgtest.Exec(t, conn, `CREATE INDEX i ON public.t (a)`)
	pgtest.Exec(t, conn, `CREATE INDEX j ON public.t (a) TABLESPACE `+space+` WHERE a > 0`)
	pgtest.Exec(t, conn, `SET default_tablespace = `+space)
	before := load(t, conn, "public.t")
	require.NotEmpty(t, before.Tablespace)
	plan := build(t, conn, "public.t", shadow.Change{})
	require.Empty(t, catalog.Diff(before, finish(t, conn, plan)))
	pgtest.Exec(t, conn, `RESET default_tablespace`)
	pgtest.Exec(t, conn, `DROP TABLE public.t, old.t`)
	pgtest.Exec(t, conn, `DROP TABLESPACE `+space)
}
