//go:build !linux

package pgserver

import (
	"os"
	"syscall"
)

func attributes(*account) *syscall.SysProcAttr { return nil }

func killGroup(leader *os.Process) error { return leader.Kill() }

// killTree kills p. Its children notice by themselves that they have lost
// their postmaster.
func killTree(p *process) error {
	if err := p.cmd.Process.Kill(); err != nil {
		return err
	}
	<-p.done
	return nil
}
