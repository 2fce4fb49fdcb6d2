package preflight_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/pgserver"
	"github.com/repave-pg/repave/internal/preflight"
	"github.com/repave-pg/repave/tests/pgtest"
)

// across runs the checks for tables of the source. The sessions' search paths become empty.
func across(t *testing.T, source, target *pgx.Conn, names ...string) []preflight.Finding {
	t.Helper()
	in := preflight.AcrossInput{Source: source, Target: target, RegistrySchema: "repave"}
	for _, conn := range []*pgx.Conn{source, target} {
		pgtest.Exec(t, conn, "SET search_path = ''")
	}
	for _, name := range names {
		// By name, since a role without USAGE on the schema can't look it up.
		oid := pgtest.Count(t, source, `SELECT c.oid::int FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
			WHERE nspname || '.' || relname = $1`, name)
		relation, err := catalog.Load(t.Context(), source, uint32(oid), "repave")
		require.NoError(t, err)
		in.Relations = append(in.Relations, relation)
	}
	findings, err := preflight.Across(t.Context(), in)
	require.NoError(t, err)
	for _, finding := range findings {
		require.NotEmpty(t, finding.Cure, finding.Problem)
		require.NotEmpty(t, finding.Table, finding.Problem)
	}
	return findings
}

// firstOf returns the part of a cure that is to be run.
func firstOf(cure string) string {
	cure, _, _ = strings.Cut(cure, "; --")
	return cure
}

func TestEveryCheckAcrossFires(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct {
		name           string
		source, target []string
		table          string // the default is s.orders
		check, problem string
		onTarget       bool // where the cure is to be run
		uncured        bool
	}{
		{name: "no key", source: []string{`ALTER TABLE s.orders DROP CONSTRAINT orders_pkey`}, check: "key", problem: "no primary key"},
		{name: "identity nothing", source: []string{`ALTER TABLE s.orders REPLICA IDENTITY NOTHING`}, check: "replica_identity", problem: "orders_pkey"},
		{
			name: "key without primary key", source: []string{`ALTER TABLE s.orders DROP CONSTRAINT orders_pkey`, `CREATE UNIQUE INDEX u ON s.orders (id)`},
			check: "replica_identity", problem: `("u")`,
		},
		{
			name: "identity of another index", source: []string{`CREATE UNIQUE INDEX u ON s.orders (n)`, `ALTER TABLE s.orders REPLICA IDENTITY USING INDEX u`},
			check: "replica_identity", problem: "orders_pkey",
		},
		{
			name: "deferrable key", source: []string{`ALTER TABLE s.orders DROP CONSTRAINT orders_pkey, ADD PRIMARY KEY (id) DEFERRABLE`},
			check: "replica_identity", problem: "orders_pkey",
		},
		{name: "unlogged", source: []string{`ALTER TABLE s.orders SET UNLOGGED`}, check: "unlogged", problem: "is unlogged"},
		{name: "too wide", source: []string{
			`DO $$ BEGIN EXECUTE (SELECT 'ALTER TABLE s.orders ' || string_agg('ADD c' || g || ' int', ', ') FROM generate_series(5, 1600) g); END $$`,
		}, check: "columns", problem: "has 1599 columns, of which 1598", uncured: true},
		{name: "child", source: []string{`CREATE TABLE s.child () INHERITS (s.orders)`}, check: "inheritance", problem: "child s.child"},
		{
			name: "foreign", source: []string{
				`CREATE FOREIGN DATA WRAPPER w`, `CREATE SERVER w FOREIGN DATA WRAPPER w`, `CREATE FOREIGN TABLE s.f (id int) SERVER w`,
			}, target: []string{`DROP TABLE IF EXISTS s.f`}, table: "s.f", check: "kind", problem: "is a foreign table", uncured: true,
		},
		{name: "view", source: []string{`CREATE VIEW s.v AS SELECT 1`}, table: "s.v", check: "kind", problem: "is a view", uncured: true},
		{
			name: "no partitions", source: []string{`CREATE TABLE s.p (id int PRIMARY KEY) PARTITION BY LIST (id)`}, table: "s.p", check: "kind",
			problem: "no partitions", uncured: true,
		},
		{
			name: "partition", source: []string{`CREATE TABLE s.p (id int PRIMARY KEY) PARTITION BY LIST (id)`, `CREATE TABLE s.p1 PARTITION OF s.p DEFAULT`},
			table: "s.p1", check: "kind", problem: "is a partition", uncured: true,
		},
		{
			name: "invalid index", source: []string{
				`INSERT INTO s.orders VALUES (1, 1), (2, 1)`, `!CREATE UNIQUE INDEX CONCURRENTLY inv ON s.orders (n)`, `DELETE FROM s.orders`,
			}, check: "invalid_index", problem: "s.inv",
		},
		{name: "no schema", target: []string{`DROP SCHEMA s CASCADE`}, check: "schema", problem: "no schema", onTarget: true},
		{name: "table there", target: []string{`CREATE TABLE s.orders (i int)`}, check: "exists", problem: "(TABLE)", onTarget: true},
		{name: "view there", target: []string{`CREATE VIEW s.orders AS SELECT 1`}, check: "exists", problem: "(VIEW)", onTarget: true},
		{name: "type there", target: []string{`CREATE TYPE s.orders AS ENUM ()`}, check: "exists", problem: "(TYPE)", onTarget: true},
		{name: "domain there", target: []string{`CREATE DOMAIN s.orders AS int`}, check: "exists", problem: "(DOMAIN)", onTarget: true},
		{name: "read-only source", source: []string{`SET default_transaction_read_only = on`}, check: "server", problem: "read-only", uncured: true},
		{name: "read-only target", target: []string{`SET default_transaction_read_only = on`}, check: "server", problem: "read-only", uncured: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			source := pgtest.Connect(t, pgtest.Database(t), `CREATE SCHEMA s`, `CREATE TABLE s.orders (id bigint PRIMARY KEY, n int NOT NULL)`,
				// None of these is in the way.
				`CREATE PUBLICATION p FOR ALL TABLES`, `ALTER TABLE s.orders ADD g int GENERATED ALWAYS AS (n + 1) STORED, ADD b bigserial`)
			target := pgtest.Connect(t, pgtest.TargetDatabase(t), `CREATE SCHEMA s`, `CREATE TYPE s.elem AS ENUM ()`)
			require.Empty(t, across(t, source, target, "s.orders"))
			for conn, statements := range map[*pgx.Conn][]string{source: tc.source, target: tc.target} {
				for _, statement := range statements {
					statement, mayFail := strings.CutPrefix(statement, "!")
					if _, err := conn.Exec(t.Context(), statement); !mayFail {
						require.NoError(t, err, statement)
					}
				}
			}
			table := tc.table
			if table == "" {
				table = "s.orders"
			}
			findings := across(t, source, target, table)
			require.Len(t, findings, 1)
			require.Equal(t, tc.check, findings[0].Check)
			require.Contains(t, findings[0].Problem, tc.problem)
			require.False(t, findings[0].Warning)
			if tc.uncured {
				return
			}
			conn := source
			if tc.onTarget {
				conn = target
			}
			for step := range strings.SplitSeq(firstOf(findings[0].Cure), "; ") {
				pgtest.Exec(t, conn, step)
			}
			require.Empty(t, across(t, source, target, table))
		})
	}
}

// TestIdentitiesThatCarryTheKey are several.
func TestIdentitiesThatCarryTheKey(t *testing.T) {
	t.Parallel()
	source := pgtest.Connect(t, pgtest.Database(t), `CREATE TABLE public.orders (id bigint PRIMARY KEY, n int NOT NULL)`, `CREATE UNIQUE INDEX wide ON public.orders (n, id)`)
	target := pgtest.Connect(t, pgtest.TargetDatabase(t))
	for _, identity := range []string{"FULL", "USING INDEX wide", "USING INDEX orders_pkey", "DEFAULT"} {
		pgtest.Exec(t, source, `ALTER TABLE public.orders REPLICA IDENTITY `+identity)
		require.Empty(t, across(t, source, target, "public.orders"), identity)
	}
}

func TestPrivilegesOnBothEnds(t *testing.T) {
	t.Parallel()
	source := pgtest.Connect(t, pgtest.Database(t), `CREATE SCHEMA s`, `CREATE TABLE s.orders (id int PRIMARY KEY)`, `CREATE TABLE s.items (id int PRIMARY KEY)`, `CREATE SCHEMA repave`)
	target := pgtest.Connect(t, pgtest.TargetDatabase(t), `CREATE SCHEMA s`, `CREATE SCHEMA repave`)
	owner, worker, other := role(t, source, "owner"), role(t, source, "worker"), role(t, target, "other")
	pgtest.Exec(t, source, `ALTER TABLE s.orders OWNER TO `+owner)
	pgtest.Exec(t, source, `ALTER TABLE s.items OWNER TO `+owner)
	pgtest.Exec(t, source, `REVOKE TRUNCATE ON s.items FROM `+owner)
	asWorker := func() []preflight.Finding {
		pgtest.Exec(t, source, "SET ROLE "+worker)
		pgtest.Exec(t, target, "SET ROLE "+other)
		defer pgtest.Exec(t, source, "RESET ROLE")
		defer pgtest.Exec(t, target, "RESET ROLE")
		return across(t, source, target, "s.orders", "s.items")
	}
	names := strings.NewReplacer(owner, "OWNER", worker, "WORKER", other, "OTHER", source.Config().Database, "DB", target.Config().Database, "DB")
	var got []string
	for _, f := range asWorker() {
		got = append(got, f.Table+": "+names.Replace(strings.TrimPrefix(f.Problem, "missing: ")))
		conn := source
		if f.Table == "the target" {
			conn = target
		}
		pgtest.Exec(t, conn, firstOf(f.Cure))
	}
	want := []string{
		`the source: role "WORKER" may not replicate`, `the target: role "OTHER" may not replicate; the cutover makes the slot of the way back there`, "the source: USAGE on schema s", "the source: CREATE on database DB",
		"the source: USAGE on schema repave", "the source: CREATE on schema repave",
	}
	for _, table := range []string{"s.orders", "s.items"} {
		want = append(want, "the source: membership in OWNER, which owns "+table)
	}
	want = append(want, "the source: TRUNCATE on s.items")
	for _, what := range []string{"USAGE on schema s", "CREATE on schema s", "USAGE on schema repave", "CREATE on schema repave", "CREATE on database DB"} {
		want = append(want, "the target: "+what)
	}
	require.ElementsMatch(t, want, got)
	require.Empty(t, asWorker(), "all are cured")

	pgtest.Exec(t, source, `ALTER TABLE s.orders ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY`)
	findings := asWorker()
	require.Len(t, findings, 1)
	require.Equal(t, "row_security", findings[0].Check)
}

// TestWhatHoldsUpASlot is named with its pid, in whatever database it is.
func TestWhatHoldsUpASlot(t *testing.T) {
	t.Parallel()
	source, target := pgtest.Connect(t, pgtest.Database(t)), pgtest.Connect(t, pgtest.TargetDatabase(t))
	other := pgtest.Connect(t, pgtest.Database(t), `SET application_name = 'batch job'`, `BEGIN`, `SELECT pg_current_xact_id()`)
	gid := "left-" + source.Config().Database
	pgtest.Connect(t, pgtest.Database(t), `BEGIN`, `SELECT pg_current_xact_id()`, `PREPARE TRANSACTION '`+gid+`'`)
	look := func(age time.Duration) string {
		findings, err := preflight.Across(t.Context(), preflight.AcrossInput{Source: source, Target: target, RegistrySchema: "repave", LongTransaction: age})
		require.NoError(t, err)
		var out []string
		for _, f := range findings {
			require.Equal(t, "transaction", f.Check)
			out = append(out, f.Problem+" "+f.Cure)
		}
		return strings.Join(out, "\n")
	}
	found := look(time.Nanosecond)
	require.Regexp(t, `pid `+pgtest.Value[string](t, other, "SELECT pg_backend_pid()::text")+` \(batch job, idle in transaction, database t_.*, whose transaction is \d\d:\d\d:\d\d old`, found)
	require.Contains(t, found, "ROLLBACK PREPARED '"+gid+"'")
	require.Empty(t, look(time.Hour))
}

func TestEndsThatDoNotFit(t *testing.T) {
	t.Parallel()
	settings := map[string]string{
		"wal_level": "replica", "max_replication_slots": "1", "max_wal_senders": "1", "max_slot_wal_keep_size": "1GB",
	}
	small := pgtest.TargetServerWith(t, pgserver.Options{Settings: settings})
	poor := pgtest.Connect(t, small.DSN("postgres"), `CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1'`,
		`SELECT pg_create_physical_replication_slot('forgotten')`)
	rich := pgtest.Connect(t, pgtest.Database(t))
	checks := func(findings []preflight.Finding, warning bool) []string {
		out := []string{}
		for _, f := range findings {
			if f.Warning == warning {
				out = append(out, f.Check)
			}
		}
		return out
	}
	findings := across(t, poor, rich)
	require.ElementsMatch(t, []string{"wal_level", "slots", "senders"}, checks(findings, false))
	require.Equal(t, []string{"slot_wal"}, checks(findings, true))
	require.Contains(t, findings[1].Cure, "forgotten")

	findings = across(t, rich, poor)
	require.ElementsMatch(t, []string{"wal_level", "slots", "senders"}, checks(findings, false))
	require.Equal(t, []string{"slot_wal"}, checks(findings, true))
	require.Contains(t, findings[0].Problem, "the way back")

	require.Contains(t, checks(across(t, rich, pgtest.Connect(t, small.DSN("latin"))), false), "encoding")
	require.Equal(t, []string{"same_database"}, checks(across(t, rich, pgtest.Connect(t, rich.Config().ConnString())), false))
	elsewhere := pgtest.Connect(t, pgtest.Database(t))
	require.Empty(t, across(t, rich, elsewhere), "another database of the same server")
}

func TestAStandbyIsNoSource(t *testing.T) {
	t.Parallel()
	primary := pgtest.Server(t)
	standby, err := primary.Standby(t.Context(), 0)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, standby.Stop(context.Background())) })
	findings := across(t, pgtest.Connect(t, standby.DSN("postgres")), pgtest.Connect(t, pgtest.TargetDatabase(t)))
	require.Len(t, findings, 1)
	require.Contains(t, findings[0].Problem, "is a standby")
	require.Equal(t, "the source", findings[0].Table)
}
