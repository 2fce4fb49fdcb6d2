package laws_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/tests/pgtest"
)

// TestLaw5TortureWithReferencing widens the tortured table's key, the columns of all tables that refer to it with it, and
// what is bound to any of them: there, back, and there again to the end.
func TestLaw5TortureWithReferencing(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn, otherDSN := pgtest.Database(t), pgtest.Database(t)
	conn, other := pgtest.Connect(t, dsn), pgtest.Connect(t, otherDSN)
	c := tortureOf(t, conn, tortureNames[:3])
	build(t, conn, c.tables, c.bound)
	pgtest.Exec(t, conn, "ANALYZE")
	before, dump := pgtest.CatalogSnapshot(t, conn), pgtest.DumpSchema(t, dsn, "repave")
	args := []string{"--pk-bigint", "--with-referencing", "--", c.name().String()}
	command := func(name string, more ...string) {
		mustRepave(t, dsn, append(append([]string{name}, more...), args...)...)
	}
	command("plan")
	command("run")
	mustRepave(t, dsn, "revert-swap", "--yes", "--", c.name().String())
	mustRepave(t, dsn, "reset", "--yes", "--", c.name().String())
	pgtest.RequireSameCatalog(t, before, pgtest.CatalogSnapshot(t, conn))
	require.Equal(t, dump, pgtest.DumpSchema(t, dsn, "repave"))
	requireNoTraces(t, conn)
	command("run", "--cleanup")
	requireNoTraces(t, conn)

	build(t, other, c.tables, actions(c, []string{`ALTER "Id" TYPE bigint, ALTER up TYPE bigint`}),
		[]string{`ALTER TABLE other.child ALTER a TYPE bigint, ALTER b TYPE bigint, ALTER d TYPE bigint`}, c.bound)
	for n := range c.names {
		pgtest.Exec(t, other, `ALTER TABLE other.`+c.numbered("r", n)+` ALTER `+c.column(n).String()+` TYPE bigint`)
	}
	pgtest.Exec(t, other, "ANALYZE")
	pgtest.RequireSameCatalog(t, pgtest.CatalogSnapshot(t, other), pgtest.CatalogSnapshot(t, conn))
	require.Equal(t, pgtest.DumpSchema(t, otherDSN, "repave"), pgtest.DumpSchema(t, dsn, "repave"))
	requireAlive(t, conn, c)
	pgtest.Exec(t, conn, `INSERT INTO other.child (id, a) VALUES (1000, 5)`)
}
