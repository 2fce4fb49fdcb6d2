// Package shell writes words that a POSIX shell reads back unchanged, for the
// commands that hints and reports tell people to run.
package shell

import (
	"regexp"
	"strings"
)

// harmless words need no quotes in any POSIX shell.
var harmless = regexp.MustCompile(`^[A-Za-z0-9_@%+:,./-]+$`)

// Quote returns text as one word of a POSIX shell.
func Quote(text string) string {
	if harmless.MatchString(text) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
