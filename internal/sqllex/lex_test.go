package sqllex

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func texts(t *testing.T, sql string) []string {
	t.Helper()

	tokens, err := Lex(sql)
	require.NoError(t, err)
	out := []string{}
	for _, token := range tokens {
		out = append(out, token.Text)
	}
	return out
}

func TestLex(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		name string
		sql  string
		want []string
	}{
		{"words are folded", `ADD Column "Ä b""c"`, []string{"add", "column", `Ä b"c`}},
		{"strings stay whole", `'a, ''b'' (' x`, []string{`'a, ''b'' ('`, "x"}},
		{"escape strings", `E'a\', ' , x`, []string{`E'a\', '`, ",", "x"}},
		{"standard strings keep backslashes", `'a\' , x`, []string{`'a\'`, ",", "x"}},
		{"unicode strings", `U&'\0441, ' x`, []string{`U&'\0441, '`, "x"}},
		{"dollar quotes", `$$a, $x$ b$$ $a1$ $$ $a1$ $1`, []string{`$$a, $x$ b$$`, `$a1$ $$ $a1$`, "$1"}},
		{"dollars belong to words", `a$b$c`, []string{"a$b$c"}},
		{"comments", "a -- , b\n/* , /* ( */ ' */ c", []string{"a", "c"}},
		{"numbers", `1.5e-3, .5, 0x1F--x`, []string{"1.5e-3", ",", ".5", ",", "0x1F"}},
		{"slices", `a[1:2]`, []string{"a", "[", "1", ":", "2", "]"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, test.want, texts(t, test.sql))
		})
	}
}

func TestLexRefuses(t *testing.T) {
	t.Parallel()

	for _, sql := range []string{
		`a;b`, `'a`, `"a`, `""`, `$$a`, `$x`, `(a`, `a)`, `(a]`, `/* a`, "a\x00", `U&"a"`, `E'a\'`,
	} {
		_, err := Lex(sql)
		require.Error(t, err, sql)
	}
}

func TestNamesAreCutAsTheServerDoes(t *testing.T) {
	t.Parallel()

	long := "aäääääääääääääääääääääääääääääääääääääääääääää"
	require.Len(t, clip(long+long), 63)
	require.Len(t, clip("b"+long+long), 62)
}

// FuzzLex checks that tokens cover the text in order, and that what Split
// returns is what was between the commas.
func FuzzLex(f *testing.F) {
	for _, seed := range []string{
		`ALTER a TYPE int USING (a, b), ADD "x,""y" text DEFAULT E'\',' -- x`, `$a$,$a$, 'b', U&'c' [1:2]`, "é$1é$x$y",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		tokens, err := Lex(sql)
		if err != nil {
			_ = err.Error()
			return
		}
		last := 0
		for _, token := range tokens {
			require.LessOrEqual(t, last, token.Start)
			require.Less(t, token.Start, token.End)
			last = token.End
		}
		require.LessOrEqual(t, last, len(sql))
		actions, err := Split(sql)
		if err != nil {
			return
		}
		for _, action := range actions {
			again, err := Split(action.Text)
			require.NoError(t, err)
			require.Len(t, again, 1)
			action.TypeChange()
			action.References()
			action.Refused()
		}
		_, _ = Expression(sql)
		Cast(sql)
	})
}
