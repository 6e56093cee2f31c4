package main

import (
	"errors"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"sallyport": func() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
	})
}

// The scripts of testdata are what a user types and what they then see.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
		Setup: func(e *testscript.Env) error {
			// Scripts run the go command on modules of their own. They may use
			// this machine's build cache, and no network.
			program, err := exec.LookPath("sallyport")
			if err != nil {
				return err
			}
			e.Setenv("SALLYPORT", program) // for scripts that empty PATH
			e.Setenv("GOCACHE", goEnv(t, "GOCACHE"))
			e.Setenv("GOPROXY", "off")
			e.Setenv("GOFLAGS", "-mod=mod")
			e.Setenv("GOTOOLCHAIN", "local")
			e.Setenv("CGO_ENABLED", "0")
			return nil
		},
	})
}

// exits runs a program that must end with an exit code: exits 3 sallyport policy explain .
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM [ARGUMENT...]")
	}
	var failed *exec.ExitError
	got := 0
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &failed) {
		got = failed.ExitCode()
	} else if err != nil {
		ts.Fatalf("%s: %v", args[1], err)
	}
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("%s ended with %d, want %s", args[1], got, args[0])
	}
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	value, err := commandOutput(t.Context(), "go", "env", name)
	if err != nil {
		t.Fatal(err)
	}
	return value
}
