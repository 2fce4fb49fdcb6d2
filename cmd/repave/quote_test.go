package main

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

// TestFlagsSurviveAShell lets sh take the flags apart again.
func TestFlagsSurviveAShell(t *testing.T) {
	for _, change := range []shadow.Change{
		{},
		{PKBigint: true},
		{Alter: []string{"DROP COLUMN x"}},
		{Alter: []string{"ADD x text DEFAULT 'it''s'", `ALTER "a b" TYPE text`, "$HOME `id` \\ \n ! * ? ~ # ; & | < >"}},
		{Alter: []string{"--comment\nDROP COLUMN x"}, Using: map[string]string{"b": "a || '=\"$x\"'", "ä ö": "'\\'"}},
		{Alter: []string{"'", "''", "'\"'\"'"}, PKBigint: true},
		{PartitionBy: `RANGE ("it's") INTERVAL '1 month'`, PartitionsAhead: 7, DropConstraints: []string{"a,b", "$x"}},
		{PartitionBy: "RANGE (a) WIDTH 5", PartitionsAhead: partitionsAhead},
		{PartitionBy: "HASH (a) 5"},
	} {
		want := []string{}
		if change.PKBigint {
			want = append(want, "--pk-bigint")
		}
		for _, actions := range change.Alter {
			want = append(want, "--alter", actions)
		}
		for _, column := range []string{"b", "ä ö"} {
			if expression, ok := change.Using[column]; ok {
				want = append(want, "--using", column+"="+expression)
			}
		}
		if change.PartitionBy != "" {
			want = append(want, "--partition-by", change.PartitionBy)
		}
		if change.PartitionsAhead == 7 {
			want = append(want, "--partitions-ahead", "7")
		}
		for _, name := range change.DropConstraints {
			want = append(want, "--drop-constraint", name)
		}
		flags := changeFlags(change)
		out, err := exec.CommandContext(t.Context(), "sh", "-c", `show() { for w in "$@"; do printf '%s\0' "$w"; done; }; show`+flags).Output()
		require.NoError(t, err)
		got := strings.Split(string(out), "\x00")
		require.Equal(t, want, got[:len(got)-1])
		require.True(t, flags == "" || strings.HasPrefix(flags, " --"), flags)
	}
}

func TestTableNamesSurviveAShell(t *testing.T) {
	job := registry.Job{Tables: []registry.Table{
		{Name: sqltmpl.Table{Schema: "public", Name: "orders"}},
		{Name: sqltmpl.Table{Schema: "My Schema", Name: `it's "odd" $x`}},
	}}
	out, err := exec.CommandContext(t.Context(), "sh", "-c", "printf '%s|' "+job.Args()).Output()
	require.NoError(t, err)
	require.Equal(t, `public.orders|"My Schema"."it's ""odd"" $x"|`, string(out))
}
