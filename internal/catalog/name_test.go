package catalog

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseName(t *testing.T) {
	t.Parallel()

	long := strings.Repeat("ä", 31) + "x"
	for _, tc := range []struct {
		text string
		want []part
	}{
		{`orders`, []part{{"orders", "orders"}}},
		{`Orders`, []part{{"Orders", "orders"}}},
		{` public.Orders `, []part{{"public", "public"}, {"Orders", "orders"}}},
		{`"My Table"`, []part{{"My Table", "My Table"}}},
		{`My Table`, []part{{"My Table", "my table"}}},
		{`"Sch ema"."Ta.ble"`, []part{{"Sch ema", "Sch ema"}, {"Ta.ble", "Ta.ble"}}},
		{`a . "B"`, []part{{"a", "a"}, {"B", "B"}}},
		{`"quo""te"`, []part{{`quo"te`, `quo"te`}}},
		{`ÄÖ`, []part{{"ÄÖ", "ÄÖ"}}},
		{`x;DROP TABLE y--`, []part{{"x;DROP TABLE y--", "x;drop table y--"}}},
		{long, []part{{long, long}}},
	} {
		got, err := parseName(tc.text)
		require.NoError(t, err, tc.text)
		require.Equal(t, tc.want, got, tc.text)
	}
	for _, text := range []string{
		``, ` `, `.`, `a.`, `.a`, `a..b`, `""`, `"a`, `a"b`, `"a"b`, `a.b.c`, `"a".`, "a\x00b", "\xff", `U&"a"`,
	} {
		_, err := parseName(text)
		var syntax *SyntaxError
		require.ErrorAs(t, err, &syntax, text)
		require.NotEmpty(t, syntax.Hint())
	}
}

// FuzzParseName checks that quoting any two names gives a text that parses to them.
func FuzzParseName(f *testing.F) {
	f.Add("public", "orders", `a."b"`)
	f.Add(`Sch"ema`, "Ta.ble", `"`)
	f.Fuzz(func(t *testing.T, schema, name, raw string) {
		if parts, err := parseName(raw); err == nil {
			require.NotEmpty(t, parts)
			for _, p := range parts {
				require.NotEmpty(t, p.Raw)
				require.Len(t, p.Folded, len(p.Raw))
			}
		}
		quote := func(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
		parts, err := parseName(quote(schema) + "." + quote(name))
		if err != nil {
			return // empty, a zero byte or not UTF-8
		}
		require.Equal(t, []part{{schema, schema}, {name, name}}, parts)
	})
}
