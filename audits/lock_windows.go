package audits

import (
	"os"

	"golang.org/x/sys/windows"
)

// lock takes the file for this process until it is closed, without waiting.
// Locks are mandatory here, so it takes one byte far behind the end and leaves
// the lines to readers.
func lock(f *os.File) error {
	const farOffset = 1 << 30
	return windows.LockFileEx(windows.Handle(f.Fd()),
		windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY,
		0, 1, 0, &windows.Overlapped{OffsetHigh: farOffset})
}
