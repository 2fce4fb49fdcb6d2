package logical_test

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/internal/pgserver"
	. "github.com/repave-pg/repave/strategies/logical" //nolint:revive // the package under test
	"github.com/repave-pg/repave/tests/pgtest"
)

// benchServer has the settings of a real server of this size, as those of tests/bench.
var benchServer = pgserver.Options{SharedBuffers: "1GB", Settings: map[string]string{
	"fsync": "on", "full_page_writes": "on", "max_wal_size": "8GB", "checkpoint_timeout": "30min",
}}

const (
	// benchTable has four indexes, and no room on its pages: an update of a row is an entry in each.
	benchTable = `CREATE TABLE t (id bigint PRIMARY KEY, customer int NOT NULL, ref text NOT NULL, total numeric(12,2), note text,
			created timestamptz NOT NULL DEFAULT now());
		CREATE UNIQUE INDEX ON t (ref); CREATE INDEX ON t (customer, created); CREATE INDEX ON t (created)`
	// benchRows are %[1]d.
	benchRows = `INSERT INTO t SELECT i, i %% 1000, 'R' || i, i / 100.0, md5(i::text), timestamptz '2020-01-01' + i * interval '1 minute'
		FROM generate_series(1, %[1]d) i`
	// benchMix is three updates to an insert and a delete, %[2]d in all; no key twice, so that nothing is gained by taking its last image.
	benchMix = `DO $$ BEGIN FOR i IN 1..%[2]d LOOP
		CASE i %% 5
		WHEN 0 THEN INSERT INTO t VALUES (%[1]d + i, i, 'R' || %[1]d + i, 1, md5(i::text));
		WHEN 1 THEN DELETE FROM t WHERE id = 1 + i::bigint * 7919 %% %[1]d;
		ELSE UPDATE t SET total = total + 1, note = md5(i::text) WHERE id = 1 + i::bigint * 7919 %% %[1]d;
		END CASE; COMMIT; END LOOP; END $$`
)

// BenchmarkApply applies what a slot already holds: many transactions of one row each, a mix of updates, inserts and deletes, one
// fifth as many as the table has rows; and one transaction that updates all rows, or an indexed column of theirs.
// For comparison a native subscription applies the same, from another slot, to another database of the same server. The time is
// that from the first connection until the last change can be seen; CPU seconds are those of all of a server's processes, and of
// this one. What the load itself took on the source is measured too: of one large transaction nobody can apply all in less, as it
// is one statement and tables and indexes are alike. The two take turns in going first; medians count. A full measurement takes a while:
//
//	REPAVE_BENCH_ROWS=1000000 go test -run - -bench Apply -benchtime 3x -timeout 60m ./strategies/logical
func BenchmarkApply(b *testing.B) {
	rows := 20_000
	if text := os.Getenv("REPAVE_BENCH_ROWS"); text != "" {
		var err error
		rows, err = strconv.Atoi(text)
		require.NoError(b, err)
	}
	source, target := pgtest.ServerWith(b, benchServer), pgtest.TargetServerWith(b, benchServer)
	for _, load := range []struct{ name, sql string }{
		{"small", fmt.Sprintf(benchMix, rows, rows/5)},
		{"large", `UPDATE t SET total = total + 1, note = md5(note)`},
		{"key", `UPDATE t SET customer = customer + 1`},
	} {
		b.Run(load.name, func(b *testing.B) {
			m := measured{}
			for i := range b.N {
				c := &contest{b: b, source: source, target: target, fill: fmt.Sprintf(benchRows, rows), m: m}
				c.prepare(load.sql)
				if i%2 == 0 {
					c.native()
					c.repave()
				} else {
					c.repave()
					c.native()
				}
				require.NoError(b, DropSlot(b.Context(), c.e.source, c.e.name))
			}
			m.report(b)
		})
	}
}

// measured are samples by what they are of.
type measured map[string][]float64

func (m measured) add(what string, value float64) { m[what] = append(m[what], value) }

func (m measured) report(b *testing.B) {
	b.Helper()
	middle := func(of []float64) float64 {
		slices.Sort(of)
		return of[len(of)/2]
	}
	for what, samples := range m {
		b.ReportMetric(middle(samples), what)
	}
	b.ReportMetric(middle(m["native-s"])/middle(m["repave-s"]), "ratio")
	b.ReportMetric(0, "ns/op") // would be that of the preparations
}

// A contest is one load, applied by both.
type contest struct {
	b              *testing.B
	source, target *pgserver.Server
	fill           string
	e              *ends
	conn           *pgx.Conn // of the database that the subscription writes
	m              measured
}

// prepare makes the databases, and the load after both slots.
func (c *contest) prepare(load string) {
	b := c.b
	native := pgtest.DatabaseOn(b, c.target.DSN("postgres"))
	c.e = betweenDatabases(b, pgtest.DatabaseOn(b, c.source.DSN("postgres")), pgtest.DatabaseOn(b, c.target.DSN("postgres")), benchTable, "t")
	c.conn = pgtest.Connect(b, native)
	_, err := c.conn.Exec(b.Context(), benchTable)
	require.NoError(b, err)
	for _, conn := range []*pgx.Conn{c.e.source, c.e.target, c.conn} {
		pgtest.Exec(b, conn, c.fill)
		pgtest.Exec(b, conn, "VACUUM ANALYZE t")
		pgtest.Exec(b, conn, "SET synchronous_commit = off") // only the load would be slower
	}
	c.e.begin()
	pgtest.Exec(b, c.e.source, "SELECT pg_create_logical_replication_slot($1, 'pgoutput')", c.e.name+"_native")
	began, used := time.Now(), cpu(b, c.source.PID())
	pgtest.Exec(b, c.e.source, load)
	c.m.add("load-s", time.Since(began).Seconds())
	c.m.add("load-cpu-s", cpu(b, c.source.PID())-used)
	pgtest.Exec(b, c.e.source, "SET synchronous_commit = on")
	pgtest.Exec(b, c.e.source, "INSERT INTO t VALUES (-1, 0, 'the last')")
}

// timed measures do.
func (c *contest) timed(name string, do func()) {
	source, target, own, began := cpu(c.b, c.source.PID()), cpu(c.b, c.target.PID()), ownCPU(c.b), time.Now()
	do()
	c.m.add(name+"-s", time.Since(began).Seconds())
	c.m.add(name+"-source-cpu-s", cpu(c.b, c.source.PID())-source)
	c.m.add(name+"-target-cpu-s", cpu(c.b, c.target.PID())-target)
	if name == "repave" {
		c.m.add(name+"-own-cpu-s", ownCPU(c.b)-own)
	}
}

func (c *contest) repave() {
	c.e.barrier("bench")
	c.timed("repave", func() {
		require.NoError(c.b, c.e.open())
		require.NoError(c.b, c.e.applier.Follow(c.b.Context(), c.e.stream, Goal{Barrier: "bench"}))
	})
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	c.m.add("MB-from-the-system", float64(memory.Sys)/(1<<20))
	require.NoError(c.b, c.e.stream.Close(c.b.Context()))
	const sum = "SELECT count(*) || ' ' || sum(hashtextextended(t::text, 0)) FROM t"
	require.Equal(c.b, pgtest.Value[string](c.b, c.e.source, sum), pgtest.Value[string](c.b, c.e.target, sum))
}

func (c *contest) native() {
	b, slot := c.b, c.e.name+"_native"
	c.timed("native", func() {
		pgtest.Exec(b, c.conn, fmt.Sprintf(`CREATE SUBSCRIPTION s CONNECTION '%s' PUBLICATION %s
			WITH (create_slot = false, slot_name = '%s', copy_data = false)`, keywords(b, c.e.sourceDSN), pgx.Identifier{c.e.name}.Sanitize(), slot))
		ticker := time.NewTicker(5 * time.Millisecond)
		defer ticker.Stop()
		for range ticker.C {
			if pgtest.Count(b, c.conn, "SELECT count(*) FROM t WHERE id = -1") == 1 {
				break
			}
		}
	})
	for _, s := range []string{"ALTER SUBSCRIPTION s DISABLE", "ALTER SUBSCRIPTION s SET (slot_name = NONE)", "DROP SUBSCRIPTION s"} {
		pgtest.Exec(b, c.conn, s)
	}
	require.Eventually(b, func() bool { return DropSlot(b.Context(), c.e.source, slot) == nil }, time.Minute, 10*time.Millisecond)
}

// keywords is a DSN as libpq takes it in a literal.
func keywords(tb testing.TB, dsn string) string {
	tb.Helper()
	cfg, err := pgx.ParseConfig(dsn)
	require.NoError(tb, err)
	return fmt.Sprintf("host=%s port=%d user=%s password=%s dbname=%s", cfg.Host, cfg.Port, cfg.User, cfg.Password, cfg.Database)
}
