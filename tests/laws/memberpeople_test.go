package laws_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

// TestLaw1And5SubscribersOfAPartitionedTable: live subscriptions to the whole table, under its own name and under those of its
// partitions, get every change through a job on one partition, and nothing twice.
func TestLaw1And5SubscribersOfAPartitionedTable(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	server := pgtest.Server(t)
	pgtest.Connect(t, server.DSN("postgres"), `CREATE DATABASE source`, `CREATE DATABASE whole`, `CREATE DATABASE leaves`)
	dsn := server.DSN("source")
	source := pgtest.Connect(t, dsn)
	_, err := source.Exec(t.Context(), brothers+`;
		CREATE PUBLICATION whole FOR TABLE p WITH (publish_via_partition_root); CREATE PUBLICATION leaves FOR TABLE p`)
	require.NoError(t, err)
	targets := map[string]*pgx.Conn{}
	for name, tables := range map[string][]string{"whole": {"p"}, "leaves": {"one", "two", "rest"}} {
		target := pgtest.Connect(t, server.DSN(name))
		targets[name] = target
		for _, table := range tables {
			pgtest.Exec(t, target, `CREATE TABLE `+table+` (id int PRIMARY KEY, n int)`)
		}
		pgtest.Exec(t, source, `SELECT pg_create_logical_replication_slot($1, 'pgoutput')`, name)
		pgtest.Exec(t, target, fmt.Sprintf(`CREATE SUBSCRIPTION %[2]s CONNECTION '%[1]s' PUBLICATION %[2]s WITH (create_slot = false, slot_name = %[2]s)`,
			strings.ReplaceAll(dsn, "'", "''"), name))
		t.Cleanup(func() {
			_, _ = target.Exec(context.Background(), fmt.Sprintf(`ALTER SUBSCRIPTION %[1]s DISABLE; ALTER SUBSCRIPTION %[1]s SET (slot_name = NONE); DROP SUBSCRIPTION %[1]s`, name))
		})
	}
	const sum = `SELECT count(*), sum(id), sum(n) FROM `
	written := 0
	write := func() {
		t.Helper()
		written++
		for _, sql := range []string{
			`UPDATE p SET n = $1 WHERE id % 50 = 0`, `UPDATE p SET id = 10000 + id WHERE id = 10 + $1`, `UPDATE p SET id = id - 10000 WHERE id = 10010 + $1 AND $1 % 2 = 0`,
			`INSERT INTO p VALUES (2000 + $1)`, `DELETE FROM p WHERE id = 500 + $1`, `UPDATE one SET n = $1 WHERE id = 7`,
		} {
			pgtest.Exec(t, source, sql, written)
		}
		want := pgtest.Rows(t, source, sum+"p")
		require.Eventually(t, func() bool {
			return pgtest.Rows(t, targets["whole"], sum+"p")[0] == want[0] &&
				pgtest.Rows(t, targets["leaves"], sum+"(SELECT * FROM one UNION ALL SELECT * FROM two UNION ALL SELECT * FROM rest) u")[0] == want[0]
		}, commandTimeout, 20*time.Millisecond)
	}
	write()
	if pgtest.ServerVersion(t, source) < 15 { // whose senders don't notice that the new table is published by now
		_, stderr, code := repave(t, dsn, "run", "one")
		require.Equal(t, 3, code, stderr)
		require.Contains(t, stderr, "cure: ALTER PUBLICATION leaves DROP TABLE public.p;")
		return
	}
	env := newEnv(t, dsn)
	req := request(t, source, "one", nil)
	runTo(t, env, req, stages.Verify)
	write()
	job := runTo(t, env, req, stages.Swap)
	write()
	_, err = stages.RevertSwap(t.Context(), env, job)
	require.NoError(t, err)
	write()
	runTo(t, env, req, stages.Cleanup)
	write()
}

// TestLaw5APartitionOfSomebody: by a role that is no superuser; it must be able to act for the owner of the whole table and of the default
// partition.
func TestLaw5APartitionOfSomebody(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn)
	role, own := plainRole(t, dsn, conn, brothers+`ALTER TABLE p OWNER TO $r_owner; ALTER TABLE one OWNER TO $r_owner`)
	_, stderr, code := repave(t, own, "run", "one", "--cleanup")
	require.Equal(t, 3, code, stderr)
	require.Contains(t, stderr, "public.rest is bound to the table and has an owner that this role can't act for")
	pgtest.Exec(t, conn, `ALTER TABLE rest OWNER TO `+role+`_owner`)
	before := pgtest.CatalogSnapshot(t, conn)
	mustRepave(t, own, "run", "one")
	mustRepave(t, own, "revert-swap", "one", "--yes")
	mustRepave(t, own, "run", "one", "--cleanup")
	require.Equal(t, 4000, pgtest.Count(t, conn, `SELECT count(*) FROM p`))
	pgtest.RequireSameCatalog(t, before, pgtest.CatalogSnapshot(t, conn))
	requireNoTraces(t, conn)
}

// TestLaw1TwoJobsBesideEachOther: a job on the default partition does not take the check that another one puts there for a change.
func TestLaw1TwoJobsBesideEachOther(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn)
	_, err := conn.Exec(t.Context(), brothers)
	require.NoError(t, err)
	before := pgtest.CatalogSnapshot(t, conn)
	mustRepave(t, dsn, "run", "rest", "--until", "verify")
	mustRepave(t, dsn, "run", "one", "--until", "verify")
	reader := pgtest.Connect(t, dsn, `BEGIN`, `LOCK TABLE ONLY p IN ACCESS SHARE MODE`)
	cmd := command(t.Context(), t, dsn, "run", "one")
	require.NoError(t, cmd.Start())
	awaitTrue(t, conn, "checks are there", `SELECT count(*) = 2 AND bool_and(convalidated) FROM pg_constraint WHERE conname ~ '^repave_\d+_1_(member|others)$'`)
	mustRepave(t, dsn, "verify", "rest")
	pgtest.Exec(t, reader, `ROLLBACK`)
	require.NoError(t, cmd.Wait())
	mustRepave(t, dsn, "run", "rest")
	mustRepave(t, dsn, "revert-swap", "one", "--yes")
	mustRepave(t, dsn, "cleanup", "rest", "--yes")
	mustRepave(t, dsn, "run", "one", "--cleanup")
	require.Equal(t, 4000, pgtest.Count(t, conn, `SELECT count(*) FROM p`))
	pgtest.RequireSameCatalog(t, before, pgtest.CatalogSnapshot(t, conn))
	requireNoTraces(t, conn)
}
