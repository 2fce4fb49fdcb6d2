package laws_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

// ledger is a tree of partitions with foreign keys of all directions: out of it on two levels, to it from a plain and from
// a partitioned table, to itself, with actions, deferred, with names of their own on a partition.
const ledger = `
CREATE TABLE accounts (id int PRIMARY KEY, code int NOT NULL UNIQUE);
INSERT INTO accounts SELECT g, g FROM generate_series(1, 300) g;
CREATE TABLE "Events" (id int NOT NULL, at int NOT NULL, account int, code int, before int, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE low PARTITION OF "Events" FOR VALUES FROM (0) TO (100);
CREATE TABLE mid PARTITION OF "Events" FOR VALUES FROM (100) TO (1000) PARTITION BY RANGE (at);
CREATE TABLE mid_a PARTITION OF mid FOR VALUES FROM (100) TO (300);
CREATE TABLE "Mid b" (gone int, before int, code int, account int, at int NOT NULL, id int NOT NULL,
	CONSTRAINT "taken in" FOREIGN KEY (account) REFERENCES accounts ON UPDATE CASCADE ON DELETE CASCADE);
ALTER TABLE "Mid b" DROP gone;
ALTER TABLE mid ATTACH PARTITION "Mid b" DEFAULT;
CREATE TABLE rest PARTITION OF "Events" DEFAULT;
ALTER TABLE "Events" ADD CONSTRAINT "of all" FOREIGN KEY (account) REFERENCES accounts ON UPDATE CASCADE ON DELETE CASCADE;
ALTER TABLE mid ADD CONSTRAINT "of the middle" FOREIGN KEY (code) REFERENCES accounts (code) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE "Events" ADD CONSTRAINT "to itself" FOREIGN KEY (before, at) REFERENCES "Events";
COMMENT ON CONSTRAINT "of all" ON "Events" IS 'one'; COMMENT ON CONSTRAINT "taken in" ON "Mid b" IS 'two'; COMMENT ON CONSTRAINT "of all" ON mid IS 'three';
INSERT INTO "Events" SELECT g, g, 1 + g % 300, 1 + g % 10, CASE WHEN g % 2 = 0 THEN g END FROM generate_series(0, 999) g;
INSERT INTO "Events" VALUES (5000, 5000, 7);
CREATE TABLE notes (id int PRIMARY KEY, event int, at int, CONSTRAINT "about" FOREIGN KEY (event, at) REFERENCES "Events" ON UPDATE CASCADE ON DELETE SET NULL);
INSERT INTO notes SELECT g, g * 10, g * 10 FROM generate_series(0, 99) g;
COMMENT ON CONSTRAINT "about" ON notes IS 'four';
CREATE TABLE files (id int, event int, at int) PARTITION BY HASH (id);
CREATE TABLE files_0 PARTITION OF files FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE files_1 PARTITION OF files FOR VALUES WITH (MODULUS 2, REMAINDER 1);
ALTER TABLE files ADD CONSTRAINT "of an event" FOREIGN KEY (event, at) REFERENCES "Events";
INSERT INTO files SELECT g, g, g FROM generate_series(0, 500) g;
ALTER TABLE notes ADD CONSTRAINT late FOREIGN KEY (id, at) REFERENCES "Events" NOT VALID;
`

// withoutServersOwn leaves out those constraints that the server makes for each partition of a table that is referred to:
// before PostgreSQL 18 VALIDATE leaves these as they were, and nobody can name them.
func withoutServersOwn(t *testing.T, conn *pgx.Conn) map[string]string {
	t.Helper()
	snapshot := pgtest.CatalogSnapshot(t, conn)
	for _, own := range pgtest.Rows(t, conn, `SELECT format('constraint %I on %I.%I: ', k.conname, n.nspname, c.relname)
		FROM pg_constraint k JOIN pg_constraint p ON p.oid = k.conparentid AND p.conrelid = k.conrelid
		JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace`) {
		for key := range snapshot {
			if strings.HasPrefix(key, own) {
				delete(snapshot, key)
			}
		}
	}
	return snapshot
}

// TestLaw5APartitionOfATableWithForeignKeys: all of them are as they were, after every way that a job can go.
func TestLaw5APartitionOfATableWithForeignKeys(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn)
	_, err := conn.Exec(t.Context(), ledger)
	require.NoError(t, err)
	before, dump := withoutServersOwn(t, conn), pgtest.DumpSchema(t, dsn, "repave")
	env := newEnv(t, dsn)
	same := func(what string) {
		t.Helper()
		pgtest.RequireSameCatalog(t, before, withoutServersOwn(t, conn))
		require.Equal(t, dump, pgtest.DumpSchema(t, dsn, "repave"), what)
		requireNoTraces(t, conn)
	}
	for _, table := range []string{"Mid b", "rest"} {
		job := runTo(t, env, request(t, conn, table, nil), stages.Verify)
		require.NoError(t, stages.Reset(t.Context(), env, job))
		same("reset of " + table)
		job = runTo(t, env, request(t, conn, table, nil), stages.Swap)
		inert(t, conn, job)
		job, err = stages.RevertSwap(t.Context(), env, job)
		require.NoError(t, err)
		inert(t, conn, job)
		require.NoError(t, stages.Reset(t.Context(), env, runTo(t, env, request(t, conn, table, nil), stages.Verify)))
		same("revert-swap and reset of " + table)
		runTo(t, env, request(t, conn, table, nil), stages.Cleanup)
		same("cleanup of " + table)
	}
}

// underLocks notes how often the tables of the ledger were read by each transaction that has all of it locked.
const underLocks = `
CREATE TABLE counted (xact xid8, reads bigint, of oid);
CREATE FUNCTION count_reads() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
	IF EXISTS (SELECT FROM pg_locks WHERE pid = pg_backend_pid() AND relation = 'public."Events"'::regclass AND mode = 'AccessExclusiveLock') THEN
		INSERT INTO public.counted SELECT pg_current_xact_id(), pg_stat_get_xact_numscans(c.oid), c.oid FROM pg_class c
		WHERE c.relkind = 'r' AND (c.relnamespace = 'public'::regnamespace AND c.relname <> 'counted' OR c.relname ~ '^repave_\d+_1_(old|shadow)$');
	END IF;
END $$;
CREATE EVENT TRIGGER reads_before ON ddl_command_start WHEN TAG IN ('ALTER TABLE') EXECUTE FUNCTION count_reads();
CREATE EVENT TRIGGER reads_after ON ddl_command_end WHEN TAG IN ('ALTER TABLE') EXECUTE FUNCTION count_reads();
`

// TestLaw1NoKeyOfAPartitionIsCheckedUnderLocks: no row is read for the foreign keys while the whole table is locked.
func TestLaw1NoKeyOfAPartitionIsCheckedUnderLocks(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn)
	_, err := conn.Exec(t.Context(), ledger)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), underLocks)
	require.NoError(t, err)
	env := newEnv(t, dsn)
	runTo(t, env, request(t, conn, "Mid b", nil), stages.Swap)
	require.Equal(t, []string{"1|0"}, pgtest.Rows(t, conn, `SELECT count(DISTINCT xact), sum(reads) FROM (
		SELECT xact, max(reads) - min(reads) AS reads FROM counted GROUP BY xact, of HAVING count(*) > 10) x`))
}
