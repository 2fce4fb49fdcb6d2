package main

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

// harmless words need no quotes in any POSIX shell.
var harmless = regexp.MustCompile(`^[A-Za-z0-9_@%+:,./-]+$`)

// quote returns text as one word of a POSIX shell.
func quote(text string) string {
	if harmless.MatchString(text) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// changeFlags returns the flags that ask for change, with a leading space, to
// be put behind "repave run TABLE" in a shell.
func changeFlags(change shadow.Change) string {
	var out strings.Builder
	if change.PKBigint {
		out.WriteString(" --pk-bigint")
	}
	for _, actions := range change.Alter {
		out.WriteString(" --alter " + quote(actions))
	}
	for _, column := range slices.Sorted(maps.Keys(change.Using)) {
		out.WriteString(" --using " + quote(column+"="+change.Using[column]))
	}
	return out.String()
}

// tableArgs names a job's tables as arguments for a shell.
func tableArgs(job registry.Job) string {
	var words []string
	for _, t := range job.Tables {
		words = append(words, quote(t.Name.Plain()))
	}
	return strings.Join(words, " ")
}

// titleOf names a job's tables for a reader.
func titleOf(job registry.Job) string { return strings.Join(tableNames(job), ", ") }

func tableNames(job registry.Job) []string {
	names := []string{}
	for _, t := range job.Tables {
		names = append(names, t.Name.Plain())
	}
	return names
}

// ident quotes a name for SQL.
func ident(name string) string { return sqltmpl.Ident(name).String() }
