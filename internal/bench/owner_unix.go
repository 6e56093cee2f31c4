//go:build unix

package bench

import (
	"os"
	"syscall"
)

// owner is the id of the user that a file belongs to.
func owner(name string) int {
	info, err := os.Stat(name)
	if err != nil {
		return unknownOwner
	}
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(s.Uid)
	}
	return unknownOwner
}
