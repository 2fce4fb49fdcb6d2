//go:build pooler

// Package pooler tests the README's example of a cutover behind PgBouncer: an application
// that goes through the pooler notices nothing but a pause.
package pooler_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/internal/pgserver"
	"github.com/repave-pg/repave/tests/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

const ini = `[databases]
shop = host=127.0.0.1 port=%d dbname=postgres user=app password=app
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
auth_type = any
admin_users = postgres
pool_mode = transaction
default_pool_size = 4
`

// bouncer runs PgBouncer in front of a server and returns its port and configuration file.
func bouncer(t *testing.T, server *pgserver.Server) (port int, path string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	port = listener.Addr().(*net.TCPAddr).Port
	require.NoError(t, listener.Close())
	dir, err := os.MkdirTemp("", "repave-pooler-")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	require.NoError(t, os.Chmod(dir, 0o755))
	path = filepath.Join(dir, "pgbouncer.ini")
	require.NoError(t, os.WriteFile(path, fmt.Appendf(nil, ini, server.Port(), port), 0o644))
	cmd := exec.Command("pgbouncer", path)
	if os.Getuid() == 0 { // as which it refuses to run
		nobody, err := user.Lookup("nobody")
		require.NoError(t, err)
		uid, err := strconv.ParseUint(nobody.Uid, 10, 32)
		require.NoError(t, err)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
	}
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	require.Eventually(t, func() bool {
		conn, err := pgx.Connect(t.Context(), shop(port))
		return err == nil && conn.Close(t.Context()) == nil
	}, 10*time.Second, 20*time.Millisecond)
	return port, path
}

func shop(port int) string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/shop?default_query_exec_mode=exec", port)
}

// TestLaw1ACutoverBehindAPooler: no statement of an application fails, and none is lost.
func TestLaw1ACutoverBehindAPooler(t *testing.T) {
	source, target := pgtest.Server(t), pgtest.TargetServerWith(t, pgserver.Options{})
	const role = `CREATE ROLE app LOGIN PASSWORD 'app'`
	there := pgtest.Connect(t, target.DSN("postgres"), role)
	conn := pgtest.Connect(t, source.DSN("postgres"), role, `CREATE TABLE orders (id bigserial PRIMARY KEY, worker int NOT NULL, n int NOT NULL)`,
		`GRANT INSERT ON orders TO app`, `GRANT USAGE ON SEQUENCE orders_id_seq TO app`)
	port, path := bouncer(t, source)

	ctx, stop := context.WithCancel(t.Context())
	var group sync.WaitGroup
	var wrote atomic.Int64
	failed := make(chan error, 8)
	for worker := range 4 {
		app, err := pgx.Connect(ctx, shop(port))
		require.NoError(t, err)
		group.Go(func() {
			defer app.Close(context.WithoutCancel(ctx))
			for n := 0; ctx.Err() == nil; n++ {
				if _, err := app.Exec(context.WithoutCancel(ctx), `INSERT INTO orders (worker, n) VALUES ($1, $2)`, worker, n); err != nil {
					failed <- err
					return
				}
				wrote.Add(1)
			}
		})
	}
	more := func() {
		t.Helper()
		want := wrote.Load() + 200
		require.Eventually(t, func() bool { return wrote.Load() >= want || len(failed) > 0 }, 20*time.Second, 5*time.Millisecond)
	}
	more()
	admin := fmt.Sprintf("psql -X -h 127.0.0.1 -p %d -U postgres pgbouncer", port)
	run(t, source, target, "run", "--strategy=logical", "orders", "--until", "verify")
	run(t, source, target, "swap", "orders",
		"--on-fence", admin+` -c "PAUSE shop"`,
		"--on-open", fmt.Sprintf(`sed -i s/port=%d/port=%d/ %s && %s -c RELOAD -c "RESUME shop"`, source.Port(), target.Port(), path, admin))
	more()
	stop()
	group.Wait()
	close(failed)
	for err := range failed {
		t.Error(err)
	}
	require.EqualValues(t, wrote.Load(), pgtest.Count(t, there, `SELECT count(*) FROM orders`))
	require.Greater(t, pgtest.Count(t, there, `SELECT count(*) FROM orders`), pgtest.Count(t, conn, `SELECT count(*) FROM orders`))
	run(t, source, target, "cleanup", "--yes", "orders")
}

// run runs repave.
func run(t *testing.T, source, target *pgserver.Server, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", append([]string{"run", "-buildvcs=false", "github.com/repave-pg/repave/cmd/repave"}, args...)...)
	cmd.Env = append(os.Environ(), "REPAVE_SOURCE="+source.DSN("postgres"), "REPAVE_TARGET="+target.DSN("postgres"))
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if exit := new(exec.ExitError); errors.As(err, &exit) {
		t.Fatalf("repave %v: %s", args, &out)
	}
	require.NoError(t, err)
	t.Logf("repave %v\n%s", args, &out)
}
