package pgserver_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/internal/pgserver"
)

// envOwner makes this test binary a process that starts a server and waits.
const envOwner = "REPAVE_TEST_OWNER"

func TestMain(m *testing.M) {
	if os.Getenv(envOwner) != "" {
		os.Exit(own())
	}
	os.Exit(m.Run())
}

func own() int {
	ctx := context.Background()
	install, err := pgserver.Find(ctx, pgserver.FindOptions{})
	if err != nil {
		return 1
	}
	server, err := pgserver.Start(ctx, install, pgserver.Options{SharedBuffers: "16MB"})
	if err != nil {
		return 1
	}
	fmt.Fprintln(os.Stdout, server.PID(), server.Dir())
	_, _ = io.Copy(io.Discard, os.Stdin)
	return 0
}

func TestServerDiesWithItsOwnerAndIsSweptAfterwards(t *testing.T) {
	t.Parallel()

	owner := exec.CommandContext(t.Context(), os.Args[0])
	owner.Env = append(os.Environ(), envOwner+"=1")
	stdin, err := owner.StdinPipe()
	require.NoError(t, err)
	defer func() { _ = stdin.Close() }()
	stdout, err := owner.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, owner.Start())
	var pid int
	var dir string
	_, err = fmt.Fscan(stdout, &pid, &dir)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	require.NoError(t, owner.Process.Kill())
	require.Error(t, owner.Wait())

	require.Eventually(t, func() bool { return !serverRuns(pid, dir) }, 20*time.Second, 20*time.Millisecond)

	// Sweeping leaves young directories alone; make this one old.
	require.DirExists(t, dir)
	old := time.Now().Add(-time.Hour)
	require.NoError(t, os.Chtimes(filepath.Join(dir, "lock"), old, old))
	start(t, pgserver.Options{})
	require.NoDirExists(t, dir)
}

func serverRuns(pid int, dir string) bool {
	args, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	return err == nil && strings.Contains(string(args), dir)
}
