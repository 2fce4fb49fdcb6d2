package main

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/urfave/cli/v2"
)

func testSyntax() syntax {
	p := &program{stdin: strings.NewReader(""), stdout: io.Discard, stderr: newConsole(io.Discard)}
	return syntaxOf(p.newApp())
}

func TestArgumentsAreNormalised(t *testing.T) {
	for given, want := range map[string]string{
		"":                                   "",
		"status":                             "status --",
		"run orders":                         "run -- orders",
		"run orders customers":               "run -- orders customers",
		"run --workers 4 orders":             "run --workers=4 -- orders",
		"run orders --workers 4":             "run --workers=4 -- orders",
		"run orders --workers=4":             "run --workers=4 -- orders",
		"run orders -workers 4":              "run --workers=4 -- orders",
		"--workers 4 run orders":             "run --workers=4 -- orders",
		"--dsn x run orders":                 "--dsn=x run -- orders",
		"run orders --dsn x":                 "--dsn=x run -- orders",
		"run --dsn=x orders --json":          "--dsn=x run --json -- orders",
		"run orders --no-progress --yes":     "--no-progress run --yes -- orders",
		"run --alter -1 orders":              "run --alter=-1 -- orders",
		"run orders --alter -id --pk-bigint": "run --alter=-id --pk-bigint -- orders",
		"run --alter a --alter b orders":     "run --alter=a --alter=b -- orders",
		"run --alter=a=b orders":             "run --alter=a=b -- orders",
		"run -- --orders":                    "run -- --orders",
		"run --json -- -x --json":            "run --json -- -x --json",
		"run --json=false orders":            "run --json=false -- orders",
		"run help":                           "run -- help",
		"run -":                              "run -- -",
		"run --help":                         "run --help",
		"run a b -h --json":                  "run --help",
		"-h":                                 "--h",
		"help run":                           "run --help",
		"help":                               "--help",
		"run orders --version":               "--version run -- orders",
		"nonsense":                           "-- nonsense",
		"nonsense --workers 3":               "-- nonsense",
	} {
		t.Run(given, func(t *testing.T) {
			got, err := testSyntax().normalise(append([]string{"repave"}, strings.Fields(given)...))
			require.NoError(t, err)
			require.Equal(t, strings.Fields("repave "+want), got)
		})
	}
}

func TestEmptyAndOddValuesSurvive(t *testing.T) {
	got, err := testSyntax().normalise([]string{"repave", "run", "", "--alter", "", "--using", "a=b = ' c'", `"My Table"`})
	require.NoError(t, err)
	require.Equal(t, []string{"repave", "run", "--alter=", "--using=a=b = ' c'", "--", "", `"My Table"`}, got)
}

// TestAFlagTakesAValueWithEveryCommandOrNone is what normalise relies on.
func TestAFlagTakesAValueWithEveryCommandOrNone(t *testing.T) {
	s := testSyntax()
	takes := map[string]bool{}
	for name, value := range s.global {
		takes[name] = value
	}
	for command, flags := range s.commands {
		for name, value := range flags {
			if other, seen := takes[name]; seen {
				require.Equal(t, other, value, "%s --%s", command, name)
			}
			takes[name] = value
		}
	}
}

func TestUsageErrors(t *testing.T) {
	for _, test := range []struct{ args, problem, hint string }{
		{"runn orders", `unknown command "runn"`, "did you mean repave run?"},
		{"frobnicate", `unknown command "frobnicate"`, "see: repave --help"},
		{"run", "which TABLE?", "repave run TABLE"},
		{"plan", "which TABLE?", "repave plan TABLE"},
		{"reset --yes", "which TABLE?", "repave reset TABLE"},
		{"run orders --workrs 3", "repave run has no flag --workrs", "did you mean --workers?"},
		{"status --workers 3", "repave status has no flag --workers", "see: repave status --help"},
		{"--frob", "unknown flag: --frob", "see: repave --help"},
		{"run orders --workers", "flag --workers needs a value", "--workers VALUE"},
		{"run --alter --json orders", "flag --alter needs a value", "--alter=VALUE"},
		{"run orders --workers x", `invalid value "x" for flag -workers`, "repave --help"},
		{"run orders --workers 0", "--workers must be", "repave run --help"},
		{"run orders --workers -1", "--workers must be", ""},
		{"run orders --max-rate -1", "--max-rate must not be negative", ""},
		{"run orders --lock-timeout 0s", "--lock-timeout must be positive", ""},
		{"run orders --batch-time 5", `invalid value "5" for flag -batch-time`, ""},
		{"run orders --until swop", `--until "swop" is no stage`, "sync_schema"},
		{"run orders --until verify --cleanup", "contradict", ""},
		{"run orders --using a", `--using "a" is not COL=EXPR`, ""},
		{"run orders --using a=b --using a=c", "--using names column a twice", ""},
		{"run orders --alter=", "--alter is empty", ""},
		{"run orders --with-referencing", "--with-referencing needs --pk-bigint", ""},
		{"init orders", "init takes no arguments", ""},
		{"demo orders", "demo takes no TABLE", ""},
		{"demo --rows 1", "--rows must be at least", ""},
		{"run orders --log-level loud", `--log-level "loud"`, "debug, info"},
		{"run orders --log-format xml", `--log-format "xml"`, ""},
		{"status --registry-schema=", "--registry-schema", ""},
		{"status --registry-schema pg_catalog", "--registry-schema", ""},
		{"status --dsn postgres://[::/db", "reading the DSN", "a DSN is a URI"},
	} {
		t.Run(test.args, func(t *testing.T) {
			got := repave(t, strings.Fields(test.args)...)
			require.Equal(t, exitUsage, got.code, got.stderr)
			require.Empty(t, got.stdout)
			first, rest, _ := strings.Cut(got.stderr, "hint: ")
			require.Contains(t, first, "error: ")
			require.Contains(t, first, test.problem)
			require.Contains(t, rest, test.hint)
			require.NotEmpty(t, rest)
		})
	}
}

func TestHelpGoesToStdout(t *testing.T) {
	for _, args := range []string{"", "--help", "help", "run --help", "help run", "run orders -h"} {
		got := repave(t, strings.Fields(args)...)
		require.Equal(t, exitOK, got.code, args)
		require.Contains(t, got.stdout, "USAGE", args)
		require.Empty(t, got.stderr, args)
	}
	require.Contains(t, repave(t, "--version").stdout, "repave version")
}

// TestCommasDoNotSplitValues guards App.DisableSliceFlagSeparator.
func TestCommasDoNotSplitValues(t *testing.T) {
	p := &program{stdin: strings.NewReader(""), stdout: io.Discard, stderr: newConsole(&bytes.Buffer{})}
	app := p.newApp()
	var got []string
	for _, command := range app.Commands {
		if command.Name == "run" {
			command.Action = func(c *cli.Context) error {
				changes, err := change(c)
				got = changes.Alter
				return err
			}
		}
	}
	args, err := testSyntax().normalise([]string{"repave", "run", "t", "--alter", "DROP COLUMN a, DROP COLUMN b", "--alter", "SET (x=1, y=2)"})
	require.NoError(t, err)
	require.NoError(t, app.RunContext(t.Context(), args))
	require.Equal(t, []string{"DROP COLUMN a, DROP COLUMN b", "SET (x=1, y=2)"}, got)
}
