// Package pgserver runs throw-away PostgreSQL servers: a fresh cluster in a
// temporary directory, reachable from this machine only, that dies with the
// process that started it and leaves nothing behind once it is stopped.
package pgserver

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

// superuser is the role that owns the cluster.
const superuser = "postgres"

const (
	// initTimeout bounds initdb, startTimeout one start including crash recovery.
	initTimeout  = 2 * time.Minute
	startTimeout = 2 * time.Minute
	// cleanupTimeout bounds the cleanup after a start that went wrong.
	cleanupTimeout = 30 * time.Second
)

// A Server is one running (or halted, or killed) throw-away cluster. Its
// methods may be called from several goroutines.
type Server struct {
	install  Install
	account  *account // whom the server runs as; nil: as we do
	dir      string
	password string
	lock     *os.File // tells sweep that dir is in use
	port     int

	mu   sync.Mutex
	proc *process // nil before the first start
}

// Start makes a new cluster and starts it. It returns when the server accepts
// connections; ctx bounds only the start, not the life of the server. If it
// returns an error it has left neither process nor directory behind. Started
// as root, the server runs as the unprivileged user postgres, or else nobody.
func Start(ctx context.Context, install Install, opts Options) (*Server, error) {
	account, err := unprivileged()
	if err != nil {
		return nil, err
	}
	base, err := baseDir(account)
	if err != nil {
		return nil, err
	}
	sweep(base)
	s := &Server{install: install, account: account, password: rand.Text()}
	if err := s.create(ctx, base, opts); err != nil {
		cleanup, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTimeout)
		defer cancel()
		return nil, errors.Join(err, s.Stop(cleanup))
	}
	return s, nil
}

// create makes the directory and the cluster in it, and starts the server on a
// port that nobody else has.
func (s *Server) create(ctx context.Context, base string, opts Options) error {
	var err error
	if s.dir, s.lock, err = makeDir(base, s.account); err != nil {
		return err
	}
	if err := s.initdb(ctx); err != nil {
		return err
	}
	if err := s.configure(opts); err != nil {
		return err
	}
	const attempts = 5
	for attempt := 1; ; attempt++ {
		if s.port, err = freePort(); err != nil {
			return err
		}
		err = s.start(ctx)
		// Between our look at the port and the server's bind somebody else
		// may have taken it.
		if err == nil || attempt == attempts || !portTaken(s.port) {
			return err
		}
	}
}

// Restart starts the server again after Halt or Kill, on the same data and the
// same port. It returns when crash recovery is over.
func (s *Server) Restart(ctx context.Context) error {
	if s.running() {
		return errors.New("restarting PostgreSQL: it is still running")
	}
	// Killed, the server leaves its lock files behind. It is dead for certain,
	// but by now its process number may belong to somebody else.
	stale := []string{
		filepath.Join(s.DataDir(), "postmaster.pid"),
		filepath.Join(s.dir, fmt.Sprintf(".s.PGSQL.%d.lock", s.port)),
	}
	for _, path := range stale {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("restarting PostgreSQL: %w", err)
		}
	}
	return s.start(ctx)
}

// Stop shuts the server down and removes its directory. It may run twice, and
// after Kill.
func (s *Server) Stop(ctx context.Context) error {
	err := s.Halt(ctx)
	if s.dir != "" {
		err = errors.Join(err, os.RemoveAll(s.dir))
	}
	if s.lock != nil {
		_ = s.lock.Close() // closed already the second time
	}
	return err
}

// DSN returns the connection string for one database, for pgx and psql alike.
func (s *Server) DSN(database string) string {
	dsn := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(superuser, s.password),
		Host:     net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)),
		Path:     "/" + database,
		RawQuery: "sslmode=disable",
	}
	return dsn.String()
}

// Install returns the binaries that the server runs from.
func (s *Server) Install() Install { return s.install }

// Port returns the TCP port on 127.0.0.1, which is the unix socket's as well.
func (s *Server) Port() int { return s.port }

// Dir returns the directory that holds everything of this server, and its unix
// socket.
func (s *Server) Dir() string { return s.dir }

// DataDir returns the cluster's data directory.
func (s *Server) DataDir() string { return filepath.Join(s.dir, "data") }

// LogPath returns the server's log file.
func (s *Server) LogPath() string { return filepath.Join(s.dir, "postgres.log") }

// PID returns the number of the postmaster process, the last one's if it is
// not running.
func (s *Server) PID() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.proc == nil {
		return 0
	}
	return s.proc.pid()
}
