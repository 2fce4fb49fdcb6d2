package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

const secret = "s3cr3t-geheim"

// TestLaw7NoPasswordIsPrinted tries DSNs that can't be read, can't be reached,
// or stand where none belongs.
func TestLaw7NoPasswordIsPrinted(t *testing.T) {
	dsns := []string{
		"postgres://u:" + secret + "@127.0.0.1:1/db",
		"postgres://u:" + secret + "@[::/db",
		"postgres://u:" + secret + "@127.0.0.1:notaport/db",
		"postgres://u:" + secret + "@127.0.0.1:1/db?sslmode=nonsense",
		"postgres://u:%zz" + secret + "@127.0.0.1:1/db",
		"postgres://127.0.0.1:1/db?user=u&password=" + secret,
		"host=127.0.0.1 port=1 user=u password=" + secret,
		"host=127.0.0.1 port=x user=u password='" + secret + "'",
		"host=127.0.0.1 port=1 password='" + secret,
		"password = " + secret,
	}
	for _, dsn := range dsns {
		for _, args := range [][]string{
			{"status", "--dsn", dsn},
			{"--dsn", dsn, "run", "orders"},
			{"--dsn=" + dsn, "plan", "orders", "--log-level", "debug"},
			{"run", dsn},
			{dsn},
			{"run", "--json", dsn},
			{"run", "orders", "--dns", dsn},
			{"run", "orders", "--dns=" + dsn},
			{"init", "--dsn", dsn, "--help"},
		} {
			got := repave(t, args...)
			require.NotContains(t, got.stdout+got.stderr, secret, "%q", args)
		}
		t.Setenv("REPAVE_DSN", dsn)
		got := repave(t, "status")
		require.NotEqual(t, exitOK, got.code)
		require.NotContains(t, got.stdout+got.stderr, secret, "%q", dsn)
		require.NotContains(t, got.stderr, "warning:", "the environment is not seen in ps")
		require.NotContains(t, repave(t, "--help").stdout, secret)
	}
}

func TestPasswordOnTheCommandLineIsWarnedOf(t *testing.T) {
	got := repave(t, "status", "--dsn", "postgres://u:"+secret+"@127.0.0.1:1/db")
	require.Contains(t, got.stderr, "REPAVE_DSN")
	require.Contains(t, got.stderr, "PGPASSWORD")
	got = repave(t, "status", "--dsn", "postgres://u@127.0.0.1:1/db")
	require.NotContains(t, got.stderr, "warning:")
}
