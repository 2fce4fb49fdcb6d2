package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/repave-pg/repave/internal/partitioning"
	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/tests/pgtest"
)

// hostile texts are what YAML takes for something else, or folds, or can't
// have but escaped; and any others.
func hostile() *rapid.Generator[string] {
	texts := rapid.OneOf(
		rapid.SampledFrom([]string{
			"true", "no", "null", "~", "0x1F", "1_000", "1e3", ".inf", "2020-01-01", "-", "- a", "a: b", "a #b", "# a", "&a", "*a", "!!int 3",
			"<<", "?", "? a", "|", ">", "%YAML 1.2", "---", "...", "@a", "`a`", "[a", "{a}", "a, b", "'", `"`, `\`, `\n`, "'a'", `"a"`,
			"a\nb", "a\n\n b\n  c", "a\r\nb", "\ta", "a\tb", "a\u0085b", "a\u2028b", "\ufeffa", "a\ufeff", "\x01", "\x7f", "é", "😀", "a\u00a0",
			strings.Repeat("a b ", 300), "ADD x text DEFAULT 'it''s'", `"Created at"`, "$HOME `id`", "--alter x", "--set",
		}),
		rapid.StringN(1, 30, 100),
	)
	return rapid.Custom(func(t *rapid.T) string {
		return strings.ReplaceAll(strings.ToValidUTF8(texts.Draw(t, "text"), "?"), "\x00", "0")
	})
}

// words are hostile texts that say something, as flags leave them.
func words() *rapid.Generator[string] {
	trimmed := rapid.Custom(func(t *rapid.T) string { return strings.TrimSpace(hostile().Draw(t, "word")) })
	return trimmed.Filter(func(s string) bool { return s != "" })
}

// columns are names as the server has them: no longer than 63 bytes.
func columns() *rapid.Generator[string] {
	return hostile().Filter(func(s string) bool { return len(s) <= 63 })
}

// anyChange is a change that a file can ask for.
func anyChange() *rapid.Generator[shadow.Change] {
	return rapid.Custom(func(t *rapid.T) shadow.Change {
		out := shadow.Change{
			Alter:    rapid.SliceOfN(words(), 0, 3).Draw(t, "alter"),
			Using:    rapid.MapOfN(columns(), words(), 0, 3).Draw(t, "using"),
			PKBigint: rapid.Bool().Draw(t, "pk"), OptimizeColumns: rapid.Bool().Draw(t, "optimize"),
			OrderBy:         rapid.SliceOfNDistinct(columns(), 0, 3, rapid.ID).Draw(t, "order"),
			DropConstraints: rapid.SliceOfN(hostile().Filter(func(s string) bool { return strings.TrimSpace(s) != "" }), 0, 3).Draw(t, "drop"),
		}
		name := words().Filter(func(s string) bool { return !strings.Contains(s, "=") })
		for _, n := range rapid.SliceOfNDistinct(name, 0, 3, rapid.ID).Draw(t, "set") {
			out.Set = append(out.Set, n+"="+words().Draw(t, "value"))
		}
		if rapid.Bool().Draw(t, "place") {
			out.Tablespace = sqltmpl.Ident(words().Draw(t, "tablespace"))
		}
		switch column := sqltmpl.Ident(columns().Draw(t, "column")).String(); rapid.IntRange(0, 3).Draw(t, "partitions") {
		case 1:
			out.PartitionBy = "HASH (" + column + ") 16"
		case 2:
			out.PartitionBy = "RANGE (" + column + ") WIDTH 5"
			out.PartitionsAhead = rapid.IntRange(0, partitioning.Most).Draw(t, "ahead")
		case 3:
			out.PartitionBy = "LIST (" + column + ")"
		}
		return out
	})
}

// TestSpecFilesSayAnyChange writes and reads anything.
func TestSpecFilesSayAnyChange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := &specFile{referencing: false}
		for _, name := range rapid.SliceOfNDistinct(words().Filter(func(s string) bool { return !isDSN(s) }), 1, 3, rapid.ID).Draw(t, "tables") {
			want.tables = append(want.tables, specTable{name: name, change: anyChange().Draw(t, "change")})
		}
		want.referencing = want.widens() && rapid.Bool().Draw(t, "referencing")
		var out bytes.Buffer
		require.NoError(t, writeSpec(&out, want))
		got, err := parseSpec("x", out.Bytes())
		require.NoError(t, err, out.String())
		require.Equal(t, want.referencing, got.referencing)
		require.Len(t, got.tables, len(want.tables))
		for i, table := range want.tables {
			require.Equal(t, table.name, got.tables[i].name)
			require.Empty(t, table.change.Differences(got.tables[i].change), out.String())
		}
	})
}

// TestFlagsOfAnyChangeMeanIt lets sh take apart what hints print: it asks for
// just the same, or leaves it to the job.
func TestFlagsOfAnyChangeMeanIt(t *testing.T) {
	meant := 0
	rapid.Check(t, func(t *rapid.T) {
		change := anyChange().Draw(t, "change")
		flags := specFlags(registry.Spec{Tables: registry.TablesOf(change, sqltmpl.Table{Schema: "public", Name: "t"})})
		if flags == " --as-begun" {
			return
		}
		meant++
		out, err := exec.CommandContext(context.Background(), "sh", "-c", `show() { for w in "$@"; do printf '%s\0' "$w"; done; }; show`+flags).Output()
		require.NoError(t, err)
		words := strings.Split(string(out), "\x00")
		got, err := understood(words[:len(words)-1])
		require.NoError(t, err)
		require.Empty(t, change.Differences(got), flags)
	})
	require.Positive(t, meant)
}

// TestPlansOfAWrittenSpecAreTheSame prints the file that flags equal, and plans
// with it.
func TestPlansOfAWrittenSpecAreTheSame(t *testing.T) {
	dsn := pgtest.Database(t)
	t.Setenv("REPAVE_DSN", dsn)
	conn := pgtest.Connect(t, dsn, shopSQL...)
	pgtest.Exec(t, conn, `CREATE TABLE "Odd 'name' $x" (id int PRIMARY KEY, "a: #b" int, at timestamptz NOT NULL DEFAULT now(), n int)`)
	pgtest.Exec(t, conn, `ANALYZE`)
	for _, args := range [][]string{
		{"orders"},
		{"orders", "lines", "--alter", "SET (fillfactor = 70)", "--set", "autovacuum_enabled=off"},
		{"orders", "--pk-bigint", "--with-referencing", "--workers", "3", "--max-active", "auto", "--max-rate", "1e6", "--snapshot-wait", "1h"},
		{"public.\"Odd 'name' $x\"", "--alter", "ALTER \"a: #b\" TYPE text,\n\tADD \"🙂\" text DEFAULT '\\n # \"x\": '", "--using", "a: #b=n || ': #'"},
		{"\"Odd 'name' $x\"", "--optimize-columns", "--order-by", "id", "--tablespace", "pg_default"},
		{"\"Odd 'name' $x\"", "--partition-by", "RANGE (n) WIDTH 1000", "--partitions-ahead", "0", "--alter", "ALTER n SET NOT NULL", "--drop-constraint", "Odd 'name' $x_pkey"},
		{"parts", "--partition-by", "HASH (id) 4"},
	} {
		before := repave(t, append([]string{"plan", "--json"}, args...)...)
		written := repave(t, append([]string{"plan", "--write-spec"}, args...)...)
		require.Equal(t, exitOK, written.code, written.stderr)
		path := specFileOf(t, written.stdout)
		after := repave(t, "plan", "--json", "-f", path)
		require.Equal(t, before.stdout, after.stdout, written.stdout)
		require.Equal(t, before.code, after.code)
		require.True(t, json.Valid([]byte(after.stdout)), after.stderr)
		again := repave(t, "plan", "--write-spec", "-f", path)
		require.Equal(t, written, again)
	}
	got := repave(t, "plan", "--write-spec", "ordres")
	require.Equal(t, exitFailed, got.code)
	require.Empty(t, got.stdout)
	got = repave(t, "plan", "--write-spec", "orders", "--tablespace", "a\xffb")
	require.Equal(t, exitFailed, got.code)
	require.Contains(t, got.stderr, "this can't be written as YAML")
	require.Zero(t, pgtest.Count(t, conn, "SELECT count(*) FROM pg_namespace WHERE nspname = 'repave'"))
}

// TestWrittenSpecsReadWell pins what people see.
func TestWrittenSpecsReadWell(t *testing.T) {
	dsn := pgtest.Database(t)
	t.Setenv("REPAVE_DSN", dsn)
	pgtest.Connect(t, dsn, shopSQL...)
	got := repave(t, "plan", "--write-spec", "orders", "lines", "--pk-bigint", "--with-referencing", "--alter", "ADD x int", "--using", "x=n * 2",
		"--workers", "4", "--snapshot-wait", "90m")
	require.Equal(t, exitOK, got.code, got.stderr)
	golden := filepath.Join("testdata", "written.yaml")
	if os.Getenv("UPDATE_GOLDEN") != "" {
		require.NoError(t, os.WriteFile(golden, []byte(got.stdout), 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), got.stdout)
}
