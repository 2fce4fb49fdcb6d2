package sqllex

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSplit(t *testing.T) {
	t.Parallel()

	actions, err := Split(`ADD a numeric(10, 2) DEFAULT '1,2', /* , */ DROP b,
ALTER COLUMN "Using, x" SET DATA TYPE text COLLATE "C" USING f("using", 1) || ', ' -- the end,`)
	require.NoError(t, err)
	require.Len(t, actions, 3)
	require.Equal(t, `ADD a numeric(10, 2) DEFAULT '1,2'`, actions[0].Text)
	require.Equal(t, `DROP b`, actions[1].Text)

	change, ok := actions[2].TypeChange()
	require.True(t, ok)
	require.Equal(t, TypeChange{Column: "Using, x", Using: `f("using", 1) || ', '`}, change)

	for _, list := range []string{"", "  ", "DROP a,", ",DROP a", "DROP a,,DROP b", "DROP a; DROP TABLE b", "DROP a)"} {
		_, err := Split(list)
		require.Error(t, err, list)
	}
}

func TestTypeChange(t *testing.T) {
	t.Parallel()

	for list, want := range map[string]TypeChange{
		`ALTER type TYPE int USING type::int`:                 {"type", "type::int"},
		`alter column A set data type bigint using (A + 1)`:   {"a", "(A + 1)"},
		`ALTER "column" TYPE x.y[] USING ARRAY[a]`:            {"column", "ARRAY[a]"},
		`ALTER a TYPE int`:                                    {},
		`ALTER a SET DEFAULT 'x TYPE int USING b'`:            {},
		`ALTER CONSTRAINT c DEFERRABLE`:                       {},
		`ALTER a TYPE "using"`:                                {},
		`ADD CONSTRAINT x EXCLUDE USING gist (a WITH &&)`:     {},
		`ADD PRIMARY KEY USING INDEX x`:                       {},
		`ALTER a TYPE text USING a || $$ USING $$ || 'TYPE,'`: {"a", "a || $$ USING $$ || 'TYPE,'"},
	} {
		actions, err := Split(list)
		require.NoError(t, err, list)
		require.Len(t, actions, 1, list)
		got, ok := actions[0].TypeChange()
		require.Equal(t, want != TypeChange{}, ok, list)
		require.Equal(t, want, got, list)
	}
}

func TestReferences(t *testing.T) {
	t.Parallel()

	list := `ADD x int CONSTRAINT "references" REFERENCES  "A b" . c (id) ON DELETE SET NULL REFERENCES d,
ADD FOREIGN KEY (a) REFERENCES "orders"(b), ADD y text DEFAULT 'REFERENCES z'`
	actions, err := Split(list)
	require.NoError(t, err)
	require.Len(t, actions, 3)
	refs := actions[0].References()
	require.Len(t, refs, 2)
	require.Equal(t, []string{"A b", "c"}, refs[0].Name)
	require.Equal(t, `"A b" . c`, list[refs[0].Start:refs[0].End])
	require.Equal(t, []string{"d"}, refs[1].Name)
	refs = actions[1].References()
	require.Len(t, refs, 1)
	require.Equal(t, `"orders"`, list[refs[0].Start:refs[0].End])
	require.Empty(t, actions[2].References())
}

func TestRefused(t *testing.T) {
	t.Parallel()

	for list, want := range map[string]string{
		"RENAME TO x":                       "RENAME TO",
		`RENAME "to" TO x`:                  "",
		"RENAME CONSTRAINT a TO b":          "",
		"rename a to b":                     "",
		"SET SCHEMA x":                      "SET SCHEMA",
		"SET (fillfactor = 70)":             "",
		"OWNER TO x":                        "OWNER TO",
		"INHERIT x":                         "INHERIT",
		"no force row level security":       "NO FORCE",
		"ALTER CONSTRAINT a NOT DEFERRABLE": "ALTER CONSTRAINT",
		"ENABLE ROW LEVEL SECURITY":         "ENABLE",
		"ADD x int":                         "",
	} {
		actions, err := Split(list)
		require.NoError(t, err, list)
		words, hint, ok := actions[0].Refused()
		require.Equal(t, want, words, list)
		require.Equal(t, want != "", ok, list)
		require.Equal(t, ok, hint != "", list)
	}
}

func TestExpression(t *testing.T) {
	t.Parallel()

	for _, text := range []string{
		"a + 1", "f(a, b)", "'select'", `"select"`, "a::timestamp with time zone", "values + 1", "CASE WHEN a THEN b END", "now + 1",
	} {
		word, err := Expression(text)
		require.NoError(t, err, text)
		require.Empty(t, word, text)
	}
	for _, text := range []string{"", "a, b", "(SELECT 1)", "a) FROM x --", "a; b", "(TABLE x)", "(VALUES (1))", "$1"} {
		_, err := Expression(text)
		require.Error(t, err, text)
	}
	word, err := Expression("coalesce(a, now())")
	require.NoError(t, err)
	require.Equal(t, "now", word)
	word, err = Expression("a < CURRENT_DATE")
	require.NoError(t, err)
	require.Equal(t, "current_date", word)
}

func TestCast(t *testing.T) {
	t.Parallel()

	for text, want := range map[string]string{
		"a::int": "a", `s."A b"::public.mood`: "A b", "CAST(a AS numeric(10, 2))": "a", "a::text::double precision": "a",
		"a": "", "a + 1": "", "a::int + 1": "", "(a)::int": "", "lower(a)::int": "", "CAST(a + 1 AS int)": "", "a::int = 1": "",
		"a::text COLLATE x": "", "a::timestamp AT TIME ZONE b": "", "a::text || 'x'": "", "CAST(a AS int) + (1)": "",
	} {
		column, ok := Cast(text)
		require.Equal(t, want != "", ok, text)
		if ok {
			require.Equal(t, want, column, text)
		}
	}
}
