package main

import (
	"fmt"
	"strings"

	"github.com/repave-pg/repave/stages"
)

// fewNamed is how many things a line of status names.
const fewNamed = 4

// named lists the first of n names.
func named(n int, name func(i int) string) string {
	var names []string
	for i := range min(n, fewNamed) {
		names = append(names, name(i))
	}
	out := strings.Join(names, ", ")
	if n > fewNamed {
		out += fmt.Sprintf(" and %d more", n-fewNamed)
	}
	return out
}

// lacks says in a line each what the target of a move lacks that is still to be
// made, that should be there by now, and that will stay so.
func (s jobStatus) lacks() []string {
	var out []string
	only := "" // the table, if there is just one: it need not be said again
	if len(s.Tables) == 1 {
		only = s.Tables[0] + ": "
	}
	add := func(until stages.Name, told bool, format string) {
		var list []stages.Lack
		for _, l := range s.Lacks {
			if l.Until == until && l.Told == told {
				list = append(list, l)
			}
		}
		if len(list) == 0 {
			return
		}
		out = append(out, fmt.Sprintf(format, named(len(list), func(i int) string {
			return strings.TrimPrefix(list[i].String(), only)
		})))
	}
	add(stages.SyncSchema, false, "until sync_schema: %s")
	add(stages.Swap, false, "until the cutover: %s")
	add("", true, "for good, as plan says: %s")
	add("", false, "and should not: %s")
	return out
}
