package browser

import (
	"fmt"
	"math"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// prepare gives the browser a process group of its own and has the kernel
// kill it should this program die without a chance to.
func prepare(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// closeOnExec marks what this program inherited itself: Go opens everything
// close-on-exec, but a descriptor from our parent (a lock, a socket) would
// live on in an orphaned browser.
func closeOnExec() error {
	err := unix.CloseRange(3, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC)
	if err == unix.ENOSYS || err == unix.EINVAL { // before Linux 5.11
		return nil
	}
	if err != nil {
		return fmt.Errorf("failed to mark descriptors close-on-exec: %w", err)
	}
	return nil
}
