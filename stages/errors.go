package stages

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/repave-pg/repave/internal/carry"
	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/compare"
	"github.com/repave-pg/repave/internal/preflight"
	"github.com/repave-pg/repave/internal/shell"
	"github.com/repave-pg/repave/sqltmpl"
)

// ErrOutcomeUnknown says that the answer to the swap's COMMIT was lost and the
// server could not be asked since.
var ErrOutcomeUnknown = errors.New("whether the swap was committed is unknown")

// A StageError says in which stage a job stopped.
type StageError struct {
	Stage Name
	Table string
	Err   error
}

func (e *StageError) Error() string { return fmt.Sprintf("%s of %s: %v", e.Stage, e.Table, e.Err) }

func (e *StageError) Unwrap() error { return e.Err }

// A RefusedError carries the findings of preflight.
type RefusedError struct {
	Table    string
	Findings []preflight.Finding
}

func (e *RefusedError) Error() string {
	lines := []string{fmt.Sprintf("preflight refuses %s:", e.Table)}
	for _, f := range e.Findings {
		problem := f.Problem
		if f.Table != e.Table { // there are several
			problem = f.Table + ": " + problem
		}
		lines = append(lines, "  - "+problem, "    cure: "+f.Cure)
	}
	return strings.Join(lines, "\n")
}

// add adds what was found on one more table.
func (e *RefusedError) add(table string, findings []preflight.Finding) {
	if len(findings) == 0 {
		return
	}
	if e.Table != "" {
		e.Table += ", "
	}
	e.Table += table
	e.Findings = append(e.Findings, findings...)
}

// Hint says what to do about it.
func (e *RefusedError) Hint() string { return "nothing was changed; cure the findings and run again" }

// A DifferentError says that verify found differences.
type DifferentError struct {
	Table       string
	Differences []Difference
	More        bool // there are more than these
	Swapped     bool
}

// A Difference is one key whose row is not the same in both tables.
type Difference = compare.Difference

func (e *DifferentError) Error() string {
	var out strings.Builder
	fmt.Fprintf(&out, "verify found differences in %s:", e.Table)
	for _, d := range e.Differences {
		fmt.Fprintf(&out, "\n  key %s: %s", d.Key, d.Problem)
	}
	if e.More {
		out.WriteString("\n  ... and more")
	}
	return out.String()
}

// Hint says what to do about it.
func (e *DifferentError) Hint() string {
	if e.Swapped {
		return "the new table is in use and nothing was swapped back: change these rows so that the old table can hold them, " +
			"or keep the new one with: repave cleanup " + shell.Quote(e.Table)
	}
	return "nothing was swapped; did anybody write to the shadow, or switch off repave's triggers? " +
		"Start over with: repave reset " + shell.Quote(e.Table)
}

// A GaveUpError says that a lock or an old snapshot did not go away in time.
type GaveUpError struct {
	For   string
	After time.Duration
	Who   []Session
	By    string // what else is in the way, with its Cure
	Cure  string
	Err   error
}

// A Session is somebody else's session that we wait for.
type Session struct {
	PID         int32         `json:"pid"`
	Application string        `json:"application"`
	State       string        `json:"state"`
	Age         time.Duration `json:"age"` // of its transaction
}

func (s Session) String() string {
	name := s.Application
	if name == "" {
		name = "no application_name"
	}
	return fmt.Sprintf("pid %d (%s, %s, transaction %s old)", s.PID, name, s.State, s.Age.Round(time.Second/10))
}

func (e *GaveUpError) Error() string {
	after := e.After.Round(time.Second / 10)
	if after == 0 {
		after = e.After.Round(time.Millisecond)
	}
	text := fmt.Sprintf("gave up waiting for %s after %s", e.For, after)
	if len(e.Who) > 0 {
		names := make([]string, len(e.Who))
		for i, s := range e.Who {
			names[i] = s.String()
		}
		text += ", held by " + strings.Join(names, ", ")
	}
	if e.By != "" {
		text += ", held up by " + e.By
	}
	return text
}

func (e *GaveUpError) Unwrap() error { return e.Err }

// Hint says what to do about it.
func (e *GaveUpError) Hint() string {
	hint := "nothing was lost; run the same command again when it is quieter"
	if len(e.Who) > 0 {
		hint += fmt.Sprintf(", or end that transaction: SELECT pg_terminate_backend(%d)", e.Who[0].PID)
	}
	if e.Cure != "" {
		hint += ", or: " + e.Cure
	}
	return hint
}

// A ChangedError says that somebody changed the table, or what repave put
// there, while a job was under way.
type ChangedError struct {
	Table       sqltmpl.Table
	Differences []string
	Swapped     bool
}

func (e *ChangedError) Error() string {
	return fmt.Sprintf("%s was changed since the job began: %s", e.Table.Plain(), strings.Join(e.Differences, "; "))
}

// Hint says what to do about it.
func (e *ChangedError) Hint() string {
	if e.Swapped {
		return "the job can't be reverted any more; undo the change, or finish with: repave cleanup " + shell.Quote(e.Table.Plain())
	}
	return "undo the change and run again, or start over with: repave reset " + shell.Quote(e.Table.Plain())
}

// A TreeError says that partitions came, went, or were detached and attached
// again, where that could not be taken over just then.
type TreeError struct {
	Table       sqltmpl.Table
	Differences []string
	Swapped     bool
}

func (e *TreeError) Error() string {
	return fmt.Sprintf("the partitions of %s have changed: %s", e.Table.Plain(), strings.Join(e.Differences, "; "))
}

// Hint says what to do about it.
func (e *TreeError) Hint() string {
	if e.Swapped {
		return "the job can't be reverted any more; undo the change, or finish with: repave cleanup " + shell.Quote(e.Table.Plain())
	}
	return "run the same command again: the other side's change with them"
}

// A StateError says that a command does not fit the state a job is in.
type StateError struct {
	Problem string
	Advice  string
}

func (e *StateError) Error() string { return e.Problem }

// Hint says what to do about it.
func (e *StateError) Hint() string { return e.Advice }

// A RowError names the row that can't be converted.
type RowError struct {
	Table sqltmpl.Table
	Key   string
	Err   error
}

func (e *RowError) Error() string {
	return fmt.Sprintf("the row of %s with key %s does not fit the new table: %v", e.Table.Plain(), e.Key, e.Err)
}

func (e *RowError) Unwrap() error { return e.Err }

// Hint says what to do about it.
func (e *RowError) Hint() string {
	return "correct the row and run again, or give the column a value with --using (after: repave reset " +
		shell.Quote(e.Table.Plain()) + ")"
}

// A CarryError says that an object bound to a table can't follow its name.
type CarryError struct {
	Dependent catalog.Dependent
	Err       error
}

func (e *CarryError) Error() string {
	if e.Dependent.Kind == carry.Child {
		return fmt.Sprintf("%s can't inherit from the new table: %v", e.Dependent.Name, e.Err)
	}
	return fmt.Sprintf("%s can't be carried over to the new table: %v", e.Dependent.Name, e.Err)
}

func (e *CarryError) Unwrap() error { return e.Err }

// Hint says what to do about it.
func (e *CarryError) Hint() string {
	if e.Dependent.Kind == carry.Child {
		return "nothing was swapped; " + refusedHeir(e.Dependent)
	}
	drop := "drop or change it"
	if len(e.Dependent.Drop) > 0 {
		drop = string(e.Dependent.Drop[0])
	}
	return "nothing was swapped; first " + drop + ", run again, and make it anew after the swap"
}
