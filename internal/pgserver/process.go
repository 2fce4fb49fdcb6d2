package pgserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// How long a server may take to stop: politely, at once, and when killed.
const (
	fastTimeout      = 30 * time.Second
	immediateTimeout = 10 * time.Second
	killTimeout      = 10 * time.Second
)

// A process is a child that is waited for.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed once it has ended and err is set
	err  error
}

// startProcess starts cmd. It stays on one OS thread as long as the child
// lives, because the kernel takes the end of the thread that forked for the
// death of the parent.
func startProcess(cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd, done: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			p.err = cmd.Wait()
		}
		close(p.done)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// alive reports whether the process has not ended.
func (p *process) alive() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// signal sends sig and waits for the process to end.
func (p *process) signal(ctx context.Context, sig os.Signal, timeout time.Duration) error {
	if err := p.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// command returns a command that runs one of the binaries as the server's user.
func (s *Server) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, s.install.Program(name), args...)
	cmd.Dir = s.dir // ours may be closed to the server's user
	cmd.SysProcAttr = attributes(s.account)
	cmd.Cancel = func() error { return killGroup(cmd.Process) }
	cmd.WaitDelay = cleanupTimeout
	// Nothing of our caller's environment may change what the server does.
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.dir, "LC_ALL=C", "TZ=UTC"}
	return cmd
}

// start runs the server and waits until it accepts connections.
func (s *Server) start(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()

	log, err := os.OpenFile(s.LogPath(), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("starting PostgreSQL: %w", err)
	}
	defer func() { _ = log.Close() }() // the server has its own handle

	// The server outlives ctx: the end of a start must not kill it.
	cmd := s.command(context.WithoutCancel(ctx), "postgres", "-D", s.DataDir(), "-p", strconv.Itoa(s.port),
		"-k", s.dir, "-c", "listen_addresses=127.0.0.1")
	cmd.Stdout, cmd.Stderr = log, log
	proc, err := startProcess(cmd)
	if err != nil {
		return fmt.Errorf("starting PostgreSQL: %w", err)
	}
	s.mu.Lock()
	s.proc = proc
	s.mu.Unlock()
	if err := s.waitReady(ctx, proc); err != nil {
		return &StartError{Err: fmt.Errorf("starting PostgreSQL: %w", err), Log: tailFile(s.LogPath())}
	}
	return nil
}

// waitReady returns when the server accepts connections. It asks through the
// unix socket, because whoever answers there is certainly this server; and a
// server that could not bind its TCP port does not come up at all.
func (s *Server) waitReady(ctx context.Context, proc *process) error {
	dsn := fmt.Sprintf("host='%s' port=%d user=%s dbname=postgres sslmode=disable connect_timeout=5", s.dir, s.port, superuser)
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	var last error
	for {
		select {
		case <-proc.done:
			return fmt.Errorf("the server ended: %w", proc.err)
		case <-ctx.Done():
			return errors.Join(ctx.Err(), last)
		case <-ticker.C:
		}
		conn, err := pgx.Connect(ctx, dsn)
		if err == nil {
			return conn.Close(ctx)
		}
		last = err
	}
}

// running reports whether the server's process lives.
func (s *Server) running() bool {
	proc := s.current()
	return proc != nil && proc.alive()
}

func (s *Server) current() *process {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.proc
}

// Halt shuts the server down and keeps its data for Restart. Sessions are
// ended, not waited for. If that takes too long, or ctx is cancelled, the
// server is stopped the hard way.
func (s *Server) Halt(ctx context.Context) error {
	if !s.running() {
		return nil
	}
	proc := s.current()
	if err := proc.signal(ctx, syscall.SIGINT, fastTimeout); err == nil {
		return nil
	}
	if err := proc.signal(context.WithoutCancel(ctx), syscall.SIGQUIT, immediateTimeout); err == nil {
		return nil
	}
	return s.Kill()
}

// Kill ends the server as a crash would: the postmaster and all its children
// get SIGKILL and none of them can clean up. It returns when they are gone.
func (s *Server) Kill() error {
	if !s.running() {
		return nil
	}
	proc := s.current()
	if err := killTree(proc); err != nil {
		return fmt.Errorf("killing PostgreSQL: %w", err)
	}
	return nil
}
