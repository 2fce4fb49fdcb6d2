package stages

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	process "os/exec"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// hookGrace is how long a hook that was told to stop may take.
const hookGrace = 2 * time.Second

// errLateHook says that a hook was killed.
var errLateHook = errors.New("it took longer than --cutover-timeout")

// hook runs an operator's command around the cutover: a pooler's PAUSE and
// RESUME, a change of configuration. One that fails stops the cutover before
// the fence; after the opening it is only told.
func (c *crossing) hook(ctx context.Context, flag, command string) error {
	if command == "" {
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, c.env.Options.CutoverTimeout, errLateHook)
	defer cancel()
	var output bytes.Buffer
	run := process.CommandContext(ctx, "/bin/sh", "-c", command) //nolint:gosec // the operator's own
	run.Stdout, run.Stderr, run.WaitDelay = &output, &output, hookGrace
	run.Env = append(os.Environ(),
		fmt.Sprintf("REPAVE_JOB=%d", c.job.ID), "REPAVE_TABLES="+c.job.Title(),
		"REPAVE_CLOSES="+c.env.from(c.from).place(), "REPAVE_OPENS="+c.env.to(c.from).place())
	if err := run.Run(); err != nil {
		if errors.Is(context.Cause(ctx), errLateHook) {
			err = fmt.Errorf("%w (%s)", errLateHook, c.env.Options.CutoverTimeout)
		}
		return &HookError{Flag: flag, Output: strings.TrimSpace(c.env.Ends.hide(output.String())), Err: err}
	}
	return nil
}

// hide takes the passwords of both ends out of what a command has said, which has them in its environment as we
// have, or may have read them somewhere: it goes to the log and into the registry.
func (e Ends) hide(text string) string {
	for _, end := range []*pgx.ConnConfig{e.Source, e.Target} {
		p := end.Password
		if p == "" {
			continue
		}
		// The longest first: one may be part of the other.
		for _, form := range []string{url.UserPassword("", p).String()[1:], url.QueryEscape(p), url.PathEscape(p), p} {
			text = strings.ReplaceAll(text, form, "***")
		}
	}
	return text
}

// A HookError says that an operator's command failed.
type HookError struct {
	Flag   string
	Output string
	Err    error
}

func (e *HookError) Error() string {
	text := fmt.Sprintf("the command of %s failed: %v", e.Flag, e.Err)
	if e.Output != "" {
		text += ": " + e.Output
	}
	return text
}

func (e *HookError) Unwrap() error { return e.Err }

// Hint says what to do about it.
func (e *HookError) Hint() string {
	switch e.Flag {
	case "--on-cancel":
		return "writes are allowed where they were: do by hand what the command was to do"
	case "--on-open":
		return "the cutover is done, its tables are open where they are now: do by hand what the command was to do"
	}
	return "nothing was refused and nothing has moved; correct the command and run again"
}
