package laws_test

import (
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

// several asks for a change of each of some tables of schema public, in order.
func several(t *testing.T, conn *pgx.Conn, tables []string, changes ...shadow.Change) stages.Request {
	t.Helper()
	req := stages.Request{Spec: registry.Spec{Strategy: "changelog"}}
	for i, table := range tables {
		spec := registry.TableSpec{Name: sqltmpl.Table{Schema: "public", Name: sqltmpl.Ident(table)}}
		if i < len(changes) {
			spec.Change = changes[i]
		}
		req.Spec.Tables = append(req.Spec.Tables, spec)
		req.OIDs = append(req.OIDs, pgtest.Value[uint32](t, conn, "SELECT $1::text::regclass::oid", spec.Name.String()))
	}
	return req
}

// TestLaw1And2And6SeveralTablesUnderWriters takes two tables, and three, there and back
// and there again in one job, from the command line, while writers go on that
// insert parents and children in both orders, cascade and change keys. Of two,
// the third stays outside with foreign keys to both.
func TestLaw1And2And6SeveralTablesUnderWriters(t *testing.T) {
	t.Parallel()
	for name, tables := range map[string][]string{
		"two": {"orders", "lines"}, "child and grandchild": {"notes", "lines"}, "three": {"lines", "orders", "notes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			takeTurn(t)
			dsn := pgtest.Database(t)
			conn := pgtest.Connect(t, dsn)
			_, err := conn.Exec(t.Context(), familyTables)
			require.NoError(t, err)
			before := pgtest.CatalogSnapshot(t, conn)
			writers := startFamilies(t, dsn, pgtest.Levels...)
			writers.await(20)
			timed := func(command string, args ...string) {
				t.Helper()
				_, stderr, code := repave(t, dsn, append([]string{command}, args...)...)
				require.Zero(t, code, "repave %s:\n%s", command, stderr)
				t.Logf("repave %s:\n%s", command, stderr)
			}
			timed("run", append(tables, "--batch-time", "5ms")...)
			require.Equal(t, len(tables), pgtest.Count(t, conn, `SELECT count(*) FROM pg_tables WHERE tablename ~ '^repave_1_[0-9]_old$'`))
			require.Zero(t, pgtest.Count(t, conn, `SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND NOT convalidated`))
			writers.await(30)
			mustRepave(t, dsn, "verify", tables[0])
			timed("revert-swap", tables[1])
			writers.await(30)
			timed("swap", tables...)
			writers.await(30)
			mustRepave(t, dsn, "cleanup", tables[0])
			writers.await(10)
			writers.stop(conn)
			pgtest.RequireSameCatalog(t, before, pgtest.CatalogSnapshot(t, conn))
			requireNoTraces(t, conn)
		})
	}
}

// TestLaw4KilledProgramOnSeveralTables kills the program in every stage of a
// job on three tables.
func TestLaw4KilledProgramOnSeveralTables(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	v := &victim{t: t, dsn: pgtest.Database(t), struck: map[string]int{}}
	v.connect = func() *pgx.Conn { return pgtest.Connect(t, v.dsn) }
	v.strike = func(cmd *exec.Cmd) { _ = cmd.Process.Kill() } // it may have ended
	var random *rand.Rand
	random, _ = newRand(t)
	v.random = random
	conn := v.connect()
	_, err := conn.Exec(t.Context(), familyTables)
	require.NoError(t, err)
	before := pgtest.CatalogSnapshot(t, conn)
	writers := startFamilies(t, v.dsn, pgtest.Levels[:2]...)
	job := []string{"run", "orders", "--pk-bigint", "--with-referencing"}
	for _, stage := range stages.Order()[1:7] {
		v.attempt(string(stage), job...)
		writers.await(5)
	}
	v.again(job...)
	for _, stage := range []stages.Name{stages.Replay, stages.Swap} {
		if v.attempt(string(stage), "revert-swap", "notes") {
			v.again(job...)
		}
		writers.await(5)
	}
	if pgtest.Value[bool](t, conn, `SELECT swapped FROM repave.job`) {
		v.again("revert-swap", "orders")
	}
	v.again(job...)
	v.again("cleanup", "lines")
	writers.await(5)
	writers.stop(conn)
	requireNoTraces(t, conn)
	require.Equal(t, []string{
		"~ column public.lines.order_id: type: integer -> bigint", "~ column public.notes.order_id: type: integer -> bigint",
		"~ column public.orders.id: type: integer -> bigint", "~ column public.orders.up: type: integer -> bigint",
	}, pgtest.CatalogDiff(before, pgtest.CatalogSnapshot(t, conn)))
	require.NotEmpty(t, v.struck)
}

// TestLaw5ResetOfSeveralTables: after every stage, and after the way back.
func TestLaw5ResetOfSeveralTables(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn)
	_, err := conn.Exec(t.Context(), familyTables)
	require.NoError(t, err)
	before := pgtest.CatalogSnapshot(t, conn)
	env := newEnv(t, dsn)
	req := several(t, conn, []string{"notes", "orders", "lines"})
	for _, until := range stages.Order()[1:6] {
		job := runTo(t, env, req, until)
		require.NoError(t, stages.Reset(t.Context(), env, job), until)
		pgtest.RequireSameCatalog(t, before, pgtest.CatalogSnapshot(t, conn))
		requireNoTraces(t, conn)
	}
	job := runTo(t, env, req, stages.Swap)
	job, err = stages.RevertSwap(t.Context(), env, job)
	require.NoError(t, err)
	require.NoError(t, stages.Reset(t.Context(), env, job))
	pgtest.RequireSameCatalog(t, before, pgtest.CatalogSnapshot(t, conn))
	requireNoTraces(t, conn)
}

// TestLaw5ForeignKeysBetweenChangedTables: both sides are retyped and renamed at
// once, one foreign key is dropped, one is added, and both ways it holds.
func TestLaw5ForeignKeysBetweenChangedTables(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn,
		`CREATE TABLE p (gone int, id int PRIMARY KEY, code int NOT NULL UNIQUE, v int)`, `ALTER TABLE p DROP gone`,
		`CREATE TABLE c (id int PRIMARY KEY, p_id int CONSTRAINT "to p" REFERENCES p ON DELETE CASCADE, p_code int REFERENCES p (code), other int)`,
		`CREATE TABLE out (id int PRIMARY KEY, c_id int REFERENCES c, p_code int REFERENCES p (code))`,
		`INSERT INTO p SELECT g, 1000 + g, g FROM generate_series(1, 100) g`,
		`INSERT INTO c SELECT g, g, 1000 + g, g FROM generate_series(1, 100) g`, `INSERT INTO out SELECT g, g, 1000 + g FROM generate_series(1, 50) g`)
	env := newEnv(t, dsn)
	req := several(t, conn, []string{"c", "p"},
		shadow.Change{Alter: []string{
			`ALTER p_id TYPE text`, `RENAME p_id TO parent`, `RENAME CONSTRAINT "to p" TO "to parent"`,
			`DROP CONSTRAINT c_p_code_fkey`, `ADD CONSTRAINT added FOREIGN KEY (other) REFERENCES p (v)`,
		}},
		shadow.Change{Alter: []string{`ALTER id TYPE text`, `RENAME id TO key`, `ADD UNIQUE (v)`, `RENAME v TO value`}})
	_, err := stages.Run(t.Context(), env, req, stages.Verify)
	// Its probe of p has no unique constraint on v yet.
	change := new(shadow.ChangeError)
	require.ErrorAs(t, err, &change)
	require.Zero(t, pgtest.Count(t, conn, `SELECT count(*) FROM repave.job`))

	pgtest.Exec(t, conn, `ALTER TABLE p ADD UNIQUE (v)`)
	before := pgtest.CatalogSnapshot(t, conn)
	req.Spec.Tables[1].Change.Alter = []string{`ALTER id TYPE text`, `RENAME id TO key`, `RENAME v TO value`}
	job := runTo(t, env, req, stages.Swap)
	require.Equal(t, []string{
		`added|FOREIGN KEY (other) REFERENCES p(value)|t`, `out_c_id_fkey|FOREIGN KEY (c_id) REFERENCES c(id)|t`,
		`out_p_code_fkey|FOREIGN KEY (p_code) REFERENCES p(code)|t`, `to parent|FOREIGN KEY (parent) REFERENCES p(key) ON DELETE CASCADE|t`,
	}, pgtest.Rows(t, conn, `SELECT conname, pg_get_constraintdef(oid), convalidated FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace ORDER BY conname COLLATE "C"`))
	pgtest.Exec(t, conn, `INSERT INTO p VALUES ('101', 1101, 101)`)
	pgtest.Exec(t, conn, `INSERT INTO c VALUES (101, '101', 0, 101)`)
	_, err = conn.Exec(t.Context(), `INSERT INTO c VALUES (102, '102', 0, 101)`)
	require.Equal(t, "23503", sqlState(err))
	pgtest.Exec(t, conn, `UPDATE c SET p_code = 1001 WHERE p_code = 0`) // the old table could not hold it
	job, err = stages.RevertSwap(t.Context(), env, job)
	require.NoError(t, err)
	require.Equal(t, []string{"101|101|1001|101"}, pgtest.Rows(t, conn, `SELECT * FROM c WHERE id > 100`))
	require.NoError(t, stages.Reset(t.Context(), env, job))
	pgtest.RequireSameCatalog(t, before, pgtest.CatalogSnapshot(t, conn))
	requireNoTraces(t, conn)
}

// TestLaw4OneTablesErrorLeavesAllResumable: a row of the second table does not
// fit; once corrected, the job goes on with both.
func TestLaw4OneTablesErrorLeavesAllResumable(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn, `CREATE TABLE a (id bigint PRIMARY KEY, n bigint)`, `CREATE TABLE b (id bigint PRIMARY KEY, n bigint REFERENCES a)`,
		`INSERT INTO a SELECT g, g FROM generate_series(1, 3000) g`, `INSERT INTO b SELECT g, g FROM generate_series(1, 3000) g`,
		`INSERT INTO a VALUES (3000000000, 1)`, `INSERT INTO b VALUES (3001, 3000000000)`)
	args := []string{"run", "a", "b", "--alter", "ALTER n TYPE int"}
	_, stderr, code := repave(t, dsn, args...)
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "the row of public.b with key 3001")
	require.Contains(t, stderr, "backfill of public.a, public.b")
	stdout, _, code := repave(t, dsn, "status", "b")
	require.Zero(t, code)
	require.Contains(t, stdout, "public.a, public.b (job 1)")
	pgtest.Exec(t, conn, `UPDATE b SET n = 1 WHERE id = 3001`)
	pgtest.Exec(t, conn, `UPDATE a SET n = -1 WHERE id = 5`)
	mustRepave(t, dsn, append(args, "--until", "verify")...)
	// And one that comes later, before the swap.
	pgtest.Exec(t, conn, `UPDATE a SET n = 3000000000 WHERE id = 7`)
	_, stderr, code = repave(t, dsn, "swap", "b")
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "rows of public.a that the new table can't hold")
	require.False(t, pgtest.Value[bool](t, conn, `SELECT swapped FROM repave.job`))
	pgtest.Exec(t, conn, `UPDATE a SET n = 7 WHERE id = 7`)
	mustRepave(t, dsn, append(args, "--cleanup")...)
	require.Equal(t, 3000, pgtest.Count(t, conn, `SELECT count(*) FROM a WHERE n = id OR id = 5 AND n = -1`))
	requireNoTraces(t, conn)
}

// TestLaw3OneTamperedShadowKeepsAllFromSwapping.
func TestLaw3OneTamperedShadowKeepsAllFromSwapping(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn)
	_, err := conn.Exec(t.Context(), familyTables)
	require.NoError(t, err)
	mustRepave(t, dsn, "run", "orders", "lines", "--until", "verify")
	pgtest.Exec(t, conn, `UPDATE repave.repave_1_2_shadow SET n = 0 WHERE id = -77`)
	_, stderr, code := repave(t, dsn, "swap", "orders")
	require.Equal(t, 4, code, stderr)
	require.Contains(t, stderr, "differences in public.lines")
	require.Contains(t, stderr, "key -77:")
	require.False(t, pgtest.Value[bool](t, conn, `SELECT swapped FROM repave.job`))
	mustRepave(t, dsn, "reset", "lines", "--yes")
	requireNoTraces(t, conn)
}

// TestLaw9DDLOnOneTableOfSeveral is noticed, and named.
func TestLaw9DDLOnOneTableOfSeveral(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn)
	_, err := conn.Exec(t.Context(), familyTables)
	require.NoError(t, err)
	mustRepave(t, dsn, "run", "orders", "lines", "--until", "verify")
	for _, sql := range []string{`ALTER TABLE lines ADD extra int`, `ALTER TABLE lines DROP extra`} {
		pgtest.Exec(t, conn, sql)
		_, stderr, code := repave(t, dsn, "swap", "orders")
		if strings.Contains(sql, "ADD") {
			require.Equal(t, 1, code)
			require.Contains(t, stderr, "public.lines was changed since the job began")
		} else {
			require.Zero(t, code, stderr)
		}
	}
	mustRepave(t, dsn, "cleanup", "lines", "--yes")
	requireNoTraces(t, conn)
}

// TestLaw5SeveralRichTablesInOneJob: a table with everything, its parent and its
// child, in schemas and under names that need quoting, leave no difference.
func TestLaw5SeveralRichTablesInOneJob(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn)
	_, err := conn.Exec(t.Context(), richSQL(t, conn, ""))
	require.NoError(t, err)
	// Another table of its name, which refers to it and shares its sequences.
	for _, sql := range []string{
		`CREATE TABLE other."Rich ""table" (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n int UNIQUE DEFAULT nextval('"Odd schema"."Rich ""table_nr_seq"'),
			rich int REFERENCES "Odd schema"."Rich ""table", up int REFERENCES other."Rich ""table" (n))`,
		`INSERT INTO other."Rich ""table" (rich) VALUES (5), (8)`, `ANALYZE`,
	} {
		pgtest.Exec(t, conn, sql)
	}
	before, dump := pgtest.CatalogSnapshot(t, conn), pgtest.DumpSchema(t, dsn, "repave")
	env := newEnv(t, dsn)
	names := []sqltmpl.Table{
		{Schema: "other", Name: "child"}, richName, {Schema: "other", Name: richName.Name}, {Schema: "other", Name: "parent"},
	}
	req := stages.Request{Spec: registry.Spec{Strategy: "changelog", Tables: registry.TablesOf(shadow.Change{}, names...)}}
	var rows []string
	read := func() (out []string) {
		for _, name := range names {
			out = append(out, pgtest.Rows(t, conn, `SELECT * FROM `+name.String()+` ORDER BY 1, 2`)...)
		}
		return out
	}
	rows = read()
	for _, name := range names {
		req.OIDs = append(req.OIDs, pgtest.Value[uint32](t, conn, "SELECT $1::text::regclass::oid", name.String()))
	}
	same := func(what string) {
		t.Helper()
		require.Equal(t, rows, read(), what)
		pgtest.RequireSameCatalog(t, before, pgtest.CatalogSnapshot(t, conn))
		require.Equal(t, dump, pgtest.DumpSchema(t, dsn, "repave"), what)
		requireNoTraces(t, conn)
	}
	job := runTo(t, env, req, stages.Swap)
	job, err = stages.RevertSwap(t.Context(), env, job)
	require.NoError(t, err)
	require.NoError(t, stages.Reset(t.Context(), env, job))
	same("revert-swap and reset")
	job = runTo(t, env, req, stages.Swap)
	require.NoError(t, stages.Erase(t.Context(), env, job))
	same("cleanup")
	pgtest.Exec(t, conn, `INSERT INTO other."Rich ""table" (rich) VALUES (5)`)
}

// TestLaw5NamesThatTwoTablesWouldShareAreRefused: the swap could not give it to both.
func TestLaw5NamesThatTwoTablesWouldShareAreRefused(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn, `CREATE TABLE a (id int PRIMARY KEY, n int)`, `CREATE TABLE b (id int PRIMARY KEY, n int)`)
	_, stderr, code := repave(t, dsn, "run", "a", "b", "--alter", "ADD CONSTRAINT one_name UNIQUE (n)")
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "public.a and public.b can't both have an index or sequence")
	require.Contains(t, stderr, "hint: ")
	requireNoTraces(t, conn)
	mustRepave(t, dsn, "run", "a", "b", "--alter", "ADD UNIQUE (n)", "--cleanup")
	require.Equal(t, []string{"a_n_key", "b_n_key"}, pgtest.Rows(t, conn, `SELECT conname FROM pg_constraint WHERE contype = 'u' AND connamespace = 'public'::regnamespace ORDER BY 1`))
}
