package main

import (
	"fmt"
	"log/slog"

	"github.com/urfave/cli/v2"
)

// logger returns the log that the global flags ask for, to stderr.
func (p *program) logger(c *cli.Context) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.String("log-level"))); err != nil {
		return nil, &usageError{
			problem: fmt.Sprintf("--log-level %q is no level", c.String("log-level")),
			advice:  "the levels are debug, info, warn and error",
		}
	}
	opts := &slog.HandlerOptions{Level: level}
	switch format := c.String("log-format"); format {
	case "text":
		return slog.New(slog.NewTextHandler(p.stderr, opts)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(p.stderr, opts)), nil
	default:
		return nil, &usageError{
			problem: fmt.Sprintf("--log-format %q is neither text nor json", format), advice: "leave it out for text",
		}
	}
}
