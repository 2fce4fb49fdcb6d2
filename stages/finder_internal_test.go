package stages

import (
	"errors"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/internal/carry"
	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/tests/pgtest"
)

// TestFinderFindsAllAtOnce: a rehearsal has one round for all views that can't be replaced, not one for each.
func TestFinderFindsAllAtOnce(t *testing.T) {
	conn := pgtest.Connect(t, pgtest.Database(t), `CREATE VIEW a AS SELECT 1 AS x`, `CREATE VIEW b AS SELECT 1 AS x`, `CREATE VIEW c AS SELECT 1 AS x`)
	step := func(name, sql string) carry.Step {
		return carry.Step{Dependent: catalog.Dependent{Name: name}, Statement: sqltmpl.Bind{SQL: sqltmpl.Fragment(sql)}.Statement()}
	}
	wide := func(name string) carry.Step {
		return step(name, "CREATE OR REPLACE VIEW "+name+" AS SELECT 1::bigint AS x")
	}
	remake := func(failed *CarryError) bool { return sqltmpl.IsDefinition(failed.Err) }
	same := step("same", "CREATE OR REPLACE VIEW same AS SELECT count(*) AS n FROM pg_class")
	fails := step("b", "CREATE VIEW fails AS SELECT y FROM b")
	for _, test := range []struct {
		steps []carry.Step
		found []string
		of    string // the error
	}{
		{[]carry.Step{wide("a"), wide("b"), step("c", "CREATE OR REPLACE VIEW c AS SELECT 1 AS x"), wide("c")}, []string{"a", "b", "c"}, "a"},
		{[]carry.Step{wide("a"), fails, wide("c")}, []string{"a"}, "a"},
		{[]carry.Step{fails, wide("a")}, nil, "b"},
		{append(slices.Repeat([]carry.Step{same}, 100), wide("a"), same, same, wide("b"), same, same, same, fails, same), []string{"a", "b"}, "a"},
		{[]carry.Step{step("c", "CREATE OR REPLACE VIEW c AS SELECT 1 AS x")}, nil, ""},
	} {
		f := &finder{remake: remake}
		err := pgx.BeginFunc(t.Context(), conn, func(tx pgx.Tx) error {
			failed := f.send(t.Context(), tx, test.steps)
			if test.of == "" {
				require.NoError(t, failed)
			} else {
				carried, ok := errors.AsType[*CarryError](failed)
				require.True(t, ok, "%v", failed)
				require.Equal(t, test.of, carried.Dependent.Name)
			}
			if len(test.steps) > mostSteps { // what did not fail is in effect
				require.Equal(t, 1, pgtest.Count(t, conn, "SELECT count(*) FROM pg_class WHERE relname = 'same'"))
			}
			return errRehearsed
		})
		require.ErrorIs(t, err, errRehearsed)
		require.Equal(t, test.found, f.found)
	}
}
