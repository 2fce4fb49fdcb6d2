package laws_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

// A torment is one way to change the tortured table.
type torment struct {
	change shadow.Change
	// How PostgreSQL's own means make the same table: before anything is bound to it, and after.
	retype, alter []string
	// moved says that columns come to stand elsewhere, which nothing else can do.
	moved bool
	names []string
}

var torments = map[string]torment{
	"repack": {names: tortureNames},
	"types": {
		names:  tortureNames[:6],
		change: shadow.Change{Alter: []string{`ALTER amount TYPE numeric(12,3), ALTER tags TYPE varchar(40)[]`, `ALTER parent_k TYPE varchar(30)`}},
		retype: []string{`ALTER amount TYPE numeric(12,3), ALTER tags TYPE varchar(40)[]`, `ALTER parent_k TYPE varchar(30)`},
	},
	"drop": {
		names:  tortureNames[6:8],
		change: shadow.Change{Alter: []string{`DROP doc, DROP tags`, `DROP CONSTRAINT "to k"`}},
		alter:  []string{`DROP doc, DROP tags`, `DROP CONSTRAINT "to k"`},
	},
	"add": {
		names:  tortureNames[8:],
		change: shadow.Change{Alter: []string{`ADD "add ON" text DEFAULT ' USING $1' NOT NULL, ADD CONSTRAINT "added ON" UNIQUE (big, "Id")`}},
		alter:  []string{`ADD "add ON" text DEFAULT ' USING $1' NOT NULL, ADD CONSTRAINT "added ON" UNIQUE (big, "Id")`},
	},
	"rename": {
		names:  tortureNames[:3],
		change: shadow.Change{Alter: []string{`RENAME total TO "to""tal USING $$"`, `RENAME parent_id TO "table"`, `RENAME CONSTRAINT "a code" TO "another ON code"`}},
		alter:  []string{`RENAME total TO "to""tal USING $$"`, `RENAME parent_id TO "table"`, `RENAME CONSTRAINT "a code" TO "another ON code"`},
	},
	"reorder":  {change: shadow.Change{OptimizeColumns: true}, moved: true},
	"order by": {names: tortureNames[5:7], change: shadow.Change{OrderBy: []string{"Id"}}},
	"settings": {
		names:  tortureNames[7:9],
		change: shadow.Change{Set: []string{"fillfactor=92", "toast.autovacuum_enabled=on"}},
		alter:  []string{`SET (fillfactor=92, toast.autovacuum_enabled=on)`},
	},
}

// TestLaw5Torture takes the tortured table through each kind of change: there, back, and there again to the end.
// What comes out is what PostgreSQL's own means make of the same database.
func TestLaw5Torture(t *testing.T) {
	t.Parallel()
	for what, torment := range torments {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			takeTurn(t)
			torment.run(t)
		})
	}
}

func (m torment) run(t *testing.T) {
	t.Helper()
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn)
	c := tortureOf(t, conn, m.names)
	build(t, conn, c.tables, c.bound)
	pgtest.Exec(t, conn, "ANALYZE")
	before, dump := pgtest.CatalogSnapshot(t, conn), pgtest.DumpSchema(t, dsn, "repave")
	env := newEnv(t, dsn)
	req := requestOf(t, conn, c.name(), func(s *registry.Spec) { s.Tables[0].Change = m.change })
	same := func(what string) {
		t.Helper()
		pgtest.RequireSameCatalog(t, before, pgtest.CatalogSnapshot(t, conn))
		require.Equal(t, dump, pgtest.DumpSchema(t, dsn, "repave"), what)
		requireNoTraces(t, conn)
	}
	for _, until := range []stages.Name{stages.Setup, stages.Verify} {
		job := runTo(t, env, req, until)
		require.NoError(t, stages.Reset(t.Context(), env, job))
		same("reset after " + string(until))
	}
	job := runTo(t, env, req, stages.Swap)
	job, err := stages.RevertSwap(t.Context(), env, job)
	require.NoError(t, err)
	require.NoError(t, stages.Reset(t.Context(), env, job))
	same("revert-swap and reset")
	runTo(t, env, req, stages.Cleanup)
	requireNoTraces(t, conn)

	otherDSN := pgtest.Database(t)
	other := pgtest.Connect(t, otherDSN)
	build(t, other, c.tables, actions(c, m.retype), c.bound, actions(c, m.alter))
	pgtest.Exec(t, other, "ANALYZE")
	want, after := pgtest.CatalogSnapshot(t, other), pgtest.CatalogSnapshot(t, conn)
	for _, snapshot := range []map[string]string{want, after} {
		maps.DeleteFunc(snapshot, func(key, _ string) bool {
			return m.moved && (strings.HasSuffix(key, ": position") || strings.HasSuffix(key, ": attnames"))
		})
	}
	pgtest.RequireSameCatalog(t, want, after)
	if !m.moved {
		require.Equal(t, pgtest.DumpSchema(t, otherDSN, "repave"), pgtest.DumpSchema(t, dsn, "repave"))
	}
	requireAlive(t, conn, c)
}

// actions are those actions as statements.
func actions(c tortured, list []string) (out []string) {
	for _, action := range list {
		out = append(out, "ALTER TABLE "+c.name().String()+" "+action)
	}
	return out
}

// requireAlive requires that a row written now is seen through what is bound to the table under every name.
func requireAlive(t *testing.T, conn *pgx.Conn, c tortured) {
	t.Helper()
	pgtest.Exec(t, conn, `DELETE FROM other.audit`)
	id := pgtest.Value[int32](t, conn, `INSERT INTO `+c.name().String()+` (code) VALUES ('fresh') RETURNING "Id"`)
	for n, name := range c.names {
		function := pgx.Identifier{"other", name}.Sanitize()
		pgtest.Exec(t, conn, `UPDATE `+c.name().String()+` SET `+c.column(n).String()+` = 4711 WHERE "Id" = $1`, id)
		require.Equal(t, 1, pgtest.Count(t, conn, `SELECT count(*) FROM other.audit WHERE what = $1`, "UPDATE "+name), name)
		require.Equal(t, 1, pgtest.Count(t, conn, `SELECT count(*) FROM `+function+` WHERE "Id" = $1 AND `+c.column(n).String()+` = 4711`, id), name)
		require.Equal(t, int32(4711), pgtest.Value[int32](t, conn, `SELECT `+function+`($1::int)`, id))
		require.Equal(t, "it's", pgtest.Value[string](t, conn, `SELECT `+function+`(r) FROM `+c.name().String()+` r WHERE "Id" = $1`, id))
		view := `other.` + c.numbered("m", n)
		pgtest.Exec(t, conn, `REFRESH MATERIALIZED VIEW `+view)
		require.Equal(t, 1, pgtest.Count(t, conn, `SELECT count(*) FROM `+view+` WHERE `+c.column(n).String()+` = 4711`))
	}
}
