// Package random makes up tables, what is bound to them, changes of them and
// traffic on them: one Case for each seed, always the same one.
package random

import (
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/sqltmpl"
)

// Rows is how many rows the table of a Case begins with, under the numbers 1 to Rows.
const Rows = 300

// A Case is a table, what to do to it, and who uses it meanwhile.
type Case struct {
	Table  sqltmpl.Table
	Tables []string // SQL that makes the table and those around it, with rows
	Bound  []string // SQL that makes what is bound to the table
	Change shadow.Change
	// Retype and Alter are SQL that makes the same change with PostgreSQL's own means, before and after Bound.
	Retype, Alter []string
	Beyond        bool // the change is one that PostgreSQL's own means refuse
	Traffic       Traffic
	// Untouched are columns that every state of the job has, with the same values.
	Untouched []string
	Key       []string
	Walk      []Step
}

// A Step is one command on the job.
type Step struct {
	Command string // run, reset, revert-swap, verify, cleanup, or sql
	Until   int    // of run: the stage's place in the order
	SQL     string
}

// Make returns the case of a seed for a major version of PostgreSQL.
func Make(seed, version int) Case {
	return rapid.Custom(func(t *rapid.T) Case { return newMaker(t, version).make() }).Example(seed)
}

// A maker makes one case.
type maker struct {
	t       *rapid.T
	version int
	names   []string
	schema  string
	table   string
	columns []*column
	keys    []*column
	// deferrable says that the primary key is, so nothing may refer to it.
	deferrable bool
	unlogged   string
	children   []string
	whole      bool // something needs the row's type as it is
	stacked    bool // a materialized view uses a view, which types that change would have made again
	ruled      bool // there are rules, with which ON CONFLICT does not go
	c          Case
}

func newMaker(t *rapid.T, version int) *maker {
	m := &maker{t: t, version: version}
	m.names = rapid.Permutation(hostile).Draw(t, "names")
	return m
}

// number is a number below n, any as likely as another; rapid's own prefer small ones.
func (m *maker) number(n int) int {
	value := 0
	for _, bit := range rapid.SliceOfN(rapid.Bool(), 12, 12).Draw(m.t, "bits") {
		value <<= 1
		if bit {
			value++
		}
	}
	return value % n
}

// maybe is true in percent of all cases.
func (m *maker) maybe(percent int) bool { return m.number(100) < percent }

func pick[T any](m *maker, from ...T) T { return from[m.number(len(from))] }

// when is text in percent of all cases, else "".
func (m *maker) when(percent int, text string) string {
	if m.maybe(percent) {
		return text
	}
	return ""
}

// name is a name that no other object of the case has, quoted.
func (m *maker) name() string { return quote(m.rawName()) }

func (m *maker) rawName() string {
	name := m.names[0]
	m.names = m.names[1:]
	return name
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }

func literal(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// base adds SQL of the table and those around it.
func (m *maker) base(format string, args ...any) {
	m.c.Tables = append(m.c.Tables, fmt.Sprintf(format, args...))
}

// bind adds SQL of something bound to the table.
func (m *maker) bind(format string, args ...any) {
	m.c.Bound = append(m.c.Bound, fmt.Sprintf(format, args...))
}

func (m *maker) make() Case {
	m.makeTable()
	m.makeBound()
	m.makeChange()
	m.makeTraffic()
	m.makeWalk()
	return m.c
}

// makeWalk chooses the commands.
func (m *maker) makeWalk() {
	walk := func(command string) { m.c.Walk = append(m.c.Walk, Step{Command: command}) }
	run := func(until int) { m.c.Walk = append(m.c.Walk, Step{Command: "run", Until: until}) }
	disturb := func() {
		if m.maybe(30) {
			m.c.Walk = append(m.c.Walk, Step{Command: "sql", SQL: pick(m, "ANALYZE ", "VACUUM ", "VACUUM (FULL) ", "REINDEX TABLE CONCURRENTLY ") + m.table})
		}
	}
	const swap, cleanup = 6, 7
	if m.maybe(30) {
		run(1 + m.number(5))
		disturb()
		walk("reset")
	}
	if m.maybe(50) {
		run(1 + m.number(5))
		disturb()
	}
	run(swap)
	disturb()
	for range m.number(3) {
		walk("revert-swap")
		disturb()
		run(swap)
		if m.maybe(30) {
			walk("verify")
		}
	}
	if m.maybe(50) {
		run(cleanup)
		return
	}
	walk("revert-swap")
	walk("reset")
}
