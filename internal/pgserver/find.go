package pgserver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
)

// MinVersion is the oldest major version of PostgreSQL that repave works with.
const MinVersion = 14

// EnvBin is the environment variable that names the directory of the server
// binaries to use before all others.
const EnvBin = "REPAVE_PG_BIN"

// An Install is one set of PostgreSQL server binaries.
type Install struct {
	BinDir  string // holds postgres, initdb and pg_ctl
	Version int    // major version
}

// Program returns the path of one of the binaries, which may not exist.
func (i Install) Program(name string) string { return filepath.Join(i.BinDir, name) }

// FindOptions narrow down what Find looks for.
type FindOptions struct {
	BinDir string // use these binaries and no others; default $REPAVE_PG_BIN
}

// Find returns the PostgreSQL binaries to use: those of opts or
// $REPAVE_PG_BIN, else those in PATH, else the newest in the places where
// distributions put them. The error is a *NotFoundError if there are none.
func Find(ctx context.Context, opts FindOptions) (Install, error) {
	if dir := cmp.Or(opts.BinDir, os.Getenv(EnvBin)); dir != "" {
		install, err := inspect(ctx, dir)
		if err != nil {
			return Install{}, &NotFoundError{Err: err}
		}
		return install, nil
	}
	var errs []error
	if path, err := exec.LookPath("postgres"); err == nil {
		// Debian's PATH has no postgres; what is there is often a link.
		if resolved, err := filepath.EvalSymlinks(path); err == nil {
			path = resolved
		}
		install, err := inspect(ctx, filepath.Dir(path))
		if err == nil {
			return install, nil
		}
		errs = append(errs, err)
	}
	installs, err := packaged(ctx)
	if len(installs) == 0 {
		return Install{}, &NotFoundError{Err: errors.Join(append(errs, err)...)}
	}
	return slices.MaxFunc(installs, func(a, b Install) int { return cmp.Compare(a.Version, b.Version) }), nil
}

// packaged returns the working servers in the places where distributions put
// them, and what was wrong with the others.
func packaged(ctx context.Context) ([]Install, error) {
	var installs []Install
	var errs []error
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin"} {
		dirs, err := filepath.Glob(pattern)
		if err != nil {
			return nil, err
		}
		for _, dir := range dirs {
			install, err := inspect(ctx, dir)
			if err != nil {
				errs = append(errs, err)
				continue
			}
			installs = append(installs, install)
		}
	}
	return installs, errors.Join(errs...)
}

var versionPattern = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// inspect checks that dir holds a complete server that is new enough.
func inspect(ctx context.Context, dir string) (Install, error) {
	for _, name := range []string{"postgres", "initdb", "pg_ctl"} {
		if _, err := exec.LookPath(filepath.Join(dir, name)); err != nil {
			return Install{}, fmt.Errorf("looking for a server in %s: %w", dir, err)
		}
	}
	out, err := exec.CommandContext(ctx, filepath.Join(dir, "postgres"), "--version").Output()
	if err != nil {
		return Install{}, fmt.Errorf("asking %s for its version: %w", dir, err)
	}
	found := versionPattern.FindSubmatch(out)
	if found == nil {
		return Install{}, fmt.Errorf("asking %s for its version: it says %q", dir, out)
	}
	version, err := strconv.Atoi(string(found[1]))
	if err != nil {
		return Install{}, fmt.Errorf("asking %s for its version: %w", dir, err)
	}
	if version < MinVersion {
		return Install{}, fmt.Errorf("%s holds PostgreSQL %d, which is older than %d", dir, version, MinVersion)
	}
	return Install{BinDir: dir, Version: version}, nil
}

// A NotFoundError says that there are no PostgreSQL server binaries.
type NotFoundError struct {
	Err error // why the places that were looked at did not do; may be nil
}

func (e *NotFoundError) Error() string {
	if e.Err == nil {
		return "no PostgreSQL server binaries found"
	}
	return fmt.Sprintf("no PostgreSQL server binaries found: %v", e.Err)
}

func (e *NotFoundError) Unwrap() error { return e.Err }

// Hint says how to get them.
func (e *NotFoundError) Hint() string {
	return "install a PostgreSQL server (on Debian and Ubuntu: apt-get install postgresql), " +
		"or set " + EnvBin + " to the directory that holds postgres, initdb and pg_ctl"
}
