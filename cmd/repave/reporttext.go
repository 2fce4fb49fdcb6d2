package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/repave-pg/repave/stages"
)

// mostNamed is how many things of a kind are named on a terminal.
const mostNamed = 10

// next fills in the commands that may follow.
func (r *report) next(err error) {
	add := func(why, format string, args ...any) {
		r.Next = append(r.Next, nextCommand{Command: fmt.Sprintf(format, args...), Why: why})
	}
	switch {
	case r.args == "" || r.Cleaned:
	case r.Swapped && r.across:
		add("end the job: slots, publications and the fence go, the source's tables stay (or go: --drop-source)", "repave cleanup %s", r.args)
		add("go back to the source, with every write made since", "repave revert-swap %s", r.args)
	case err == nil && r.across && !r.Until.Before(stages.Verify):
		add("send writers to the target", "repave swap %s", r.args)
		add("drop the target's tables and all else that the job made", "repave reset %s", r.args)
	case r.Swapped:
		add("keep the new table: drop the old one and all traces", "repave cleanup %s", r.args)
		add("go back to the old table, with every write made since", "repave revert-swap %s", r.args)
	case r.Job == 0 && err == nil:
		add("start the job", "%s", r.start)
	case r.Job == 0:
	case err == nil && !r.Until.Before(stages.Verify):
		add("exchange the names", "repave swap %s", r.args)
		add("drop all that the job made", "repave reset %s", r.args)
	default:
		add("go on", "repave run %s%s", r.args, r.flags)
		add("drop all that the job made", "repave reset %s", r.args)
	}
}

// print prints the report of a run that went well.
func (r *report) print(w io.Writer) {
	var out strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&out, format+"\n", args...) }
	names := strings.Join(r.Tables, ", ")
	took := time.Duration(r.Seconds * float64(time.Second))
	switch {
	case r.AlreadyDone:
		say("%s: this was done already, nothing is left of the job; run again for a new one", names)
	case r.Cleaned:
		say("%s: done, nothing is left of the job (%s)", names, seconds(took))
	case r.AlreadySwapped:
		say("%s has been swapped already, there is nothing left to run", names)
	case r.Swapped:
		say("%s: swapped (%s)", names, seconds(took))
	case r.Job == 0:
		say("%s: preflight finds nothing against it; no job was begun", names)
	default:
		say("%s: stopped after %s, as asked (%s)", names, r.Until, seconds(took))
	}
	if !r.AlreadySwapped && !r.AlreadyDone && r.Job != 0 {
		lock := func(ms float64) string { return milliseconds(time.Duration(ms * float64(time.Millisecond))) }
		say("locks    longest wait %s, longest hold %s, %d given up", lock(r.LongestLockWait), lock(r.LongestLockHold),
			r.LockMisses)
	}
	if r.Refused > 0 {
		say("cutover  writes were refused for %s; %s", milliseconds(time.Duration(r.Refused*float64(time.Millisecond))), r.again())
	}
	switch r.Verify.Verdict {
	case verdictEqual:
		say("verify   equal: %s rows compared, %s changes pending at that moment", number(r.Verify.Rows),
			number(r.Verify.Pending))
	case verdictSkipped:
		say("verify   skipped, as asked: nothing is proven")
	}
	for _, size := range r.Sizes {
		say("size     %s: %s before, %s after", size.Table, bytesOf(size.Before), bytesOf(size.After))
	}
	for _, l := range r.Layouts {
		say("columns  %s: %.1f bytes less per row, %s in all", l.Table, l.SavedPerRow, bytesOf(l.Saved))
	}
	for i, left := range r.LeftBehind {
		if i == mostNamed && len(r.LeftBehind) > mostNamed+1 {
			say("stays    and %d more, see --json", len(r.LeftBehind)-i)
			break
		}
		say("stays    %s, on the source: %s", left.Name, left.Reason)
	}
	for i, next := range r.Next {
		label := "next"
		if i > 0 {
			label = "or"
		}
		say("%-8s %s   # %s", label, next.Command, next.Why)
	}
	fmt.Fprint(w, out.String())
}

// again says what a cutover has compared.
func (r *report) again() string {
	text := fmt.Sprintf("%s rows changed since verify were compared again", number(int64(r.LookedAgain)))
	if r.NotLooked > 0 {
		text += fmt.Sprintf(", %s more changes were not: they came too fast, or to converted keys", number(r.NotLooked))
	}
	return text
}
