package main

import (
	"fmt"

	"github.com/repave-pg/repave/stages"
)

// conversions says of each change of type whether it can fail, and where it does.
func conversions(casts []stages.Cast) []string {
	var lines []string
	for _, c := range casts {
		from := c.From
		if from == "" {
			from = "(new)"
		}
		line := fmt.Sprintf("%s: %s -> %s: %s", c.Column, from, c.To, verdictOf(c))
		lines = append(lines, line)
		for _, example := range c.Examples {
			lines = append(lines, fmt.Sprintf("  key %s: %s", example.Key, example.Problem))
		}
		if more := c.Failures - int64(len(c.Examples)); more > 0 {
			lines = append(lines, fmt.Sprintf("  ... and %s more", number(more)))
		}
	}
	return lines
}

func verdictOf(c stages.Cast) string {
	const most = 0.99995 // what 100.00 % begins with
	switch {
	case c.Class == stages.CastSafe:
		return "safe, can't fail"
	case c.Class == stages.CastUnchecked:
		return "not checked; with --check-data 10s it would be tried on the data"
	case c.Failures > 0 && c.Checked >= most:
		return fmt.Sprintf("%s of %s rows FAIL; correct them before you run it", number(c.Failures), number(c.Rows))
	case c.Failures > 0:
		return fmt.Sprintf("%s of the %s rows looked at FAIL (%.1f %% of the table; --check-data 1h looks longer)",
			number(c.Failures), number(c.Rows), 100*c.Checked)
	case c.Checked >= most:
		return fmt.Sprintf("checked, none of %s rows fails", number(c.Rows))
	default:
		return fmt.Sprintf("checked in part, none of %s rows fails (%.1f %% of the table; --check-data 1h looks longer)",
			number(c.Rows), 100*c.Checked)
	}
}
