package pgserver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// attributes returns how a server process is started: as the given user, in a
// process group of its own (so that Ctrl-C in a terminal reaches only us), and
// with an immediate shutdown if we die.
func attributes(a *account) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGQUIT}
	if a != nil {
		attr.Credential = &syscall.Credential{Uid: a.uid, Gid: a.gid}
	}
	return attr
}

// killGroup kills initdb with the servers that it runs.
func killGroup(leader *os.Process) error {
	return syscall.Kill(-leader.Pid, syscall.SIGKILL)
}

// killTree kills p and its children. Backends make themselves leaders of their
// own process groups, so they are looked up by their parent; the postmaster
// stands still meanwhile, or it would fork more.
func killTree(p *process) error {
	if err := syscall.Kill(p.pid(), syscall.SIGSTOP); err != nil {
		return err
	}
	pids, err := children(p.pid())
	if err := syscall.Kill(p.pid(), syscall.SIGKILL); err != nil {
		return err
	}
	for _, pid := range pids {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
	}
	if err != nil {
		return err
	}
	return waitGone(p, pids)
}

// waitGone returns when p and the processes pids have ended. As long as one
// lives it holds the shared memory, and a new server would refuse to start.
func waitGone(p *process, pids []int) error {
	ctx, cancel := context.WithTimeout(context.Background(), killTimeout)
	defer cancel()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for {
		gone := !p.alive()
		for _, pid := range pids {
			_, state, err := stat(pid)
			gone = gone && (err != nil || state == 'Z')
		}
		if gone {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for processes %v to end: %w", pids, ctx.Err())
		case <-ticker.C:
		}
	}
}

// children returns the processes whose parent is pid.
func children(pid int) ([]int, error) {
	paths, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil, err
	}
	var found []int
	for _, path := range paths {
		child, err := strconv.Atoi(filepath.Base(path))
		if err != nil {
			continue
		}
		// An error means that the process has ended in the meantime.
		if parent, _, err := stat(child); err == nil && parent == pid {
			found = append(found, child)
		}
	}
	return found, nil
}

// stat returns the parent and the state of a process.
func stat(pid int) (parent int, state byte, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, 0, err
	}
	// The second field is a program name in parentheses that may hold anything.
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) < 2 {
		return 0, 0, fmt.Errorf("cannot read %q", text)
	}
	parent, err = strconv.Atoi(string(fields[1]))
	return parent, fields[0][0], err
}
