package shadow_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/sqltmpl"
)

var priced = []string{
	`CREATE SCHEMA app`,
	`CREATE FUNCTION public.twice(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1 * 2'`,
	`CREATE FUNCTION public.drift(int) RETURNS int VOLATILE LANGUAGE sql AS 'SELECT $1 * 2'`,
	`CREATE TABLE t (id int PRIMARY KEY, a text, b int, g int GENERATED ALWAYS AS (b + 1) STORED)`,
}

func TestUsing(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		change shadow.Change
		column sqltmpl.Ident
		using  sqltmpl.Fragment
		back   sqltmpl.Fragment
	}{
		"an expression over the source": {
			shadow.Change{Alter: []string{`ADD x text`}, Using: map[string]string{"x": ` a || s.b -- the rest`}},
			"x", `a || s.b -- the rest`, "",
		},
		"a change of value can't be undone": {
			shadow.Change{Using: map[string]string{"b": `public.twice(b)`}}, "b", `public.twice(b)`, "",
		},
		"from --alter": {
			shadow.Change{Alter: []string{`ALTER a SET DATA TYPE int USING length(a) + 1, ADD y int`}}, "a", `length(a) + 1`, "",
		},
		"twice the same": {
			shadow.Change{Alter: []string{`ALTER a TYPE int USING a::int`}, Using: map[string]string{"a": `a::int `}},
			"a", `a::int`, `s."a"`,
		},
		"a renamed column": {
			shadow.Change{Alter: []string{`ALTER a TYPE int USING a::int`, `RENAME a TO z`}}, "z", `a::int`, `s."z"`,
		},
		"a key may say how it is converted anyway": {
			shadow.Change{Alter: []string{`ALTER id TYPE bigint USING id::bigint`}}, "id", "", `s."id"`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			conn := session(t, priced...)
			plan := build(t, conn, "public.t", c.change)
			got := column(t, plan, c.column)
			require.Equal(t, c.using, got.Using)
			require.Equal(t, c.back, got.Reverse)
			require.False(t, got.Same)
		})
	}
}

func TestUsingRefuses(t *testing.T) {
	t.Parallel()

	conn := session(t, priced...)
	for _, c := range []struct{ column, expr, problem, hint string }{
		{"nothing", `1`, "no such column", "as it will be"},
		{"g", `1`, "is generated", "leave it out"},
		{"id", `id + 1`, "part of the key", "key column"},
		{"b", `twice(b)`, "twice", "schema-qualified"},
		{"b", `nosuch(b)`, "nosuch", "columns of the source"},
		{"b", `nosuch`, "nosuch", "columns of the source"},
		{"b", `'2020-01-01'::date`, "integer", "columns of the source"},
		{"b", `sum(b)`, "aggregate", ""},
		{"b", `row_number() OVER ()`, "window", ""},
		{"b", `generate_series(1, b)`, "set-returning", ""},
		{"b", `(SELECT 1)`, "query", "one expression"},
		{"b", `1) FROM public.t --`, "nothing to close", "one expression"},
		{"b", `1, 2`, "more than one", "one expression"},
		{"b", `b +`, "syntax error", ""},
		{"b", `(random() * 5)::int`, "volatile", "STABLE"},
		{"b", `public.drift(b)`, "volatile", "STABLE"},
		{"b", `extract(year FROM now())::int`, "calls now", "constant"},
	} {
		requireRefused(t, conn, shadow.Change{Using: map[string]string{c.column: c.expr}}, c.problem, c.hint)
	}
	requireRefused(t, conn, shadow.Change{
		Alter: []string{`ALTER a TYPE int USING a::int`}, Using: map[string]string{"a": `length(a)`},
	}, "one expression in --using and another in --alter", "once")
	requireRefused(t, conn, shadow.Change{
		Alter: []string{`ALTER a TYPE int USING a::int`, `ALTER a TYPE date USING '2020-01-01'::date + a`},
	}, "two USING expressions", "--using a=")
}
