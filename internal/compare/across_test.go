package compare_test

import (
	"context"
	"runtime"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/compare"
	"github.com/repave-pg/repave/internal/db"
	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/tests/pgtest"
)

var compared = sqltmpl.Table{Schema: "public", Name: "t"}

// two are a table on two clusters.
type two struct {
	source, target         *pgx.Conn // as an application has it
	sourcePool, targetPool *pgxpool.Pool
	pair                   compare.Pair
}

func open(t *testing.T, dsn string, more map[string]string) *pgxpool.Pool {
	t.Helper()
	cfg, err := db.Config(dsn, "repave test")
	require.NoError(t, err)
	settings := map[string]string{
		"TimeZone": "Europe/Berlin", "DateStyle": "SQL, DMY", "IntervalStyle": "iso_8601", "bytea_output": "escape", "lc_monetary": "C",
		"lc_numeric": "C", "lc_time": "C",
	}
	for name, value := range more {
		settings[name] = value
	}
	pool, err := db.Open(t.Context(), cfg, 4, settings)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return pool
}

// newTwo runs statements on the source, and others on the target.
func newTwo(t *testing.T, change shadow.Change, source, target []string) two {
	t.Helper()
	sourceDSN, targetDSN := pgtest.Database(t), pgtest.TargetDatabase(t)
	w := two{source: pgtest.Connect(t, sourceDSN, source...), target: pgtest.Connect(t, targetDSN, target...)}
	w.sourcePool, w.targetPool = open(t, sourceDSN, nil), open(t, targetDSN, nil)
	tx, err := w.sourcePool.Begin(t.Context())
	require.NoError(t, err)
	defer func() { require.NoError(t, tx.Rollback(t.Context())) }()
	_, err = tx.Exec(t.Context(), "CREATE SCHEMA repave")
	require.NoError(t, err)
	oid, err := sqltmpl.Scalar[uint32](t.Context(), tx, sqltmpl.RelationOID{Name: compared.String()}.Statement())
	require.NoError(t, err)
	r, err := catalog.Load(t.Context(), tx, oid, "repave")
	require.NoError(t, err)
	b, err := shadow.Build(t.Context(), tx, r, shadow.Names{Schema: "repave", Prefix: "repave_1_1_"}, change, "public")
	require.NoError(t, err)
	w.pair = compare.Pair{
		Title: "public.t", Blueprint: &b, Source: compared, Target: compared,
		TargetOID: uint32(pgtest.Count(t, w.target, "SELECT 'public.t'::regclass::oid::int")),
	}
	return w
}

// snapshot exports one and keeps it until the test ends.
func snapshot(t *testing.T, pool *pgxpool.Pool) string {
	t.Helper()
	conn, err := pgx.ConnectConfig(t.Context(), pool.Config().ConnConfig)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	pgtest.Exec(t, conn, "BEGIN ISOLATION LEVEL REPEATABLE READ")
	return pgtest.Value[string](t, conn, "SELECT pg_export_snapshot()")
}

func (w two) sides(t *testing.T) compare.Sides {
	t.Helper()
	return compare.Sides{
		Source: w.sourcePool, Target: w.targetPool, SourceSnapshot: snapshot(t, w.sourcePool), TargetSnapshot: snapshot(t, w.targetPool), Workers: 2,
	}
}

func (w two) compare(t *testing.T) (int64, error) {
	t.Helper()
	return compare.Compare(t.Context(), w.sides(t), []compare.Pair{w.pair}, nil)
}

func differences(t *testing.T, err error) []string {
	t.Helper()
	different := new(compare.DifferentError)
	require.ErrorAs(t, err, &different)
	var out []string
	for _, d := range different.Differences {
		out = append(out, d.Key+" "+d.Problem)
	}
	return out
}

const plain = `CREATE TABLE public.t (id int PRIMARY KEY, s text)`

func TestLaw3Field30DifferencesAreNamedByKey(t *testing.T) {
	t.Parallel()
	const fill = `INSERT INTO public.t SELECT g, 'row ' || g FROM generate_series(1, 20000) g`
	w := newTwo(t, shadow.Change{PKBigint: true}, []string{plain, fill}, []string{`CREATE TABLE public.t (id bigint PRIMARY KEY, s text)`, fill})
	rows, err := w.compare(t)
	require.NoError(t, err)
	require.EqualValues(t, 20000, rows)

	pgtest.Exec(t, w.target, `UPDATE public.t SET s = 'tampered' WHERE id = 77`)
	pgtest.Exec(t, w.target, `UPDATE public.t SET s = NULL WHERE id = 9`)
	pgtest.Exec(t, w.target, `DELETE FROM public.t WHERE id = 500`)
	pgtest.Exec(t, w.target, `INSERT INTO public.t VALUES (-5, 'row -5')`)
	_, err = w.compare(t)
	require.Equal(t, []string{"-5 only on the target", "500 missing on the target", "77 differs", "9 differs"}, differences(t, err))

	pgtest.Exec(t, w.target, `UPDATE public.t SET s = s || '!'`)
	_, err = w.compare(t)
	require.Len(t, differences(t, err), 20)
	require.ErrorContains(t, err, "and more")
	pgtest.Exec(t, w.target, `TRUNCATE public.t`)
	_, err = w.compare(t)
	require.Len(t, differences(t, err), 20)
	require.NoError(t, w.targetPool.Ping(t.Context()))
}

// TestTheSnapshotsCount: what is written later on either side is of no interest.
func TestTheSnapshotsCount(t *testing.T) {
	t.Parallel()
	w := newTwo(t, shadow.Change{}, []string{plain, `INSERT INTO public.t VALUES (1, 'a')`}, []string{plain, `INSERT INTO public.t VALUES (1, 'a')`})
	sides := w.sides(t)
	pgtest.Exec(t, w.source, `INSERT INTO public.t SELECT g, 'new' FROM generate_series(2, 1000) g`)
	pgtest.Exec(t, w.target, `UPDATE public.t SET s = 'b'`)
	rows, err := compare.Compare(t.Context(), sides, []compare.Pair{w.pair}, nil)
	require.NoError(t, err)
	require.EqualValues(t, 1, rows)

	// But these no snapshot shows rightly.
	for _, statement := range []string{`TRUNCATE public.t`, `ALTER TABLE public.t ALTER id TYPE bigint`} {
		sides = w.sides(t)
		pgtest.Exec(t, w.source, statement)
		_, err = compare.Compare(t.Context(), sides, []compare.Pair{w.pair}, nil)
		require.ErrorAs(t, err, new(*compare.RewrittenError))
	}
}

// TestLaw3Field30OtherSettingsAreNoDifference: they are an error of its own.
func TestLaw3Field30OtherSettingsAreNoDifference(t *testing.T) {
	t.Parallel()
	w := newTwo(t, shadow.Change{}, []string{plain}, []string{plain})
	sides := w.sides(t)
	sides.Target = open(t, w.target.Config().ConnString(), map[string]string{"TimeZone": "UTC"})
	_, err := compare.Compare(t.Context(), sides, []compare.Pair{w.pair}, nil)
	require.ErrorAs(t, err, new(*compare.SettingError))
	require.ErrorContains(t, err, "TimeZone")
}

func TestAnEndedSnapshotIsAnError(t *testing.T) {
	t.Parallel()
	w := newTwo(t, shadow.Change{}, []string{plain}, []string{plain})
	sides := w.sides(t)
	sides.TargetSnapshot = "00000003-0000001B-1"
	_, err := compare.Compare(t.Context(), sides, []compare.Pair{w.pair}, nil)
	require.Error(t, err)
	require.NotErrorIs(t, err, context.Canceled)
}

// TestPartitionsAndProgress: rows may be in partitions on either side.
func TestPartitionsAndProgress(t *testing.T) {
	t.Parallel()
	const fill = `INSERT INTO public.t SELECT g, repeat('x', 100) FROM generate_series(1, 5000) g`
	w := newTwo(t, shadow.Change{}, []string{plain, fill}, []string{
		`CREATE TABLE public.t (id int PRIMARY KEY, s text) PARTITION BY RANGE (id)`, `CREATE TABLE public.t1 PARTITION OF public.t FOR VALUES FROM (1) TO (2000)`,
		`CREATE TABLE public.t2 PARTITION OF public.t DEFAULT`, fill,
	})
	var last [3]int64
	rows, err := compare.Compare(t.Context(), w.sides(t), []compare.Pair{w.pair}, func(done, total, rows int64) { last = [3]int64{done, total, rows} })
	require.NoError(t, err)
	require.EqualValues(t, 5000, rows)
	require.Equal(t, last[0], last[1])
	require.EqualValues(t, 5000, last[2])
	pgtest.Exec(t, w.target, `DELETE FROM public.t WHERE id = 4000`)
	_, err = w.compare(t)
	require.Equal(t, []string{"4000 missing on the target"}, differences(t, err))
	sides := w.sides(t)
	pgtest.Exec(t, w.target, `TRUNCATE public.t2`)
	_, err = compare.Compare(t.Context(), sides, []compare.Pair{w.pair}, nil)
	require.ErrorAs(t, err, new(*compare.RewrittenError))
	require.ErrorContains(t, err, "public.t2")
}

// TestLaw8MemoryIsFlatWhenAllDiffer: keys are merged as they come.
func TestLaw8MemoryIsFlatWhenAllDiffer(t *testing.T) {
	w := newTwo(t, shadow.Change{}, []string{
		`CREATE TABLE public.t (k text PRIMARY KEY, s text)`, `INSERT INTO public.t SELECT repeat('k', 900) || g, 'a' FROM generate_series(1, 60000) g`,
	}, []string{
		`CREATE TABLE public.t (k text PRIMARY KEY, s text)`, `INSERT INTO public.t SELECT repeat('k', 900) || g, 'b' FROM generate_series(1, 60000) g`,
	})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := w.compare(t)
	runtime.ReadMemStats(&after)
	require.Len(t, differences(t, err), 20)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(20<<20), "2 x 54 MB of keys differ")
}

// TestKeysAreMergedInTheOrderOfTheirBytes whatever the collation is.
func TestKeysAreMergedInTheOrderOfTheirBytes(t *testing.T) {
	t.Parallel()
	create := `CREATE TABLE public.t (k text COLLATE "C", k2 "char", s text, PRIMARY KEY (k, k2))`
	fill := `INSERT INTO public.t VALUES ('a', 'x', '1'), ('B', 'x', '1'), ('ä', 'x', '1'), ('', 'x', '1'), ('😀', 'x', '1'), ('a, b', 'x', '1')`
	w := newTwo(t, shadow.Change{}, []string{create, fill}, []string{create, fill})
	pgtest.Exec(t, w.target, `UPDATE public.t SET s = '2' WHERE k = 'ä'`)
	pgtest.Exec(t, w.target, `DELETE FROM public.t WHERE k = 'B'`)
	_, err := w.compare(t)
	require.Equal(t, strings.Split("B, x missing on the target|ä, x differs", "|"), differences(t, err))
}
