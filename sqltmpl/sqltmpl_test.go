package sqltmpl

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// templatesByPath reads all embedded files.
func templatesByPath(t *testing.T) map[string]string {
	t.Helper()
	paths, err := fs.Glob(files, "*/*.sql")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	out := map[string]string{}
	for _, path := range paths {
		text, err := fs.ReadFile(files, path)
		require.NoError(t, err)
		out[path] = string(text)
	}
	return out
}

func TestEveryTemplateIsLabelled(t *testing.T) {
	t.Parallel()
	for path, text := range templatesByPath(t) {
		first, _, _ := strings.Cut(text, "\n")
		require.Equal(t, "-- "+path, first, "first line must be the template's own path")
		require.Regexp(t, `(?m)^-- lock: .+\n-- runs: .+$`, text, path)
		require.NotRegexp(t, `;\s*$`, text, "%s: no trailing semicolon", path)
	}
}

// source parses the package's Go files, but for tests.
func source(t *testing.T) []*ast.File {
	t.Helper()
	pkgs, err := parser.ParseDir(token.NewFileSet(), ".", func(i fs.FileInfo) bool { //nolint:staticcheck // no build tags here
		return !strings.HasSuffix(i.Name(), "_test.go")
	}, 0)
	require.NoError(t, err)
	var out []*ast.File
	for _, f := range pkgs["sqltmpl"].Files {
		out = append(out, f)
	}
	return out
}

// literals lists every string constant of the package.
func literals(t *testing.T) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	for _, f := range source(t) {
		ast.Inspect(f, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				out[strings.Trim(lit.Value, "\"`")] = true
			}
			return true
		})
	}
	return out
}

func TestEveryTemplateHasABinding(t *testing.T) {
	t.Parallel()
	known := literals(t)
	for path := range templatesByPath(t) {
		short := strings.TrimSuffix(strings.TrimPrefix(path, "changelog/"), ".sql")
		require.True(t, known[path] || known[short], "%s is never rendered", path)
	}
}

var fieldRef = regexp.MustCompile(`\{\{-?\s*\.([A-Z]\w*)\s*-?\}\}`)

// TestParamsCannotInject fails if a template prints a field that is a plain
// string: names, values and fragments have types that say how they print.
func TestParamsCannotInject(t *testing.T) {
	t.Parallel()
	plain := map[string]bool{} // fields of type string or []byte, of any params struct
	typed := map[string]bool{}
	for _, f := range source(t) {
		ast.Inspect(f, func(n ast.Node) bool {
			if method, ok := n.(*ast.FuncDecl); ok {
				typed[method.Name.Name] = true
			}
			structType, ok := n.(*ast.StructType)
			if !ok {
				return true
			}
			for _, field := range structType.Fields.List {
				ident, isIdent := field.Type.(*ast.Ident)
				for _, name := range field.Names {
					if isIdent && ident.Name == "string" {
						plain[name.Name] = true
					} else {
						typed[name.Name] = true
					}
				}
			}
			return true
		})
	}
	for path, text := range templatesByPath(t) {
		for _, match := range fieldRef.FindAllStringSubmatch(text, -1) {
			require.False(t, plain[match[1]] && !typed[match[1]], "%s prints %s, a plain string", path, match[1])
		}
	}
}

func TestIdentifiersAreQuoted(t *testing.T) {
	t.Parallel()
	for in, want := range map[Ident]string{
		`orders`: `"orders"`, `a"b`: `"a""b"`, `x; DROP TABLE y`: `"x; DROP TABLE y"`, `größe`: `"größe"`,
	} {
		require.Equal(t, want, in.String())
	}
	require.Equal(t, `"s"."t""x"`, Table{Schema: "s", Name: `t"x`}.String())
	require.Equal(t, `public."Orders"`, Table{Schema: "public", Name: "Orders"}.Plain())
}

func TestLiteralsAreQuoted(t *testing.T) {
	t.Parallel()
	for in, want := range map[Literal]string{
		`it's`: `'it''s'`, `back\slash`: ` E'back\\slash'`, `'); DROP TABLE x; --`: `'''); DROP TABLE x; --'`,
	} {
		require.Equal(t, want, in.String())
	}
}

func TestDollarQuoteIsNeverClosedByItsContent(t *testing.T) {
	t.Parallel()
	body := `"odd $repave_0$ name"`
	out := dollarQuote(dollarTag + body + dollarTag)
	require.Equal(t, "$repave_1$"+body+"$repave_1$", out)
}

func FuzzIdent(f *testing.F) {
	f.Add(`a"b`)
	f.Fuzz(func(t *testing.T, name string) {
		name = strings.ReplaceAll(name, "\x00", "")
		quoted := Ident(name).String()
		inner := quoted[1 : len(quoted)-1]
		require.Equal(t, name, strings.ReplaceAll(inner, `""`, `"`))
		require.NotContains(t, strings.ReplaceAll(inner, `""`, ""), `"`)
	})
}
