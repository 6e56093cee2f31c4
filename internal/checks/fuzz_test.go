package checks

import (
	"go/ast"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// scripts/fuzz is what runs the targets. Its list is compared with what the
// parser finds, because a target that it misses is never run and never fails.
func TestEveryFuzzTargetIsRun(t *testing.T) {
	var want []string
	for file, f := range parsed(t) {
		if !isTest(file) {
			continue
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && strings.HasPrefix(fn.Name.Name, "Fuzz") {
				want = append(want, "./"+path.Dir(file)+" "+fn.Name.Name)
			}
		}
	}
	slices.Sort(want)

	script := filepath.Join(root, "scripts", "fuzz")
	out, err := exec.CommandContext(t.Context(), "bash", script, "--list").Output()
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Split(strings.TrimSpace(string(out)), "\n")
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("scripts/fuzz runs\n%s\nand the tree has\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	// What reads what strangers send has targets of its own, the envelope and
	// the handshake by name.
	for _, target := range []string{"./isolation FuzzOpen", "./isolation FuzzHello", "./isolation FuzzResume", "./isolation FuzzHost", "./isolation FuzzItems", "./schema Fuzz", "./fuzz Fuzz", "./audits Fuzz", "./internal/manifest Fuzz", "./policy FuzzClosures", "./policy FuzzURLMatches", "./policy FuzzDeclared"} {
		if !slices.ContainsFunc(want, func(line string) bool { return strings.HasPrefix(line, target) }) {
			t.Errorf("there is no fuzz target %s", target)
		}
	}
}

// Go before 1.27 may fail a run that found nothing (go.dev/issue/75804). That
// is taken again, as is one that came no further than to what earlier ones
// found, and not for ever: an input found, or one that hangs every time, is a
// failure. The go command here is a script that answers what the real one was
// seen to print.
func TestAFuzzRunIsTakenAgainOnlyForGosOwnMistake(t *testing.T) {
	const (
		fuzzed   = `echo 'fuzz: elapsed: 3s, execs: 55087 (18359/sec)'; `
		baseline = `echo 'fuzz: elapsed: 3s, gathering baseline coverage: 355/512 completed'`
		byGo     = `printf -- '--- FAIL: FuzzX (3.08s)\n    context deadline exceeded\nFAIL\n'; exit 1`
	)
	for _, test := range []struct {
		name, goCommand string
		ok              bool
	}{
		{"nothing found", fuzzed, true},
		{"ended by Go once", fuzzed + `if [ ! -e "$0.again" ]; then : >"$0.again"; ` + byGo + `; fi`, true},
		{"ended by Go each time", fuzzed + byGo, false},
		{"not fuzzed", `echo ok`, false},
		{"busy with what earlier runs found once", `if [ ! -e "$0.again" ]; then : >"$0.again"; ` + baseline + `; else ` + fuzzed + `fi`, true},
		{"busy with it each time", baseline, false},
		{"an input found", fuzzed + `if [ ! -e "$0.again" ]; then : >"$0.again"; ` +
			`printf -- '--- FAIL: FuzzX (1s)\n    --- FAIL: FuzzX/1 (0s)\n        x_test.go:3: context deadline exceeded\n    \n    Failing input written to testdata/fuzz/FuzzX/1\n'; exit 1; fi`, false},
		{"an input found that says the same", fuzzed + `if [ ! -e "$0.again" ]; then : >"$0.again"; ` +
			`printf -- '--- FAIL: FuzzX (1s)\n    context deadline exceeded\n    Failing input written to testdata/fuzz/FuzzX/1\n'; exit 1; fi`, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			bin := t.TempDir()
			if err := os.WriteFile(filepath.Join(bin, "go"), []byte("#!/bin/sh\n"+test.goCommand+"\n"), 0o700); err != nil {
				t.Fatal(err)
			}
			script := exec.CommandContext(t.Context(), "bash", filepath.Join(root, "scripts", "fuzz"))
			script.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
			if out, err := script.CombinedOutput(); (err == nil) != test.ok {
				t.Errorf("scripts/fuzz succeeded: %v, want %v; it printed\n%s", err == nil, test.ok, out)
			}
		})
	}
}
