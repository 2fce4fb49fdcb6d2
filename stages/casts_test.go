package stages_test

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

// planned returns the casts of a plan, by column.
func planned(t *testing.T, env *stages.Env, conn *pgx.Conn, change func(*registry.Spec)) map[string]stages.Cast {
	t.Helper()
	plans, err := stages.Plan(t.Context(), env, request(t, conn, "item", change))
	require.NoError(t, err)
	require.Empty(t, plans[0].Findings)
	out := map[string]stages.Cast{}
	for _, c := range plans[0].Casts {
		out[c.Column] = c
	}
	return out
}

// TestConversionsAreTriedOnTheData finds every row that a copy would fail on,
// and none else: by assignment, not by an explicit cast, which would cut strings.
func TestConversionsAreTriedOnTheData(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn,
		`CREATE DOMAIN small AS int NOT NULL CHECK (VALUE < 20000)`,
		`CREATE TABLE item (id bigint, part int, n bigint, name varchar(20), code text, d int, val int NOT NULL, "Odd S" text, s text, gone int,
			PRIMARY KEY (id, part))`,
		`INSERT INTO item SELECT g, 1, g, 'n' || g, 'c', 1, g, '2024-01-01', 's', g FROM generate_series(1, 20000) g`,
		`UPDATE item SET n = 3000000000 WHERE id IN (77, 12345)`,
		`UPDATE item SET name = 'much too long' WHERE id = 5`,
		`UPDATE item SET d = 0 WHERE id <= 30`,
		`UPDATE item SET "Odd S" = 'never' WHERE id = 19999`)
	env := newEnv(t, dsn)
	before := pgtest.CatalogSnapshot(t, conn)
	casts := planned(t, env, conn, func(s *registry.Spec) {
		s.Tables[0].Change.Alter = []string{
			`ALTER n TYPE int, ALTER name TYPE varchar(8), ALTER code TYPE varchar, ALTER id TYPE numeric, ALTER val TYPE small`,
			`ALTER "Odd S" TYPE date USING "Odd S"::date`, `RENAME s TO t`, `ADD ratio int, DROP gone`,
		}
		s.Tables[0].Change.Using = map[string]string{"ratio": "100 / d", "t": "s || s.name"}
	})
	require.Len(t, casts, 8)
	for name, class := range map[string]string{"code": stages.CastSafe, "id": stages.CastSafe, "n": stages.CastChecked, "t": stages.CastChecked} {
		require.Equal(t, class, casts[name].Class, name)
	}
	n := casts["n"]
	require.EqualValues(t, 20000, n.Rows)
	require.InDelta(t, 1, n.Checked, 0)
	require.EqualValues(t, 2, n.Failures)
	require.ElementsMatch(t, []stages.CastFailure{
		{Key: "77, 1", Problem: "integer out of range"}, {Key: "12345, 1", Problem: "integer out of range"},
	}, n.Examples)
	require.Equal(t, "5, 1", casts["name"].Examples[0].Key)
	require.Contains(t, casts["name"].Examples[0].Problem, "too long")
	require.EqualValues(t, 1, casts["val"].Failures, "20000 breaks the domain's check")
	require.EqualValues(t, 30, casts["ratio"].Failures)
	require.Len(t, casts["ratio"].Examples, 20)
	require.Empty(t, casts["ratio"].From)
	require.Equal(t, "19999, 1", casts["Odd S"].Examples[0].Key)
	require.Zero(t, casts["t"].Failures)
	pgtest.RequireSameCatalog(t, before, pgtest.CatalogSnapshot(t, conn))
}

// TestALargeTableIsSampled: the time limit holds, and says what was looked at.
func TestALargeTableIsSampled(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn, `CREATE TABLE item (id int PRIMARY KEY, n bigint, pad text)`,
		`INSERT INTO item SELECT g, g, repeat('x', 500) FROM generate_series(1, 10000) g`)
	env := newEnv(t, dsn)
	narrow := func(s *registry.Spec) { s.Tables[0].Change.Alter = []string{`ALTER n TYPE int`} }
	env.Options.CheckData = time.Nanosecond
	part := planned(t, env, conn, narrow)["n"]
	require.Equal(t, stages.CastChecked, part.Class)
	require.Positive(t, part.Checked)
	require.Less(t, part.Checked, 0.5)
	require.Less(t, part.Rows, int64(5000))
	env.Options.CheckData = 0
	require.Equal(t, stages.CastUnchecked, planned(t, env, conn, narrow)["n"].Class)
	env.Options.CheckData = time.Minute
	pgtest.Exec(t, conn, `TRUNCATE item`)
	require.InDelta(t, 1, planned(t, env, conn, narrow)["n"].Checked, 0, "nothing is all of nothing")
}
