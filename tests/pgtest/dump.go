package pgtest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/internal/pgserver"
)

// DumpSchema returns what pg_dump prints for the database's schema, without
// the lines that differ from run to run and without the given schemas. It
// returns "" if there is no pg_dump that is new enough for the server.
func DumpSchema(tb testing.TB, dsn string, exceptSchemas ...string) string {
	tb.Helper()

	program := dumper(tb.Context(), ServerVersion(tb, Connect(tb, dsn)))
	if program == "" {
		return ""
	}
	args := []string{"--schema-only", "--dbname", dsn}
	for _, schema := range exceptSchemas {
		args = append(args, "--exclude-schema", `"`+strings.ReplaceAll(schema, `"`, `""`)+`"`)
	}
	cmd := exec.CommandContext(tb.Context(), program, args...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(tb, err, stderr.String())
	return passing.ReplaceAllString(string(out), "")
}

// passing matches the lines of a dump that say nothing about the schema.
var passing = regexp.MustCompile(`(?m)^(\\(un)?restrict .*|-- Dumped (from|by) .*)\n`)

var dumpVersion = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// dumper returns a pg_dump of at least the given major version, or "".
func dumper(ctx context.Context, version int) string {
	candidates := []string{filepath.Join(os.Getenv(pgserver.EnvBin), "pg_dump")}
	if path, err := exec.LookPath("pg_dump"); err == nil {
		candidates = append(candidates, path)
	}
	if packaged, err := filepath.Glob("/usr/lib/postgresql/*/bin/pg_dump"); err == nil {
		candidates = append(candidates, packaged...)
	}
	for _, path := range candidates {
		// One that does not run is as good as none.
		out, err := exec.CommandContext(ctx, path, "--version").Output()
		if err != nil {
			continue
		}
		if found := dumpVersion.FindSubmatch(out); found != nil {
			if major, err := strconv.Atoi(string(found[1])); err == nil && major >= version {
				return path
			}
		}
	}
	return ""
}
