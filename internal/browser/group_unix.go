//go:build unix

package browser

import (
	"os/exec"
	"syscall"
)

// interrupt asks the whole group to end.
func interrupt(cmd *exec.Cmd) { syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }

// kill ends the whole group. The group's number stays taken while a member
// lives, and with no member the call does nothing.
func kill(cmd *exec.Cmd) { syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
