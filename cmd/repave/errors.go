package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/db"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/stages"
)

// Exit codes.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitRefused     = 3   // preflight has findings
	exitDifferent   = 4   // verify found differences
	exitGaveUp      = 5   // a lock or an old snapshot did not go away: run again
	exitInterrupted = 130 // run again
)

// A usageError says that the command line makes no sense.
type usageError struct {
	problem string
	advice  string
}

func (e *usageError) Error() string { return e.problem }

// Hint says what to do about it.
func (e *usageError) Hint() string { return e.advice }

// A failure is an error that only the command line knows, with its remedy.
type failure struct {
	problem string
	advice  string
}

func (e *failure) Error() string { return e.problem }

// Hint says what to do about it.
func (e *failure) Hint() string { return e.advice }

// A planRefusedError says that a plan has findings, which it has shown.
type planRefusedError struct{ findings int }

func (e *planRefusedError) Error() string {
	return fmt.Sprintf("preflight refuses: %d finding(s), see above", e.findings)
}

// Hint says what to do about it.
func (e *planRefusedError) Hint() string { return "cure the findings and plan again" }

// A lostError says that the connection was lost while a job was worked on.
type lostError struct{ err error }

func (e *lostError) Error() string { return fmt.Sprintf("the connection was lost: %v", e.err) }

func (e *lostError) Unwrap() error { return e.err }

// Hint says what to do about it.
func (e *lostError) Hint() string {
	return "run the same command again: it goes on where it stopped, nothing is lost"
}

// An interruptedError says that a signal ended us.
type interruptedError struct{ err error }

func (e *interruptedError) Error() string { return "interrupted" }

func (e *interruptedError) Unwrap() error { return e.err }

// Hint says what to do about it.
func (e *interruptedError) Hint() string {
	if errors.As(e.err, new(*stages.StageError)) {
		return "run the same command again: it goes on where it stopped, nothing is lost"
	}
	return "run the same command again"
}

// connectionLost reports whether err means that a session is gone, rather than
// that somebody cancelled us or that we gave up.
func connectionLost(err error) bool {
	if errors.Is(err, context.Canceled) || errors.As(err, new(*stages.GaveUpError)) {
		return false
	}
	return sqltmpl.IsConnection(err)
}

// exitCode returns what the process shall say of err.
func exitCode(err error) int {
	is := func(target any) bool { return errors.As(err, target) }
	switch {
	case err == nil:
		return exitOK
	case is(new(*interruptedError)):
		return exitInterrupted
	case is(new(*usageError)), is(new(*specError)), is(new(*catalog.SyntaxError)), is(new(*db.DSNError)):
		return exitUsage
	case is(new(*stages.RefusedError)), is(new(*planRefusedError)):
		return exitRefused
	case is(new(*stages.DifferentError)):
		return exitDifferent
	case is(new(*stages.GaveUpError)):
		return exitGaveUp
	default:
		return exitFailed
	}
}

// printError prints err and what can be done about it.
func printError(w io.Writer, err error) {
	text := "error: " + err.Error() + "\n"
	if hint := hintOf(err); hint != "" {
		text += "hint: " + hint + "\n"
	}
	fmt.Fprint(w, text)
}

// hintOf returns the outermost hint that says anything.
func hintOf(err error) string {
	all := err
	for err != nil {
		var hinter interface {
			error
			Hint() string
		}
		if !errors.As(err, &hinter) {
			break
		}
		if hint := hinter.Hint(); hint != "" {
			return hint
		}
		// errors.As went depth first; what it wraps may know more.
		switch wrapper := any(hinter).(type) {
		case interface{ Unwrap() error }:
			err = wrapper.Unwrap()
		case interface{ Unwrap() []error }:
			err = errors.Join(wrapper.Unwrap()...)
		default:
			err = nil
		}
	}
	if errors.Is(err, stages.ErrOutcomeUnknown) {
		return "run the same command again: it looks first whether the swap has happened"
	}
	if errors.As(all, new(*pgconn.ConnectError)) {
		return "see that the server is up and lets this role in, then run the same command again: it goes on where it stopped"
	}
	return ""
}
