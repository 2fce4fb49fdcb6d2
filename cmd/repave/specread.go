package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/repave-pg/repave/internal/shadow"
)

// mostSpec is how large a spec file can be.
const mostSpec = 1 << 20

// A specFile is what a spec file asks for.
type specFile struct {
	path        string
	tables      []specTable
	referencing bool
	pace        []paceValue
}

// A specTable is one table of a spec file, by the name that was typed.
type specTable struct {
	name   string
	place  string // path:line:column
	change shadow.Change
}

// A paceValue is the value of a flag that stands in a spec file.
type paceValue struct{ flag, text string }

// readSpecFile reads a spec file. Its error is a usage error, or a *specError
// that says all that is wrong.
func readSpecFile(path string) (*specFile, error) {
	data, err := readAtMost(path, mostSpec)
	if err != nil {
		return nil, &usageError{problem: "reading the spec file: " + err.Error(), advice: "repave plan TABLE... --write-spec prints one"}
	}
	return parseSpec(path, data)
}

// readAtMost reads a file, which may be a pipe.
func readAtMost(path string, most int64) (data []byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	data, err = io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(data)) > most {
		err = fmt.Errorf("%s is larger than 1 MB", path)
	}
	return data, err
}

// parseSpec reads the text of a spec file.
func parseSpec(path string, data []byte) (*specFile, error) {
	root, problem := documentOf(data)
	if problem != nil {
		return nil, newSpecError(path, []specProblem{*problem})
	}
	out := &specFile{path: path}
	r := &specReader{source: []rune(string(data))}
	known := []string{"tables", "with_referencing", "pace"}
	var tables, referencing *yaml.Node
	for _, p := range r.mapping(root, "a spec file", "tables: {orders: {pk_bigint: true}}") {
		switch p.name {
		case "tables":
			tables = p.key
			out.readTables(r, p.value)
		case "with_referencing":
			referencing = p.value
			out.referencing = r.truth(p.value, p.name)
		case "pace":
			out.pace = r.pace(p.value)
		default:
			r.unknown(p, "a spec file", known, map[string][]string{"a table": tableNames(), "pace": paceNames()})
		}
	}
	if tables == nil {
		tables = root
	}
	if len(out.tables) == 0 && len(r.problems) == 0 {
		r.wrong(tables, "for example: tables: {orders: {pk_bigint: true}}", "there are no tables")
	}
	if out.referencing && len(r.problems) == 0 && !out.widens() {
		r.wrong(referencing, "it widens the columns that refer to the key which pk_bigint widens",
			"with_referencing needs a table with pk_bigint: true")
	}
	if len(r.problems) > 0 {
		return nil, newSpecError(path, r.problems)
	}
	return out, nil
}

func (f *specFile) widens() bool {
	for _, t := range f.tables {
		if t.change.PKBigint {
			return true
		}
	}
	return false
}

// documentOf parses the one document that a spec file is.
func documentOf(data []byte) (*yaml.Node, *specProblem) {
	loader, err := yaml.NewLoader(strings.NewReader(string(data)))
	var doc, second yaml.Node
	if err == nil {
		err = loader.Load(&doc)
	}
	if errors.Is(err, io.EOF) || err == nil && len(doc.Content) == 0 {
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Line: 1, Column: 1}, nil
	}
	if err == nil {
		if err = loader.Load(&second); err == nil {
			return nil, &specProblem{second.Line, second.Column, "a second document begins", "one file has one document, one job"}
		}
		if errors.Is(err, io.EOF) {
			return doc.Content[0], nil
		}
	}
	problem := &specProblem{line: 1, column: 1, text: err.Error(), advice: `a text with ": " in it needs quotes; repave plan TABLE... --write-spec prints a file that is right`}
	if syntax, ok := errors.AsType[*yaml.LoadError](err); ok {
		problem.text = syntax.Message
		if syntax.ContextMsg != "" {
			problem.text += " " + syntax.ContextMsg
		}
		problem.line, problem.column = syntax.Mark.Line, syntax.Mark.Column
		if problem.line == 0 { // not even characters
			before := data[:min(max(syntax.Mark.Index, 0), len(data))]
			problem.line = 1 + strings.Count(string(before), "\n")
			problem.column = 1 + len(before) - (strings.LastIndexByte(string(before), '\n') + 1)
		}
	}
	return nil, problem
}

// readTables reads the tables and what is to change of each.
func (f *specFile) readTables(r *specReader, n *yaml.Node) {
	for _, p := range r.mapping(n, "tables", "tables: {orders: {pk_bigint: true}}") {
		if isDSN(p.name) {
			r.wrong(p.key, "a spec file has no DSN: pass it with --dsn or in REPAVE_DSN", "a name of a table looks like a DSN")
			continue
		}
		f.tables = append(f.tables, specTable{
			name: p.name, place: fmt.Sprintf("%s:%d:%d", f.path, p.key.Line, p.key.Column), change: r.change(p),
		})
	}
}

// change reads the change of one table.
func (r *specReader) change(table specPair) shadow.Change {
	var out shadow.Change
	var clause *string
	var ahead *int
	where := fmt.Sprintf("table %q", table.name)
	at := table.value
	for _, p := range r.mapping(table.value, where, "{pk_bigint: true}") {
		switch p.name {
		case "partition_by":
			at = p.value
			if text, ok := r.sql(p.value, p.name, false); ok {
				clause = &text
			}
			continue
		case "partitions_ahead":
			if clause == nil {
				at = p.value
			}
			if number, ok := r.number(p.value, p.name); ok {
				ahead = &number
			}
			continue
		}
		read := false
		for _, k := range tableKeys() {
			if k.name == p.name {
				read = true
				k.read(r, p.value, &out)
			}
		}
		if !read {
			r.unknown(p, where, tableNames(), map[string][]string{"pace": paceNames(), "no table, but at the left": {"with_referencing"}})
		}
	}
	r.value(aliased(at), addPartitions(&out, clause, ahead))
	return out
}

// number reads a whole number.
func (r *specReader) number(n *yaml.Node, key string) (int, bool) {
	n = aliased(n)
	out, err := strconv.Atoi(n.Value)
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!int" || err != nil {
		r.wrong(n, "for example: "+exampleOf(key), "%s must be a whole number", key)
		return 0, false
	}
	return out, true
}

func tableNames() []string {
	var out []string
	for _, k := range tableKeys() {
		out = append(out, k.name)
	}
	return out
}

func paceNames() []string {
	var out []string
	for _, k := range paceKeys() {
		out = append(out, k.name)
	}
	return out
}
