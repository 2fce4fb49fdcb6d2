package logical_test

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	. "github.com/repave-pg/repave/strategies/logical" //nolint:revive // the package under test
	"github.com/repave-pg/repave/tests/pgtest"
)

// BenchmarkApply applies updates of a table with four indexes: many small transactions, and one large one. For
// comparison a native subscription applies the same to another database of the same server. It takes a while:
//
//	REPAVE_BENCH_ROWS=1000000 go test -run - -bench Apply -benchtime 1x ./strategies/logical
func BenchmarkApply(b *testing.B) {
	rows := 20_000
	if text := os.Getenv("REPAVE_BENCH_ROWS"); text != "" {
		var err error
		rows, err = strconv.Atoi(text)
		require.NoError(b, err)
	}
	const table = `CREATE TABLE t (id bigint PRIMARY KEY, customer int NOT NULL, ref text NOT NULL, total numeric(12,2), note text,
			created timestamptz NOT NULL DEFAULT now());
		CREATE UNIQUE INDEX ON t (ref); CREATE INDEX ON t (customer, created); CREATE INDEX ON t (created)`
	fill := fmt.Sprintf(`INSERT INTO t SELECT i, i %% 1000, 'R' || i, i / 100.0, md5(i::text), timestamptz '2020-01-01' + i * interval '1 minute'
		FROM generate_series(1, %d) i`, rows)
	small := func(n int) string {
		return fmt.Sprintf(`DO $$ BEGIN FOR i IN 1..%d LOOP
			UPDATE t SET total = total + 1, note = md5(i::text) WHERE id = 1 + i * 7919 %% %d; COMMIT; END LOOP; END $$`, n, rows)
	}
	loads := []struct{ name, sql string }{
		{"small", small(rows / 5)},
		{"large", `UPDATE t SET total = total + 1, note = md5(note)`},
		{"key", `UPDATE t SET customer = customer + 1`},
	}
	for _, load := range loads {
		b.Run(load.name, func(b *testing.B) {
			for range b.N {
				e := between(b, table, "t")
				for _, conn := range []*pgx.Conn{e.source, e.target} {
					pgtest.Exec(b, conn, fill)
					pgtest.Exec(b, conn, "VACUUM ANALYZE t")
				}
				e.begin()
				native := nativeApply(b, e, table, fill, load.sql)
				pgtest.Exec(b, e.target, "CHECKPOINT")
				require.NoError(b, e.open())
				token := "bench"
				e.barrier(token)
				began := time.Now()
				require.NoError(b, e.applier.Follow(b.Context(), e.stream, Goal{Barrier: token}))
				ours := time.Since(began)
				var memory runtime.MemStats
				runtime.ReadMemStats(&memory)
				b.ReportMetric(float64(memory.Sys)/(1<<20), "MB-from-the-system")
				b.ReportMetric(native.Seconds(), "native-s")
				b.ReportMetric(ours.Seconds(), "repave-s")
				b.ReportMetric(native.Seconds()/ours.Seconds(), "ratio")
			}
		})
	}
}

// nativeApply makes the load on the source and measures how long a native subscription takes for it.
func nativeApply(b *testing.B, e *ends, table, fill, load string) time.Duration {
	b.Helper()
	dsn := pgtest.TargetDatabase(b)
	conn := pgtest.Connect(b, dsn)
	_, err := conn.Exec(b.Context(), table)
	require.NoError(b, err)
	pgtest.Exec(b, conn, fill)
	pgtest.Exec(b, conn, "VACUUM ANALYZE t")
	slot := e.name + "_native"
	pgtest.Exec(b, e.source, "SELECT pg_create_logical_replication_slot($1, 'pgoutput')", slot)
	pgtest.Exec(b, e.source, load)
	end := pgtest.Value[string](b, e.source, "SELECT pg_current_wal_flush_lsn()::text")
	began := time.Now()
	pgtest.Exec(b, conn, fmt.Sprintf(`CREATE SUBSCRIPTION s CONNECTION '%s' PUBLICATION %s
		WITH (create_slot = false, slot_name = '%s', copy_data = false)`, keywords(b, e.sourceDSN), pgx.Identifier{e.name}.Sanitize(), slot))
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for range ticker.C {
		if pgtest.Value[bool](b, e.source, "SELECT confirmed_flush_lsn >= $2::pg_lsn FROM pg_replication_slots WHERE slot_name = $1", slot, end) {
			break
		}
	}
	took := time.Since(began)
	for _, s := range []string{"ALTER SUBSCRIPTION s DISABLE", "ALTER SUBSCRIPTION s SET (slot_name = NONE)", "DROP SUBSCRIPTION s"} {
		pgtest.Exec(b, conn, s)
	}
	require.Eventually(b, func() bool { return DropSlot(b.Context(), e.source, slot) == nil }, time.Minute, 10*time.Millisecond)
	return took
}

// keywords is a DSN as libpq takes it in a literal.
func keywords(tb testing.TB, dsn string) string {
	tb.Helper()
	cfg, err := pgx.ParseConfig(dsn)
	require.NoError(tb, err)
	return fmt.Sprintf("host=%s port=%d user=%s password=%s dbname=%s", cfg.Host, cfg.Port, cfg.User, cfg.Password, cfg.Database)
}
