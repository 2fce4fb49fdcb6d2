package laws_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/internal/carry"
	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/define"
	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/tests/pgtest"
)

// A move makes the tables of one database in another, of another server.
type move struct {
	sourceDSN, targetDSN string
	source, target       *pgx.Conn
	tables               []define.Tree
	notes                define.Notes
}

// newMove connects to both, with the sessions that repave has.
func newMove(t *testing.T) *move {
	t.Helper()
	m := &move{sourceDSN: pgtest.Database(t), targetDSN: pgtest.TargetDatabase(t)}
	m.source, m.target = pgtest.Connect(t, m.sourceDSN, `SET jit = off`), pgtest.Connect(t, m.targetDSN, `SET jit = off`)
	return m
}

func (m *move) both(t *testing.T, statements ...string) {
	t.Helper()
	for _, conn := range []*pgx.Conn{m.source, m.target} {
		for _, sql := range statements {
			_, err := conn.Exec(t.Context(), sql, pgx.QueryExecModeSimpleProtocol)
			require.NoError(t, err)
		}
	}
}

// versions are those of source and target.
func (m *move) versions(t *testing.T) (source, target int) {
	t.Helper()
	return pgtest.ServerVersion(t, m.source), pgtest.ServerVersion(t, m.target)
}

// forget drops all tables of the target, and what their defaults read.
func (m *move) forget(t *testing.T) {
	t.Helper()
	pgtest.Exec(t, m.target, `DO $$ DECLARE r text; BEGIN
		LOOP
			SELECT oid::regclass::text INTO r FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace) LIMIT 1;
			EXIT WHEN NOT FOUND; EXECUTE 'DROP TABLE ' || r || ' CASCADE';
		END LOOP;
		FOR r IN SELECT oid::regclass::text FROM pg_class WHERE relkind = 'S' LOOP EXECUTE 'DROP SEQUENCE ' || r; END LOOP; END $$`)
}

// load reads all tables of the source, or those given with their changes.
func (m *move) load(t *testing.T, changes map[string]shadow.Change) []*shadow.Blueprint {
	t.Helper()
	for _, conn := range []*pgx.Conn{m.source, m.target} {
		pgtest.Exec(t, conn, `SET search_path = ''`)
	}
	var list []define.Table
	for _, text := range pgtest.Rows(t, m.source, `SELECT c.oid::regclass FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
		WHERE relkind = 'r' AND nspname NOT IN ('pg_catalog', 'information_schema') ORDER BY c.oid`) {
		change, ok := changes[text]
		if changes != nil && !ok {
			continue
		}
		oid := pgtest.Value[uint32](t, m.source, `SELECT $1::text::regclass::oid`, text)
		list = append(list, define.Table{OID: oid, Change: change})
	}
	before := pgtest.CatalogSnapshot(t, m.source, "nothing is left out")
	blueprints, err := define.Final(t.Context(), m.source, "repave", list, `"$user", public`)
	require.NoError(t, err)
	pgtest.RequireSameCatalog(t, before, pgtest.CatalogSnapshot(t, m.source, "nothing is left out"))
	m.tables = nil
	for _, b := range blueprints {
		err := pgx.BeginFunc(t.Context(), m.source, func(tx pgx.Tx) error {
			bound, err := define.LoadBound(t.Context(), tx, b.Source.OID, b.Columns, "repave")
			m.tables = append(m.tables, define.Tree{Relation: b.Shadow, Bound: bound})
			return err
		})
		require.NoError(t, err)
	}
	return blueprints
}

// missing is what define.Missing says of all tables.
func (m *move) missing(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, table := range m.tables {
		lines, err := define.Missing(t.Context(), m.source, m.target, table.Relation, "repave")
		require.NoError(t, err)
		for _, line := range lines {
			if !slices.Contains(out, line) {
				out = append(out, line)
			}
		}
	}
	return out
}

// in runs fn in a transaction of the target's.
func (m *move) in(t *testing.T, fn func(tx pgx.Tx) (define.Notes, error)) {
	t.Helper()
	err := pgx.BeginFunc(t.Context(), m.target, func(tx pgx.Tx) error {
		notes, err := fn(tx)
		m.notes = append(m.notes, notes...)
		return err
	})
	require.NoError(t, err)
}

// make makes the tables, every step that may run twice twice.
func (m *move) make(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	var moved []sqltmpl.Table
	m.in(t, func(tx pgx.Tx) (notes define.Notes, err error) {
		for _, table := range m.tables {
			moved = append(moved, table.Relation.Table)
			made, err := define.Create(ctx, tx, table.Relation)
			if err != nil {
				return nil, err
			}
			notes = append(notes, made...)
		}
		return notes, nil
	})
	for round := range 2 {
		for _, table := range m.tables {
			for _, index := range define.Indexes(table.Relation) {
				m.in(t, func(tx pgx.Tx) (define.Notes, error) { return index.Build(ctx, tx) })
			}
			for _, index := range define.Indexes(table.Relation) {
				m.in(t, func(tx pgx.Tx) (define.Notes, error) { return index.Attach(ctx, tx) })
			}
		}
		for _, table := range m.tables {
			m.in(t, func(tx pgx.Tx) (define.Notes, error) { return define.Finish(ctx, tx, table.Relation, table.Bound) })
			for _, key := range define.ForeignKeys(table.Relation, moved) {
				m.in(t, func(tx pgx.Tx) (define.Notes, error) { return key.Add(ctx, tx) })
				m.in(t, func(tx pgx.Tx) (define.Notes, error) { return nil, key.Validate(ctx, tx) })
			}
			if round == 0 {
				require.Zero(t, pgtest.Count(t, m.target, `SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D' AND tgrelid = $1::text::regclass`, table.Relation.Table.String()))
				require.Zero(t, pgtest.Count(t, m.target, `SELECT count(*) FROM pg_rewrite WHERE ev_enabled <> 'D' AND ev_class = $1::text::regclass`, table.Relation.Table.String()))
			}
			m.in(t, func(tx pgx.Tx) (define.Notes, error) { return nil, define.Open(ctx, tx, table.Relation, table.Bound) })
		}
	}
}

// differences are what catalog.Diff and carry.Diff say of the tables on both sides.
func (m *move) differences(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, table := range m.tables {
		oid := pgtest.Value[uint32](t, m.target, `SELECT $1::text::regclass::oid`, table.Relation.Table.String())
		made, err := define.Load(t.Context(), m.target, oid, "repave")
		require.NoError(t, err)
		want := table.Relation
		// Attribute numbers have no gaps there.
		renumber(&want)
		lines := catalog.Diff(want, made)
		want.Sequences, made.Sequences = want.Uses, made.Uses
		want.Table, made.Table = sqltmpl.Table{}, sqltmpl.Table{}
		for _, line := range catalog.Diff(want, made) {
			if !slices.Contains(lines, line) {
				lines = append(lines, line)
			}
		}
		err = pgx.BeginFunc(t.Context(), m.target, func(tx pgx.Tx) error {
			bound, err := define.LoadBound(t.Context(), tx, oid, nil, "repave")
			lines = append(lines, carry.Diff(table.Bound.Dependents, bound.Dependents)...)
			return err
		})
		require.NoError(t, err)
		for _, line := range lines {
			out = append(out, table.Relation.Table.Plain()+": "+line)
		}
	}
	return out
}

// renumber counts columns without gaps.
func renumber(r *catalog.Relation) {
	now := map[int16]int16{}
	r.Columns = slices.Clone(r.Columns)
	for i := range r.Columns {
		now[r.Columns[i].Num] = int16(i + 1)
		r.Columns[i].Num = int16(i + 1)
	}
	nums := func(list []int16) []int16 {
		out := make([]int16, len(list))
		for i, n := range list {
			out[i] = now[n]
		}
		return out
	}
	r.Indexes = slices.Clone(r.Indexes)
	for i := range r.Indexes {
		r.Indexes[i].Columns = nums(r.Indexes[i].Columns)
	}
	r.Checks = slices.Clone(r.Checks)
	for i := range r.Checks {
		r.Checks[i].Columns = nums(r.Checks[i].Columns)
	}
	r.NotNulls = slices.Clone(r.NotNulls)
	for i := range r.NotNulls {
		r.NotNulls[i].Column = now[r.NotNulls[i].Column]
	}
}

// requireSameDump requires that both databases come out equal: of all that the catalogs say and, where the versions are
// the same, of pg_dump.
func (m *move) requireSameDump(t *testing.T) {
	t.Helper()
	if source, target := m.versions(t); source != target {
		return
	}
	require.Equal(t, strings.Split(pgtest.DumpSchema(t, m.sourceDSN, "repave"), "\n"), strings.Split(pgtest.DumpSchema(t, m.targetDSN, "repave"), "\n"))
	positionless := func(snapshot map[string]string) map[string]string {
		for key := range snapshot {
			if strings.HasSuffix(key, ": last value") {
				delete(snapshot, key)
			}
		}
		return snapshot
	}
	pgtest.RequireSameCatalog(t, positionless(pgtest.CatalogSnapshot(t, m.source)), positionless(pgtest.CatalogSnapshot(t, m.target)))
}
