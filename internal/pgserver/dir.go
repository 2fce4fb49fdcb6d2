package pgserver

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// dirPrefix begins the names of our directories, lockName is the file in each
// that is locked as long as its owner lives.
const (
	dirPrefix = "repave-pg-"
	lockName  = "lock"
)

// baseDir returns the directory to make servers' directories in: one for
// temporary files that the account can get into.
func baseDir(a *account) (string, error) {
	for _, dir := range []string{os.TempDir(), "/tmp", "/var/tmp"} {
		if a == nil || passable(dir) {
			return dir, nil
		}
	}
	return "", fmt.Errorf("no directory for temporary files is open to user %s", a.name)
}

// passable reports whether everybody can reach what is in dir.
func passable(dir string) bool {
	for {
		info, err := os.Stat(dir)
		if err != nil || !info.IsDir() || info.Mode()&0o001 == 0 {
			return false
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return true
		}
		dir = parent
	}
}

// makeDir creates a directory that belongs to the account and a locked file
// in it.
func makeDir(base string, a *account) (dir string, lock *os.File, err error) {
	dir, err = os.MkdirTemp(base, dirPrefix)
	if err != nil {
		return "", nil, fmt.Errorf("making a directory for the server: %w", err)
	}
	lock, err = lockFile(filepath.Join(dir, lockName))
	err = errors.Join(err, a.own(dir))
	if err != nil {
		return dir, lock, fmt.Errorf("making a directory for the server: %w", err)
	}
	return dir, lock, nil
}
