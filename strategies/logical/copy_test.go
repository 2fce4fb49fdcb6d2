package logical_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/compare"
	"github.com/repave-pg/repave/internal/db"
	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/strategies/logical"
	"github.com/repave-pg/repave/tests/pgtest"
)

// end is beyond the last page of any table here.
const end = 1<<32 - 1

var copied = sqltmpl.Table{Schema: "public", Name: "t"}

// pool opens sessions as repave does.
func pool(t *testing.T, dsn string, size int) *pgxpool.Pool {
	t.Helper()
	cfg, err := db.Config(dsn, "repave test")
	require.NoError(t, err)
	pool, err := db.Open(t.Context(), cfg, size, map[string]string{"TimeZone": "UTC", "lc_monetary": "C"})
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return pool
}

// ours opens a session as repave does.
func ours(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pool(t, dsn, 1).Acquire(t.Context())
	require.NoError(t, err)
	own := conn.Hijack()
	t.Cleanup(func() { _ = own.Close(context.Background()) })
	return own
}

// blueprint builds the shadow of public.t as setup does: in a transaction that
// is rolled back.
func blueprint(t *testing.T, conn *pgx.Conn, change shadow.Change) shadow.Blueprint {
	t.Helper()
	tx, err := conn.Begin(t.Context())
	require.NoError(t, err)
	defer func() { require.NoError(t, tx.Rollback(t.Context())) }()
	_, err = tx.Exec(t.Context(), "CREATE SCHEMA repave")
	require.NoError(t, err)
	oid, err := sqltmpl.Scalar[uint32](t.Context(), tx, sqltmpl.RelationOID{Name: copied.String()}.Statement())
	require.NoError(t, err)
	r, err := catalog.Load(t.Context(), tx, oid, "repave")
	require.NoError(t, err)
	b, err := shadow.Build(t.Context(), tx, r, shadow.Names{Schema: "repave", Prefix: "repave_1_1_"}, change, "public")
	require.NoError(t, err)
	return b
}

// pair is a table on two clusters.
type pair struct {
	from, to  *pgx.Conn
	mapping   logical.Mapping
	blueprint shadow.Blueprint
	binary    bool
}

// newPair runs statements on both, the fill on the source only.
func newPair(t *testing.T, create, fill []string, change shadow.Change, target ...string) pair {
	t.Helper()
	sourceDSN, targetDSN := pgtest.Database(t), pgtest.TargetDatabase(t)
	pgtest.Connect(t, sourceDSN, append(slices.Clone(create), fill...)...)
	if target == nil {
		target = create
	}
	pgtest.Connect(t, targetDSN, target...)
	p := pair{from: ours(t, sourceDSN), to: ours(t, targetDSN)}
	b := blueprint(t, p.from, change)
	p.mapping, p.blueprint = logical.Forward(&b, 1), b
	var err error
	p.binary, err = logical.Binary(t.Context(), p.from, p.mapping)
	require.NoError(t, err)
	return p
}

// copy copies some pages in a transaction of each session, ended after an error too.
func (p pair) copy(ctx context.Context, t *testing.T, first, next int64) (rows int64, err error) {
	t.Helper()
	for _, conn := range []*pgx.Conn{p.from, p.to} {
		pgtest.Exec(t, conn, "BEGIN ISOLATION LEVEL REPEATABLE READ") //nolint:contextcheck // the test's own
	}
	rows, err = logical.CopyRange(ctx, p.from, p.to, p.mapping, p.binary, first, next)
	for _, conn := range []*pgx.Conn{p.from, p.to} {
		if !conn.IsClosed() {
			pgtest.Exec(t, conn, map[bool]string{true: "COMMIT", false: "ROLLBACK"}[err == nil]) //nolint:contextcheck // ctx may be cancelled
		}
	}
	return rows, err
}

func TestEveryTypeIsCopied(t *testing.T) {
	t.Parallel()

	for name, p := range map[string]pair{
		"as binary": newPair(t, tortureBinary, fillBinary, shadow.Change{}),
		"as text":   newPair(t, append(tortureTypes, tortureText), fillText, shadow.Change{}),
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, name == "as binary", p.binary)
			rows, err := p.copy(t.Context(), t, 0, end)
			require.NoError(t, err)
			require.EqualValues(t, pgtest.Count(t, p.from, "SELECT count(*) FROM public.t"), rows)
			const all = "SELECT t::text FROM public.t t ORDER BY id"
			require.Equal(t, pgtest.Rows(t, p.from, all), pgtest.Rows(t, p.to, all))
			compared, err := p.compare(t)
			require.NoError(t, err)
			require.Equal(t, rows, compared)
		})
	}
}

// compare compares the two tables as they are now.
func (p pair) compare(t *testing.T) (int64, error) {
	t.Helper()
	var pools []*pgxpool.Pool
	var snapshots []string
	for _, conn := range []*pgx.Conn{p.from, p.to} {
		pools = append(pools, pool(t, conn.Config().ConnString(), 2))
		keeper := pgtest.Connect(t, conn.Config().ConnString(), "BEGIN ISOLATION LEVEL REPEATABLE READ")
		snapshots = append(snapshots, pgtest.Value[string](t, keeper, "SELECT pg_export_snapshot()"))
	}
	oid := uint32(pgtest.Count(t, p.to, "SELECT 'public.t'::regclass::oid::int"))
	return compare.Compare(t.Context(), compare.Sides{
		Source: pools[0], Target: pools[1], SourceSnapshot: snapshots[0], TargetSnapshot: snapshots[1], Workers: 1,
	}, []compare.Pair{{Title: "t", Blueprint: &p.blueprint, Source: copied, Target: copied, TargetOID: oid}}, nil)
}

// TestEqualIsNotEnough: values that their types call equal are told apart, but
// for the blanks that pad a char(n).
func TestEqualIsNotEnough(t *testing.T) {
	t.Parallel()

	create := []string{
		`CREATE COLLATION public.anycase (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`,
		`CREATE TYPE public.mood AS ENUM ('sad', 'ok')`, `CREATE DOMAIN public.moody AS public.mood`,
		`CREATE TABLE public.t (id int PRIMARY KEY, n numeric, f float8, j jsonb, c text COLLATE public.anycase, m public.moody, ma public.mood[], b bpchar, v varchar, ch "char")`,
	}
	p := newPair(t, create, []string{`INSERT INTO public.t VALUES (1, 1.0, '0', '{"a": 1.0}', 'a', 'ok', '{ok}', 'x', 'x', 'x')`}, shadow.Change{})
	_, err := p.copy(t.Context(), t, 0, end)
	require.NoError(t, err)
	_, err = p.compare(t)
	require.NoError(t, err)
	pgtest.Exec(t, p.to, `CREATE TABLE public.kept AS SELECT * FROM public.t`)
	for _, set := range []string{`n = 1.00`, `f = '-0'`, `j = '{"a": 1.00}'`, `c = 'A'`, `m = 'sad'`, `ma = '{sad}'`, `v = 'x '`, `ch = 'y'`} {
		pgtest.Exec(t, p.to, `UPDATE public.t SET `+set)
		_, err = p.compare(t)
		require.ErrorContains(t, err, "key 1: differs", set)
		pgtest.Exec(t, p.to, `TRUNCATE public.t`)
		pgtest.Exec(t, p.to, `INSERT INTO public.t SELECT * FROM public.kept`)
	}
	pgtest.Exec(t, p.to, `UPDATE public.t SET b = 'x '`)
	_, err = p.compare(t)
	require.NoError(t, err)
}

func TestRangesAddUpToTheTable(t *testing.T) {
	t.Parallel()

	create := []string{`CREATE TABLE public.t (id int PRIMARY KEY, pad text)`}
	p := newPair(t, create, []string{`INSERT INTO public.t SELECT g, repeat('é\', 500) FROM generate_series(1, 1000) g`}, shadow.Change{})
	for first := int64(0); first < 400; first += 7 {
		next := first + 7
		if next >= 400 {
			next = end
		}
		_, err := p.copy(t.Context(), t, first, next)
		require.NoError(t, err)
	}
	const sum = "SELECT count(*), sum(hashtextextended(t::text, 0)) FROM public.t t"
	require.Equal(t, pgtest.Rows(t, p.from, sum), pgtest.Rows(t, p.to, sum))
}

// TestOnlyItsOwnRows: children have a mapping of their own.
func TestOnlyItsOwnRows(t *testing.T) {
	t.Parallel()

	p := newPair(t, []string{`CREATE TABLE public.t (id int PRIMARY KEY)`}, []string{`INSERT INTO public.t VALUES (1)`}, shadow.Change{})
	pgtest.Exec(t, p.from, `CREATE TABLE public.child () INHERITS (public.t)`)
	pgtest.Exec(t, p.from, `INSERT INTO public.child VALUES (2)`)
	rows, err := p.copy(t.Context(), t, 0, end)
	require.NoError(t, err)
	require.EqualValues(t, 1, rows)
}

func TestValuesAreConvertedOnTheWay(t *testing.T) {
	t.Parallel()

	p := newPair(t, []string{`CREATE TABLE public.t (id int PRIMARY KEY, n numeric, s text, gone int)`},
		[]string{`INSERT INTO public.t VALUES (1, 1.5, 'a', 7), (2, 2.4, 'b', 8)`},
		shadow.Change{PKBigint: true, Alter: []string{"ALTER n TYPE int, ALTER s TYPE char(3), ADD u bigint, DROP gone"}, Using: map[string]string{"u": "length(s)"}},
		`CREATE TABLE public.t (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n int, s char(3), u bigint)`)
	require.True(t, p.binary, "the values are cast to what the columns are")
	_, err := p.copy(t.Context(), t, 0, end)
	require.NoError(t, err)
	require.Equal(t, []string{"1|2|a  |1", "2|2|b  |1"}, pgtest.Rows(t, p.to, "SELECT * FROM public.t ORDER BY id"))
}

// TestWhatIsTooLongIsNotCut: a cast would cut it without a word.
func TestWhatIsTooLongIsNotCut(t *testing.T) {
	t.Parallel()

	for _, typ := range []string{"varchar(3)", "char(3)", "public.short"} {
		domain := `CREATE DOMAIN public.short AS varchar(3)`
		p := newPair(t, []string{domain, `CREATE TABLE public.t (id int PRIMARY KEY, s text)`}, []string{`INSERT INTO public.t VALUES (1, 'abcd')`},
			shadow.Change{Alter: []string{"ALTER s TYPE " + typ}}, domain, `CREATE TABLE public.t (id int PRIMARY KEY, s `+typ+`)`)
		_, err := p.copy(t.Context(), t, 0, end)
		require.Equal(t, "22001", sqlState(err), "%s: %v", typ, err)
	}
}

func TestRowsThatTheTargetKeepsOutAreAnError(t *testing.T) {
	t.Parallel()

	create := []string{`CREATE TABLE public.t (id int PRIMARY KEY)`}
	p := newPair(t, create, []string{`INSERT INTO public.t VALUES (1), (2)`}, shadow.Change{})
	pgtest.Exec(t, p.to, `CREATE FUNCTION public.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'`)
	pgtest.Exec(t, p.to, `CREATE TRIGGER f BEFORE INSERT ON public.t FOR EACH ROW EXECUTE FUNCTION public.f()`)
	_, err := p.copy(t.Context(), t, 0, end)
	require.ErrorContains(t, err, "took 0 rows of 2")
}

func sqlState(err error) string {
	pgErr := new(pgconn.PgError)
	if !errors.As(err, &pgErr) {
		return ""
	}
	return pgErr.Code
}
