package stages

import (
	"fmt"
	"strings"

	"github.com/repave-pg/repave/internal/shadow"
)

// changed says what conversions there are, and what the order of columns is worth.
func (r *PlanReport) changed(b *shadow.Blueprint) {
	r.Casts, r.Layout = casts(b), b.Layout
	if b.Layout == nil {
		return
	}
	if !b.Layout.Changed {
		r.Notes = append(r.Notes, "--optimize-columns: no other order of the columns saves anything")
		return
	}
	r.Notes = append(r.Notes, "the columns come to stand in another order: an INSERT or COPY without a list of columns, "+
		"and code that counts on the order of SELECT *, means something else after the swap; revert-swap brings the old order back")
}

// order lists the shadow's columns for a person.
func order(l *shadow.Layout) string {
	names := make([]string, len(l.Order))
	for i, name := range l.Order {
		names[i] = name.Plain()
	}
	return strings.Join(names, ", ")
}

// Describe says what a layout saves, with sizes printed by size.
func Describe(l *shadow.Layout, size func(int64) string) string {
	rows := "how much in all is unknown: the table was never analyzed"
	if l.Rows >= 0 {
		rows = size(l.Saved()) + " in all"
	}
	return fmt.Sprintf("%.1f bytes per row instead of %.1f, %s; in the order %s", l.After, l.Before, rows, order(l))
}
