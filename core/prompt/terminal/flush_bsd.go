//go:build unix && !linux && !aix && !solaris && !illumos

package terminal

import "golang.org/x/sys/unix"

// flush drops what was typed and not read.
func flush(fd int) error {
	const read = 1 // FREAD
	return unix.IoctlSetPointerInt(fd, unix.TIOCFLUSH, read)
}
