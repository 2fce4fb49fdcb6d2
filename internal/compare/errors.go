package compare

import (
	"fmt"
	"strings"
)

// A DifferentError says that two tables are not the same.
type DifferentError struct {
	Table       string
	Differences []Difference
	More        bool // there are more than these
}

// A Difference is one key whose row is not the same in both tables.
type Difference struct {
	Key     string `json:"key"`
	Problem string `json:"problem"`
}

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

// A RewrittenError says that a table was truncated or rewritten after the
// snapshot was taken, which no snapshot shows rightly: compare in a new one.
type RewrittenError struct{ Table string }

func (e *RewrittenError) Error() string {
	return e.Table + " was truncated or rewritten by somebody after the snapshot to compare was taken"
}

// Hint says what helps.
func (e *RewrittenError) Hint() string { return "run again: the next snapshot shows it as it is" }

// A SettingError says that two sessions would print the same value differently.
type SettingError struct{ Name, Source, Target string }

func (e *SettingError) Error() string {
	return fmt.Sprintf("sessions have other settings on the target: %s is %q, on the source %q", e.Name, e.Target, e.Source)
}

// Hint says what helps.
func (e *SettingError) Hint() string {
	return "check that nothing between here and the servers (a pooler) sets " + e.Name + " for its sessions"
}
