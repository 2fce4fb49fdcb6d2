package pgserver

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Options shape a new cluster.
type Options struct {
	SharedBuffers string            // default 256MB
	Settings      map[string]string // further server settings, which win over ours
}

// settings returns all settings of a cluster. It forgets everything in a power
// cut, for speed, but synchronous_commit stays on: what a session sees of
// others' commits must be what it would see on a real server.
func (o Options) settings() map[string]string {
	settings := map[string]string{
		"fsync":                     "off",
		"full_page_writes":          "off",
		"log_line_prefix":           "%m [%p] %a ",
		"log_min_messages":          "warning",
		"logging_collector":         "off",
		"max_connections":           "200",
		"max_prepared_transactions": "20",
		"max_replication_slots":     "20",
		"max_wal_senders":           "20",
		"shared_buffers":            cmp.Or(o.SharedBuffers, "256MB"),
		"wal_level":                 "logical",
	}
	maps.Copy(settings, o.Settings)
	return settings
}

// initdb creates the cluster. Only our own user gets at the unix socket; over
// TCP anybody on this machine could, so there a password is asked for:
// a superuser may run programs as the server's user.
func (s *Server) initdb(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, initTimeout)
	defer cancel()

	secret := filepath.Join(s.dir, "password")
	if err := os.WriteFile(secret, []byte(s.password+"\n"), 0o600); err != nil {
		return fmt.Errorf("creating cluster: %w", err)
	}
	defer func() { _ = os.Remove(secret) }() // at the latest it goes with the directory
	if err := s.account.own(secret); err != nil {
		return fmt.Errorf("creating cluster: %w", err)
	}
	cmd := s.command(ctx, "initdb", "--pgdata", s.DataDir(), "--username", superuser,
		"--pwfile", secret, "--auth-local", "trust", "--auth-host", "password",
		"--encoding", "UTF8", "--no-locale", "--no-sync")
	if out, err := cmd.CombinedOutput(); err != nil {
		return &StartError{Err: fmt.Errorf("creating cluster: %w", err), Log: tail(out)}
	}
	return nil
}

// configure writes the settings to the cluster's own configuration file, where
// ALTER SYSTEM can still override them.
func (s *Server) configure(opts Options) (err error) {
	file, err := os.OpenFile(filepath.Join(s.DataDir(), "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("configuring cluster: %w", err)
	}
	defer func() {
		if closeErr := file.Close(); err == nil {
			err = closeErr
		}
	}()
	settings := opts.settings()
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		value := strings.ReplaceAll(settings[name], "'", "''")
		if _, err := fmt.Fprintf(file, "%s = '%s'\n", name, value); err != nil {
			return fmt.Errorf("configuring cluster: %w", err)
		}
	}
	return nil
}
