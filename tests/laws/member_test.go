package laws_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

// months is a partitioned table with all that its partitions can have from it and of their own. "Nov" was attached, with
// its columns in another order and a hole; "rest" is the default partition, with rows.
const months = `
CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TABLE "Events" (id bigserial, at date NOT NULL, kind varchar(20) DEFAULT 'none', n int DEFAULT 0, note text, a boolean DEFAULT true,
	CONSTRAINT "n is" CHECK (n >= 0), PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE oct PARTITION OF "Events" FOR VALUES FROM ('2026-10-01') TO ('2026-11-01');
CREATE TABLE "Nov" (gone int, note text, n int DEFAULT 7, kind varchar(20) COLLATE "C", at date NOT NULL, a boolean DEFAULT true, id bigint NOT NULL,
	CONSTRAINT "n is" CHECK (n >= 0), CONSTRAINT own CHECK (note <> 'never'));
ALTER TABLE "Nov" DROP COLUMN gone;
ALTER TABLE "Nov" ALTER kind TYPE varchar(20) COLLATE "default";
CREATE TABLE rest PARTITION OF "Events" DEFAULT;
ALTER TABLE "Events" ATTACH PARTITION "Nov" FOR VALUES FROM ('2026-11-01') TO ('2026-12-01');
CREATE INDEX by_kind ON "Events" (kind, at);
CREATE UNIQUE INDEX ON "Events" (at, id) INCLUDE (n);
CREATE INDEX "nov only" ON "Nov" (n) WHERE n > 1;
CREATE UNIQUE INDEX nov_ident ON "Nov" (id);
ALTER TABLE "Nov" ALTER id SET STATISTICS 200, SET (fillfactor = 77), CLUSTER ON nov_ident;
CREATE TRIGGER each BEFORE INSERT OR UPDATE ON "Events" FOR EACH ROW EXECUTE FUNCTION noted();
CREATE TRIGGER off_here AFTER UPDATE ON "Events" FOR EACH ROW EXECUTE FUNCTION noted();
CREATE TRIGGER whole AFTER INSERT ON "Events" FOR EACH STATEMENT EXECUTE FUNCTION noted();
ALTER TABLE "Nov" DISABLE TRIGGER off_here;
CREATE TRIGGER leaf BEFORE UPDATE ON "Nov" FOR EACH ROW WHEN (NEW.n > 3) EXECUTE FUNCTION noted();
CREATE STATISTICS nov_stat ON kind, n FROM "Nov";
CREATE POLICY seen ON "Nov" USING (n >= 0);
ALTER TABLE "Nov" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "Nov" REPLICA IDENTITY USING INDEX nov_ident;
GRANT SELECT ON "Nov" TO PUBLIC;
GRANT UPDATE (note) ON "Nov" TO PUBLIC;
COMMENT ON TABLE "Nov" IS 'eleventh';
COMMENT ON INDEX "nov only" IS 'an index';
CREATE VIEW of_nov AS SELECT id, n FROM "Nov";
CREATE VIEW of_all AS SELECT id, n FROM "Events";
INSERT INTO "Events" (at, n) SELECT date '2026-10-01' + g % 61, g % 5 FROM generate_series(0, 3999) g;
INSERT INTO "Events" (at, n) SELECT date '2025-01-01' + g % 100, 1 FROM generate_series(0, 999) g;
`

// TestLaw5APartitionIsAsItWas: the new table is a partition like the old one, after every way that a job can go.
func TestLaw5APartitionIsAsItWas(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn)
	_, err := conn.Exec(t.Context(), months)
	require.NoError(t, err)
	before, dump := pgtest.CatalogSnapshot(t, conn), pgtest.DumpSchema(t, dsn, "repave")
	env := newEnv(t, dsn)
	same := func(what string) {
		t.Helper()
		require.Equal(t, 5000, pgtest.Count(t, conn, `SELECT count(*) FROM "Events"`), what)
		pgtest.RequireSameCatalog(t, before, pgtest.CatalogSnapshot(t, conn))
		require.Equal(t, dump, pgtest.DumpSchema(t, dsn, "repave"), what)
		requireNoTraces(t, conn)
	}
	for _, table := range []string{"Nov", "oct", "rest"} {
		job := runTo(t, env, request(t, conn, table, nil), stages.Verify)
		require.NoError(t, stages.Reset(t.Context(), env, job))
		same("reset of " + table)
		job = runTo(t, env, request(t, conn, table, nil), stages.Swap)
		inert(t, conn, job)
		job, err = stages.RevertSwap(t.Context(), env, job)
		require.NoError(t, err)
		inert(t, conn, job)
		job = runTo(t, env, request(t, conn, table, nil), stages.Swap)
		job, err = stages.RevertSwap(t.Context(), env, job)
		require.NoError(t, err)
		require.NoError(t, stages.Reset(t.Context(), env, job))
		same("revert-swap and reset of " + table)
		runTo(t, env, request(t, conn, table, nil), stages.Cleanup)
		same("cleanup of " + table)
	}
}

// inert requires that the parked table of a job is nobody's partition and has nothing that could fire or fail.
func inert(t *testing.T, conn *pgx.Conn, job registry.Job) {
	t.Helper()
	require.Zero(t, pgtest.Count(t, conn, `SELECT count(*) FROM pg_inherits WHERE inhrelid = $1::text::regclass`, standby(job)))
	require.Zero(t, pgtest.Count(t, conn, `SELECT count(*) FROM pg_trigger WHERE tgrelid = $1::text::regclass`, standby(job)))
	require.Zero(t, pgtest.Count(t, conn, `SELECT count(*) FROM pg_constraint WHERE conname ~ '^repave_\d+_\d+_(member|others)$'`))
}

// TestLaw5WhatCanBeAskedOfAPartition: what leaves the columns as they are for the whole table is done, the rest refused.
func TestLaw5WhatCanBeAskedOfAPartition(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn)
	_, err := conn.Exec(t.Context(), months)
	require.NoError(t, err)
	for _, args := range [][]string{
		{"--alter", "ALTER n TYPE bigint"},
		{"--alter", "ADD extra int"},
		{"--alter", "DROP note"},
		{"--alter", "RENAME note TO remark"},
		{"--using", "n=n + 1"},
	} {
		_, stderr, code := repave(t, dsn, append([]string{"run", "Nov"}, args...)...)
		require.Equal(t, 3, code, "%v: %s", args, stderr)
		require.Contains(t, stderr, `cure: give the whole table: repave run public."Events"`, "%v", args)
		stdout, _, code := repave(t, dsn, append([]string{"plan", "Nov"}, args...)...)
		require.Equal(t, 3, code, "%v: %s", args, stdout)
		require.Contains(t, stdout, `repave run public."Events"`)
	}
	_, stderr, code := repave(t, dsn, "run", "Nov", "--partition-by", "HASH (id) 4")
	require.Equal(t, 3, code, stderr)
	_, stderr, code = repave(t, dsn, "run", "oct", "rest")
	require.Equal(t, 3, code, stderr)
	require.Contains(t, stderr, "is the default partition beside others of the same job")
	requireNoTraces(t, conn)

	stdout, _, code := repave(t, dsn, "plan", "Nov")
	require.Zero(t, code)
	require.Contains(t, stdout, `partition public."Nov" of public."Events"`)
	require.Regexp(t, `(?s)ACCESS EXCLUSIVE.*a check on it is validated.*public\.rest`, stdout)
	mustRepave(t, dsn, "run", "Nov", "--optimize-columns", "--order-by", "id", "--set", "fillfactor=50", "--alter", "ADD CONSTRAINT more CHECK (id > 0)", "--cleanup")
	require.Equal(t, []string{"id,at,n,a,note,kind|fillfactor=50"}, pgtest.Rows(t, conn, `SELECT (SELECT string_agg(attname, ',' ORDER BY attnum)
		FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped), array_to_string(reloptions, ',') FROM pg_class c WHERE relname = 'Nov'`))
	require.Equal(t, 1, pgtest.Count(t, conn, `SELECT count(*) FROM pg_constraint WHERE conname = 'more'`))
	require.Equal(t, 5000, pgtest.Count(t, conn, `SELECT count(*) FROM "Events"`))
	// Two partitions in one job.
	mustRepave(t, dsn, "run", "Nov", "oct", "--cleanup")
	require.Equal(t, 5000, pgtest.Count(t, conn, `SELECT count(*) FROM "Events"`))
	requireNoTraces(t, conn)
}

// TestLaw5PartitionsThatAreRefused: with a cure that works.
func TestLaw5PartitionsThatAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ sql, problem, cure string }{
		"foreign key to its own table": {
			`CREATE TABLE p (id int PRIMARY KEY) PARTITION BY LIST (id); CREATE TABLE leaf PARTITION OF p FOR VALUES IN (1); ALTER TABLE leaf ADD CONSTRAINT up FOREIGN KEY (id) REFERENCES p`,
			"foreign key up from public.leaf to public.p ties the partition to a table that it belongs to", `ALTER TABLE public.leaf DROP CONSTRAINT up`,
		},
		"foreign keys alike": {
			`CREATE TABLE k (id int PRIMARY KEY); CREATE TABLE p (id int PRIMARY KEY REFERENCES k) PARTITION BY LIST (id); CREATE TABLE leaf PARTITION OF p FOR VALUES IN (1);
			ALTER TABLE p ADD CONSTRAINT again FOREIGN KEY (id) REFERENCES k ON DELETE CASCADE`,
			"foreign keys p_id_fkey and again of public.p are alike", `ALTER TABLE public.p DROP CONSTRAINT again`,
		},
		"index": {
			`CREATE TABLE p (id int PRIMARY KEY, n int) PARTITION BY LIST (id); CREATE TABLE leaf PARTITION OF p FOR VALUES IN (1); CREATE INDEX half ON ONLY p (n)`,
			"index public.half has no partition on public.leaf", `CREATE INDEX full_one ON leaf (n); ALTER INDEX half ATTACH PARTITION full_one`,
		},
		"default": {
			`CREATE TABLE p (id int PRIMARY KEY) PARTITION BY LIST (id); CREATE TABLE leaf PARTITION OF p FOR VALUES IN (1); CREATE TABLE d PARTITION OF p DEFAULT PARTITION BY LIST (id)`,
			"the default partition of public.p, public.d, is no plain table", `ALTER TABLE public.p DETACH PARTITION public.d`,
		},
		"hash of text": {
			`CREATE TABLE p (id text PRIMARY KEY) PARTITION BY HASH (id); CREATE TABLE leaf PARTITION OF p FOR VALUES WITH (MODULUS 1, REMAINDER 0)`,
			"PostgreSQL reads every row", `ALTER TABLE p DETACH PARTITION leaf`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			takeTurn(t)
			dsn := pgtest.Database(t)
			conn := pgtest.Connect(t, dsn)
			_, err := conn.Exec(t.Context(), c.sql)
			require.NoError(t, err)
			_, stderr, code := repave(t, dsn, "run", "leaf", "--cleanup")
			require.Equal(t, 3, code, stderr)
			require.Contains(t, stderr, c.problem)
			if strings.HasPrefix(c.cure, "ALTER TABLE public.") {
				require.Contains(t, stderr, "cure: "+c.cure)
			}
			_, err = conn.Exec(t.Context(), c.cure)
			require.NoError(t, err)
			mustRepave(t, dsn, "run", "leaf", "--cleanup")
			requireNoTraces(t, conn)
		})
	}
}
