//go:build !linux && !darwin

package browser

import "os/exec"

func prepare(*exec.Cmd) {}

func closeOnExec() error { return nil }
