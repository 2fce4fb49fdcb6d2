package logical_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/strategies/logical"
	"github.com/repave-pg/repave/tests/pgtest"
)

// BenchmarkCopy copies a table of $REPAVE_BENCH_ROWS rows by CopyRange and, for
// comparison, by a binary COPY from one psql piped into another, with as many streams.
func BenchmarkCopy(b *testing.B) {
	rows := os.Getenv("REPAVE_BENCH_ROWS")
	if rows == "" {
		rows = "200000"
	}
	server := pgtest.Server(b)
	psql := filepath.Join(server.Install().BinDir, "psql")
	source, target := pgtest.DatabaseOn(b, server.DSN("postgres")), pgtest.TargetDatabase(b)
	const table = `CREATE TABLE public.t (id bigint, customer int, state text, total numeric, note text, at timestamptz)`
	from := pgtest.Connect(b, source, table, `INSERT INTO public.t SELECT g, g % 1000, 'shipped', g / 100.0, md5(g::text), now() FROM generate_series(1, `+
		rows+`) g`, `VACUUM ANALYZE public.t`)
	to := pgtest.Connect(b, target, table)
	pages := pgtest.Count(b, from, `SELECT (pg_relation_size('public.t') / 8192)::int`)
	m := logical.Mapping{From: copied, To: copied, Insert: sqltmpl.Columns{"id", "customer", "state", "total", "note", "at"}}
	for _, c := range m.Insert {
		m.Values = append(m.Values, sqltmpl.Fragment("s."+c.String()))
	}
	byPsql := func(first, next int) error {
		out := fmt.Sprintf(`COPY (SELECT * FROM public.t WHERE ctid >= '(%d,0)' AND ctid < '(%d,0)') TO STDOUT (FORMAT binary)`, first, next)
		pipe := fmt.Sprintf(`set -o pipefail; '%[1]s' '%[2]s' -qXc "%[3]s" | '%[1]s' '%[4]s' -qXc 'COPY public.t FROM STDIN (FORMAT binary)'`,
			psql, source, out, target)
		return exec.CommandContext(b.Context(), "bash", "-c", pipe).Run()
	}
	byRange := func(first, next int) error {
		one, err := pgx.Connect(b.Context(), source)
		if err != nil {
			return err
		}
		defer one.Close(b.Context())
		other, err := pgx.Connect(b.Context(), target)
		if err != nil {
			return err
		}
		defer other.Close(b.Context())
		const batch = 2000 // pages
		for ; first < next; first += batch {
			if _, err := logical.CopyRange(b.Context(), one, other, m, true, int64(first), int64(min(first+batch, next))); err != nil {
				return err
			}
		}
		return nil
	}
	for _, streams := range []int{1, 2} {
		for _, method := range []struct {
			name string
			copy func(first, next int) error
		}{{"psql", byPsql}, {"CopyRange", byRange}} {
			b.Run(fmt.Sprintf("%s/streams=%d", method.name, streams), func(b *testing.B) {
				for b.Loop() {
					b.StopTimer()
					pgtest.Exec(b, to, `TRUNCATE public.t`)
					pgtest.Exec(b, to, `CHECKPOINT`)
					b.StartTimer()
					var group errgroup.Group
					for i := range streams {
						group.Go(func() error { return method.copy(i*pages/streams, (i+1)*pages/streams) })
					}
					require.NoError(b, group.Wait())
				}
				b.StopTimer()
				require.Equal(b, rows, fmt.Sprint(pgtest.Count(b, to, `SELECT count(*) FROM public.t`)))
			})
		}
	}
}
