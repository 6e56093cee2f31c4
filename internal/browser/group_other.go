//go:build !unix

package browser

import "os/exec"

// interrupt kills: there is no gentler way that a browser without a window
// would notice. Its helpers end with it.
func interrupt(cmd *exec.Cmd) { cmd.Process.Kill() }

func kill(cmd *exec.Cmd) { cmd.Process.Kill() }
