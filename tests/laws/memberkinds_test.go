package laws_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

// countReads notes how often the tables were read by each command that alters a partitioned table, by the end of it and
// before it; the server's counters go on for a while after a transaction.
const countReads = `
CREATE TABLE counted (n serial, xact xid8, at_end boolean, reads bigint);
CREATE FUNCTION count_reads() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
	IF TG_EVENT = 'ddl_command_end' THEN
		IF NOT EXISTS (SELECT FROM pg_event_trigger_ddl_commands() WHERE object_identity IN ('public.p', 'public.q')) THEN
			RETURN;
		END IF;
	END IF;
	INSERT INTO public.counted (xact, at_end, reads) SELECT pg_current_xact_id(), TG_EVENT = 'ddl_command_end', coalesce(sum(pg_stat_get_xact_numscans(c.oid)), 0)
	FROM pg_class c WHERE c.relname IN ('leaf', 'd') AND c.relnamespace = 'public'::regnamespace;
END $$;
CREATE EVENT TRIGGER reads_before ON ddl_command_start WHEN TAG IN ('ALTER TABLE') EXECUTE FUNCTION count_reads();
CREATE EVENT TRIGGER reads_after ON ddl_command_end WHEN TAG IN ('ALTER TABLE') EXECUTE FUNCTION count_reads();
CREATE VIEW reads AS SELECT n, xact, reads - before AS reads
	FROM (SELECT *, lag(reads) OVER (ORDER BY n) AS before FROM counted) c WHERE at_end;
`

const countNoMore = `DROP EVENT TRIGGER reads_before; DROP EVENT TRIGGER reads_after; DROP VIEW reads; DROP TABLE counted; DROP FUNCTION count_reads`

// kinds are partitions of every kind: the server must believe the checks of all of them, and read none of their tables.
var kinds = map[string]struct{ sql, leaf string }{
	"range": {`CREATE TABLE p (id int PRIMARY KEY, n int) PARTITION BY RANGE (id); CREATE TABLE leaf PARTITION OF p FOR VALUES FROM (1) TO (100);
		CREATE TABLE d PARTITION OF p DEFAULT`, "leaf"},
	"list with null": {`CREATE TABLE p (id int NOT NULL, r varchar(5)) PARTITION BY LIST (r); CREATE TABLE leaf PARTITION OF p FOR VALUES IN ('a', NULL);
		CREATE TABLE d PARTITION OF p DEFAULT; CREATE UNIQUE INDEX ON leaf (id); CREATE UNIQUE INDEX ON d (id)`, "leaf"},
	"hash": {`CREATE TABLE p (id int PRIMARY KEY, n int) PARTITION BY HASH (id); CREATE TABLE leaf PARTITION OF p FOR VALUES WITH (MODULUS 2, REMAINDER 1);
		CREATE TABLE d PARTITION OF p FOR VALUES WITH (MODULUS 2, REMAINDER 0)`, "leaf"},
	"default": {`CREATE TABLE p (id int PRIMARY KEY, n int) PARTITION BY RANGE (id); CREATE TABLE leaf PARTITION OF p FOR VALUES FROM (1) TO (100);
		CREATE TABLE d PARTITION OF p DEFAULT`, "d"},
	"default alone": {`CREATE TABLE p (id int PRIMARY KEY, n int) PARTITION BY RANGE (id); CREATE TABLE d PARTITION OF p DEFAULT`, "d"},
	"two levels": {`CREATE TABLE p (id int, n int) PARTITION BY RANGE (id); CREATE TABLE q PARTITION OF p FOR VALUES FROM (1) TO (500) PARTITION BY LIST ((n % 3));
		CREATE TABLE d PARTITION OF q DEFAULT; CREATE TABLE leaf PARTITION OF q FOR VALUES IN (0, NULL); CREATE TABLE dd PARTITION OF p DEFAULT;
		ALTER TABLE leaf ALTER id SET NOT NULL; CREATE UNIQUE INDEX ON leaf (id); CREATE INDEX ON p (n)`, "leaf"},
	"two levels, default": {`CREATE TABLE p (id int, n int) PARTITION BY RANGE (id); CREATE TABLE q PARTITION OF p DEFAULT PARTITION BY LIST (n);
		CREATE TABLE d PARTITION OF q DEFAULT; CREATE TABLE leaf PARTITION OF q FOR VALUES IN (0, 1); ALTER TABLE d ALTER id SET NOT NULL;
		CREATE TABLE low PARTITION OF p FOR VALUES FROM (1) TO (100); CREATE UNIQUE INDEX ON d (id)`, "d"},
}

// TestLaw5AttachReadsNothing: neither the new partition nor the default one is read while the whole table is locked.
func TestLaw5AttachReadsNothing(t *testing.T) {
	t.Parallel()
	for name, k := range kinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			takeTurn(t)
			dsn := pgtest.Database(t)
			conn := pgtest.Connect(t, dsn)
			_, err := conn.Exec(t.Context(), k.sql)
			require.NoError(t, err)
			pgtest.Exec(t, conn, `INSERT INTO p SELECT g FROM generate_series(1, 400) g`)
			before := pgtest.CatalogSnapshot(t, conn)
			_, err = conn.Exec(t.Context(), countReads)
			require.NoError(t, err)
			env := newEnv(t, dsn)
			req := request(t, conn, k.leaf, nil)
			job := runTo(t, env, req, stages.Swap)
			_, err = stages.RevertSwap(t.Context(), env, job)
			require.NoError(t, err)
			runTo(t, env, req, stages.Cleanup)
			require.Equal(t, []string{"3"}, pgtest.Rows(t, conn, `SELECT count(DISTINCT xact) FROM reads`))
			require.Empty(t, pgtest.Rows(t, conn, `SELECT * FROM reads WHERE reads > 0`))
			_, err = conn.Exec(t.Context(), countNoMore)
			require.NoError(t, err)
			pgtest.RequireSameCatalog(t, before, pgtest.CatalogSnapshot(t, conn))
			require.Equal(t, 400, pgtest.Count(t, conn, `SELECT count(*) FROM p`))
			requireNoTraces(t, conn)
		})
	}
}
