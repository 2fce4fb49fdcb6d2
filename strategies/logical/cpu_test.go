package logical_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// ticksPerSecond is what /proc counts in, on every Linux.
const ticksPerSecond = 100

// cpu is how many CPU seconds the children of a process have used, those that have ended included; 0 where there is no /proc.
func cpu(tb testing.TB, parent int) float64 {
	tb.Helper()
	ticks := func(stat []string, fields ...int) (sum int64) {
		for _, f := range fields {
			n, err := strconv.ParseInt(stat[f-3], 10, 64) // what follows the name is the third field
			require.NoError(tb, err)
			sum += n
		}
		return sum
	}
	paths, err := filepath.Glob("/proc/[0-9]*/stat")
	require.NoError(tb, err)
	var sum int64
	for _, path := range paths {
		text, err := os.ReadFile(path) //nolint:gosec // it is one of /proc
		if err != nil {
			continue // it has ended
		}
		_, rest, _ := strings.Cut(string(text), ") ")
		stat := strings.Fields(rest)
		switch {
		case path == fmt.Sprintf("/proc/%d/stat", parent):
			sum += ticks(stat, 16, 17)
		case ticks(stat, 4) == int64(parent):
			sum += ticks(stat, 14, 15)
		}
	}
	return float64(sum) / ticksPerSecond
}

// ownCPU is how many CPU seconds this process has used.
func ownCPU(tb testing.TB) float64 {
	tb.Helper()
	var usage syscall.Rusage
	require.NoError(tb, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
}
