// Package sqltmpl holds every statement repave sends: one statement per
// embedded .sql file, names quoted by type, values bound as arguments.
//
// It is the only package that contains SQL and the only one that sends it.
// Others fill in a params struct and call Exec, One or All on its Statement.
package sqltmpl

import (
	"embed"
	"fmt"
	"io/fs"
	"strings"
	"text/template"

	"github.com/jackc/pgx/v5"
)

//go:embed */*.sql
var files embed.FS

var templates = parse()

// A Statement is one rendered template with its arguments.
type Statement struct {
	Name string // the template's path
	SQL  string
	Args pgx.StrictNamedArgs
}

// parse reads every template; one that does not parse is a broken build.
func parse() *template.Template {
	root := template.New("").Option("missingkey=error").Funcs(template.FuncMap{
		"tag": func() string { return dollarTag },
		"inc": func(i int) int { return i + 1 },
	})
	paths, err := fs.Glob(files, "*/*.sql")
	if err != nil {
		panic(err)
	}
	for _, path := range paths {
		text, err := fs.ReadFile(files, path)
		if err != nil {
			panic(err)
		}
		template.Must(root.New(path).Parse(string(text)))
	}
	return root
}

// dollarTag stands for the dollar quotes around a function body until render
// has picked one that does not occur inside the body.
const dollarTag = "\x00"

// render fills in a template. Params whose fields do not fit the template are
// a broken build, found by the test that renders them all.
func render(name string, params any, args pgx.StrictNamedArgs) Statement {
	var out strings.Builder
	if err := templates.ExecuteTemplate(&out, name, params); err != nil {
		panic(err)
	}
	return Statement{Name: name, SQL: dollarQuote(strings.TrimSpace(out.String())), Args: args}
}

// dollarQuote replaces the marks left by {{tag}} with a dollar quote that the
// text does not contain, so that no identifier or expression can end it early.
func dollarQuote(text string) string {
	if !strings.Contains(text, dollarTag) {
		return text
	}
	for n := 0; ; n++ {
		tag := fmt.Sprintf("$repave_%d$", n)
		if !strings.Contains(text, tag) {
			return strings.ReplaceAll(text, dollarTag, tag)
		}
	}
}
