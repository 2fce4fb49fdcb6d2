package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/repave-pg/repave/tests/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// A result is what a command line came to.
type result struct {
	code   int
	stdout string
	stderr string
}

// repave runs a command line as main does.
func repave(t *testing.T, args ...string) result {
	t.Helper()

	var stdout, stderr bytes.Buffer
	code := run(t.Context(), append([]string{"repave"}, args...), strings.NewReader(""), &stdout, &stderr)
	return result{code, stdout.String(), stderr.String()}
}
