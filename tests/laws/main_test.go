package laws_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/internal/db"
	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

// commandTimeout ends a command that hangs.
const commandTimeout = time.Minute

func TestMain(m *testing.M) {
	code := pgtest.Main(m)
	if built.dir != "" {
		_ = os.RemoveAll(built.dir)
	}
	os.Exit(code)
}

// newEnv opens an Env on a database, with its registry made.
func newEnv(t *testing.T, dsn string) *stages.Env {
	t.Helper()
	cfg, err := db.Config(dsn, "repave test")
	require.NoError(t, err)
	operator, err := db.Probe(t.Context(), cfg)
	require.NoError(t, err)
	pool, err := db.Open(t.Context(), cfg, 8, operator.Conversions())
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	reg := registry.New("repave")
	conn, err := pool.Acquire(t.Context())
	require.NoError(t, err)
	require.NoError(t, reg.Migrate(t.Context(), conn.Conn()))
	conn.Release()
	env := &stages.Env{
		Source: pool, Target: pool, Registry: reg, Logger: slog.New(slog.NewTextHandler(t.Output(), nil)),
		Report: func(stages.Event) {}, Options: stages.Defaults(), Stats: &stages.Stats{},
		Operator: stages.Operator{SearchPath: operator.SearchPath, Conversions: operator.Conversions(), Version: "test"},
	}
	env.Options.SnapshotWait = time.Minute
	env.Options.MaxActive = 0 // tests of the pace set it
	return env
}

// request asks for a change of one table of schema public.
func request(t *testing.T, conn *pgx.Conn, table string, change func(*registry.Spec)) stages.Request {
	t.Helper()
	return requestOf(t, conn, sqltmpl.Table{Schema: "public", Name: sqltmpl.Ident(table)}, change)
}

func requestOf(t *testing.T, conn *pgx.Conn, name sqltmpl.Table, change func(*registry.Spec)) stages.Request {
	t.Helper()
	spec := registry.Spec{Strategy: "changelog", Tables: registry.TablesOf(shadow.Change{}, name)}
	if change != nil {
		change(&spec)
	}
	var oid uint32
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT $1::text::regclass::oid", name.String()).Scan(&oid))
	return stages.Request{Spec: spec, OIDs: []uint32{oid}}
}

func bigint(s *registry.Spec) { s.Tables[0].Change.PKBigint = true }

// runTo runs a job up to a stage.
func runTo(t *testing.T, env *stages.Env, req stages.Request, until stages.Name) registry.Job {
	t.Helper()
	job, err := stages.Run(t.Context(), env, req, until)
	require.NoError(t, err, "until %s", until)
	return job
}

// standby is where a job's other table is now.
func standby(job registry.Job) string {
	name := "shadow"
	if job.Swapped {
		name = "old"
	}
	return fmt.Sprintf("repave.repave_%d_1_%s", job.ID, name)
}

// requireNoTraces requires that nothing is left of any job.
func requireNoTraces(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	require.Empty(t, pgtest.Rows(t, conn, `SELECT relname FROM pg_class WHERE relname ~ '^repave_[0-9]' AND relpersistence <> 't'
		UNION ALL SELECT proname FROM pg_proc WHERE proname ~ '^repave_[0-9]'
		UNION ALL SELECT tgname FROM pg_trigger WHERE tgname ~ '^repave_[0-9]'
		UNION ALL SELECT conname FROM pg_constraint WHERE conname ~ '^repave_[0-9]'
			AND connamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname LIKE 'pg\_temp\_%')
		UNION ALL SELECT typname FROM pg_type WHERE typname ~ '^_?repave_[0-9]' AND typnamespace NOT IN
			(SELECT oid FROM pg_namespace WHERE nspname LIKE 'pg\_%')
		UNION ALL SELECT 'job ' || job_id FROM repave.job
		UNION ALL SELECT 'artifact ' || name FROM repave.artifact
		UNION ALL SELECT 'batch' FROM repave.batch`))
}

// sqlState is the SQLSTATE of an error, "" if the server did not send it.
func sqlState(err error) string {
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pgErr.Code
	}
	return ""
}

// awaitTrue waits until a query returns true.
func awaitTrue(t *testing.T, conn *pgx.Conn, what, sql string, args ...any) {
	t.Helper()
	require.Eventually(t, func() bool {
		var ok bool
		err := conn.QueryRow(t.Context(), sql, append([]any{pgx.QueryExecModeDescribeExec}, args...)...).Scan(&ok)
		return err == nil && ok
	}, 20*time.Second, 2*time.Millisecond, what)
}

// newRand returns random numbers that REPAVE_SEED replays.
func newRand(t *testing.T) (*rand.Rand, uint64) {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("REPAVE_SEED"); text != "" {
		var err error
		seed, err = strconv.ParseUint(text, 10, 64)
		require.NoError(t, err)
	}
	t.Logf("REPAVE_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 0)), seed
}

// gate keeps the heavy tests from running all at once.
var gate = make(chan struct{}, 3)

func takeTurn(t *testing.T) {
	t.Helper()
	gate <- struct{}{}
	t.Cleanup(func() { <-gate })
}

// built is the program, built once.
var built struct {
	once sync.Once
	dir  string
	path string
	err  error
}

// program builds repave.
func program(t *testing.T) string {
	t.Helper()
	built.once.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "repave-laws-"); built.err != nil {
			return
		}
		built.path = filepath.Join(built.dir, "repave")
		cmd := exec.Command("go", "build", "-buildvcs=false", "-o", built.path, "github.com/repave-pg/repave/cmd/repave")
		if out, err := cmd.CombinedOutput(); err != nil {
			built.err = fmt.Errorf("%w: %s", err, out)
		}
	})
	require.NoError(t, built.err)
	return built.path
}

// command prepares a run of the program against dsn, without any settings of
// the environment's.
func command(ctx context.Context, t *testing.T, dsn string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(ctx, program(t), args...)
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "PG") && !strings.HasPrefix(v, "REPAVE_") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env, "REPAVE_DSN="+dsn)
	return cmd
}

// repave runs the program to its end.
func repave(t *testing.T, dsn string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), commandTimeout)
	defer cancel()
	cmd := command(ctx, t, dsn, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	require.NoError(t, ctx.Err(), "repave %s hangs:\n%s", strings.Join(args, " "), &errs)
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		err = nil
		code = cmp.Or(exit.ExitCode(), 1)
	}
	require.NoError(t, err)
	return out.String(), errs.String(), code
}

// mustRepave runs the program and requires that it succeeds.
func mustRepave(t *testing.T, dsn string, args ...string) {
	t.Helper()
	_, stderr, code := repave(t, dsn, args...)
	require.Zero(t, code, "repave %s:\n%s", strings.Join(args, " "), stderr)
}

// lines are log lines to look into.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

func (l *lines) contain(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.text.String(), text)
}
