package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/stages"
)

func TestParseBytes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{
		"0": 0, "1000": 1000, "8kB": 8 << 10, "500MB": 500 << 20, "1.5 GB": 3 << 29, "2tb": 2 << 40, " 7 bytes ": 7,
	} {
		got, ok := parseBytes(text)
		require.True(t, ok, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "GB", "-1GB", "ten", "1XB", "NaN", "Inf", "1e300GB", "1 G B"} {
		_, ok := parseBytes(text)
		require.False(t, ok, text)
	}
}

func TestParseActive(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{"auto": stages.AutoActive, "0": 0, "12": 12} {
		got, ok := parseActive(text)
		require.True(t, ok, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "-1", "many", "1.5"} {
		_, ok := parseActive(text)
		require.False(t, ok, text)
	}
}

func TestOddPacesAreUsageErrors(t *testing.T) {
	for _, args := range [][]string{{"--max-slot-wal", "lots"}, {"--max-active", "some"}, {"--max-active", "-2"}} {
		got := repave(t, append([]string{"run", "orders"}, args...)...)
		require.Equal(t, exitUsage, got.code, got.stderr)
		require.Contains(t, got.stderr, "error: "+args[0])
	}
}
