package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A specProblem is one thing that is wrong in a spec file. Lines and columns
// are counted from 1.
type specProblem struct {
	line, column int
	text, advice string
}

// A specError says all that is wrong in a spec file. Nothing was connected to.
type specError struct {
	path     string
	problems []specProblem
}

func newSpecError(path string, problems []specProblem) *specError {
	slices.SortStableFunc(problems, func(a, b specProblem) int {
		return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.column, b.column))
	})
	return &specError{path, problems}
}

func (e *specError) Error() string {
	lines := make([]string, len(e.problems))
	for i, p := range e.problems {
		lines[i] = fmt.Sprintf("%s:%d:%d: %s", e.path, p.line, p.column, p.text)
	}
	if len(lines) == 1 {
		return lines[0]
	}
	return fmt.Sprintf("%s has %d errors:\n  %s", e.path, len(lines), strings.Join(lines, "\n  "))
}

// Hint says what to do about each of them.
func (e *specError) Hint() string {
	var out []string
	for _, p := range e.problems {
		switch {
		case p.advice == "":
		case len(e.problems) == 1:
			return p.advice
		default:
			out = append(out, fmt.Sprintf("line %d: %s", p.line, p.advice))
		}
	}
	return strings.Join(out, "\n      ")
}
