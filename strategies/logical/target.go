package logical

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/sqltmpl"
)

// pauseUpdates is for how many chunks a table's rows are deleted and inserted
// after an UPDATE of them was refused.
const pauseUpdates = 50

// A target is a table that changes are written to, in one session.
type target struct {
	m        *Mapping
	staging  sqltmpl.Staging
	uses     [][]int // of each of Values: the places of the columns that it is made of
	plain    []int   // the places of columns that Staging.Plain reads; -1 for the rest
	keys     []int   // the places of the key's columns
	noUpdate int     // chunks for which updates are not tried
	refused  bool    // they never will be
	// referenced tables can't be truncated without others.
	referenced bool
	filled     bool // the stage, in this transaction
}

// newTarget makes the stage of a table in a session.
func newTarget(ctx context.Context, conn *pgx.Conn, m *Mapping) (*target, error) {
	t := &target{m: m}
	t.staging = sqltmpl.Staging{
		Stage: sqltmpl.Table{Schema: "pg_temp", Name: m.stage()},
		Op:    m.free("repave_op"), Kept: m.free("repave_kept"),
		To: m.To, Insert: m.Insert, Values: m.Values,
	}
	if err := t.columns(ctx, conn); err != nil {
		return nil, err
	}
	for _, k := range m.Key {
		t.staging.Keys = append(t.staging.Keys, sqltmpl.StagedKey(k))
		t.keys = append(t.keys, slices.IndexFunc(m.Columns, func(c FromColumn) bool { return c.Name == k.From }))
	}
	if slices.Contains(t.keys, -1) {
		return nil, fmt.Errorf("table %s: its key is not among its columns", m.From.Plain())
	}
	t.values()
	var err error
	if t.referenced, err = sqltmpl.Scalar[bool](ctx, conn, sqltmpl.IsReferenced{Table: m.To}.Statement()); err != nil {
		return nil, err
	}
	for _, s := range []sqltmpl.Statement{t.staging.Drop(), t.staging.Create()} {
		if _, err := s.Exec(ctx, conn); err != nil {
			return nil, fmt.Errorf("table %s: %w", m.From.Plain(), err)
		}
	}
	return t, nil
}

// free returns a name that no column has.
func (m *Mapping) free(name sqltmpl.Ident) sqltmpl.Ident {
	for slices.ContainsFunc(m.Columns, func(c FromColumn) bool { return c.Name == name }) {
		name += "_"
	}
	return name
}

// columns reads what types the stage has.
func (t *target) columns(ctx context.Context, conn *pgx.Conn) error {
	var asked []string
	for _, c := range t.m.Columns {
		asked = append(asked, string(c.Type))
	}
	types, err := sqltmpl.Scalars[string](ctx, conn, sqltmpl.StageTypes{Types: asked}.Statement())
	if err != nil {
		return fmt.Errorf("table %s: %w", t.m.From.Plain(), err)
	}
	for i, c := range t.m.Columns {
		// Of the server's, which knows how to spell them.
		t.staging.Columns = append(t.staging.Columns, sqltmpl.StagedColumn{Name: c.Name, Type: sqltmpl.Fragment(types[i])})
	}
	return nil
}

// values finds out what each value is made of.
func (t *target) values() {
	isKey := func(c sqltmpl.Ident) bool {
		return slices.ContainsFunc(t.m.Key, func(k MappedKey) bool { return k.To == c })
	}
	t.plain = slices.Repeat([]int{-1}, len(t.m.Columns))
	for i, value := range t.m.Values {
		var uses []int
		for at, c := range t.m.Columns {
			if t.m.Plain[i] == c.Name || t.m.Plain[i] == "" && mentions(value, c.Name) {
				uses = append(uses, at)
			}
			if t.m.Plain[i] == c.Name && t.plain[at] < 0 {
				t.plain[at] = len(t.staging.Plain)
				t.staging.Plain = append(t.staging.Plain, t.m.Insert[i])
			}
		}
		t.uses = append(t.uses, uses)
		if to := t.m.Insert[i]; !isKey(to) {
			t.staging.Updates = append(t.staging.Updates, sqltmpl.Update{
				To: to, Value: value, Alias: sqltmpl.Ident(fmt.Sprintf("repave_v%d", i)), Place: i + 1,
			})
		}
	}
}

// wholeRow matches a row as a whole in an expression, which may be the name of
// something else, and names that are spelled with escapes: that costs only time.
var wholeRow = regexp.MustCompile(`(?i)(^|[^\w"$])("s"|s)\s*(\.\s*\*|[^\s\w."$]|$)|u&`)

// mentions reports whether an expression may use a column.
func mentions(value sqltmpl.Fragment, column sqltmpl.Ident) bool {
	text, name := strings.ToLower(string(value)), strings.ToLower(string(column))
	if wholeRow.MatchString(text) {
		return true
	}
	quoted := strings.ReplaceAll(name, `"`, `""`)
	for from := 0; ; {
		at := strings.Index(text[from:], quoted)
		if at < 0 {
			return false
		}
		from += at
		before, _ := utf8.DecodeLastRuneInString(text[:from])
		after, _ := utf8.DecodeRuneInString(text[from+len(quoted):])
		if !inWord(before) && !inWord(after) {
			return true
		}
		from += len(quoted)
	}
}

// inWord reports whether a character can be part of an unquoted name. What
// stands for the end of the text can't.
func inWord(r rune) bool {
	return r == '_' || r == '$' || r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

// keeps reports for each of Values whether the other side's column stays as it
// is, since nothing that it is made of has changed. It is false if one value
// is made of what has changed and of what is not known.
func (t *target) keeps(values []Value, out []bool) ([]bool, bool) {
	out = out[:0]
	for _, uses := range t.uses {
		unknown := 0
		for _, at := range uses {
			if values[at].Kind == Unchanged {
				unknown++
			}
		}
		if unknown > 0 && unknown < len(uses) {
			return out, false
		}
		out = append(out, unknown > 0)
	}
	return out, true
}
