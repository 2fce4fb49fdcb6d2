package pgserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Standby returns a streaming standby of s, on a port of its own, or on the
// given one if that is not 0. It takes s down for a moment, to copy its data as
// they are: pg_basebackup need not be installed. It returns when the standby
// accepts connections, which is before it streams.
func (s *Server) Standby(ctx context.Context, port int) (*Server, error) {
	base, err := baseDir(s.account)
	if err != nil {
		return nil, err
	}
	standby := &Server{install: s.install, account: s.account, password: s.password, port: port}
	if err := standby.follow(ctx, base, s); err != nil {
		cleanup, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTimeout)
		defer cancel()
		return nil, errors.Join(fmt.Errorf("making a standby: %w", err), standby.Stop(cleanup))
	}
	return standby, nil
}

// follow copies the primary's data and starts on them.
func (s *Server) follow(ctx context.Context, base string, primary *Server) (err error) {
	if s.port == 0 {
		if s.port, err = freePort(); err != nil {
			return err
		}
	}
	if s.dir, s.lock, err = makeDir(base, s.account); err != nil {
		return err
	}
	if err := primary.Halt(ctx); err != nil {
		return err
	}
	out, err := exec.CommandContext(ctx, "cp", "-Rp", primary.DataDir(), s.DataDir()).CombinedOutput()
	if err != nil {
		err = fmt.Errorf("copying %s: %w: %s", primary.DataDir(), err, out)
	}
	if err := errors.Join(err, primary.Restart(ctx)); err != nil {
		return err
	}
	conninfo := fmt.Sprintf("primary_conninfo = 'host=''%s'' port=%d user=%s application_name=standby'\n",
		primary.dir, primary.port, superuser)
	for name, text := range map[string]string{"standby.signal": "", "postgresql.auto.conf": conninfo} {
		path := filepath.Join(s.DataDir(), name)
		if err := errors.Join(os.WriteFile(path, []byte(text), 0o600), s.account.own(path)); err != nil {
			return err
		}
	}
	return s.start(ctx)
}
