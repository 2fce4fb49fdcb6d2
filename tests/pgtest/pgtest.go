// Package pgtest gives tests real PostgreSQL servers: a database of its own for
// every test, connections and queries without ceremony, snapshots of the
// catalog to compare, and a proxy that loses connections when told to.
//
// One server serves all tests of a test binary. It is the first of these that
// there is: the one at $REPAVE_TEST_DSN; one from the binaries in
// $REPAVE_PG_BIN; one in docker, if a daemon answers; one from the binaries
// that are installed. Every package with tests on a server has
//
//	func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"
)

// stopTimeout bounds the stopping of servers and the dropping of databases.
const stopTimeout = time.Minute

// Main runs the tests and then stops the servers that they shared. It returns
// the exit code.
func Main(m *testing.M) int {
	code := m.Run()
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	if err := errors.Join(shared.stop(ctx), target.stop(ctx)); err != nil {
		fmt.Fprintln(os.Stderr, "stopping the test server:", err)
		return max(code, 1)
	}
	return code
}
