package checks

import (
	"go/ast"
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
	for _, target := range []string{"./isolation FuzzOpen", "./isolation FuzzHello", "./isolation FuzzResume", "./isolation FuzzHost", "./isolation FuzzItems", "./schema Fuzz", "./fuzz Fuzz", "./audits Fuzz", "./internal/manifest Fuzz"} {
		if !slices.ContainsFunc(want, func(line string) bool { return strings.HasPrefix(line, target) }) {
			t.Errorf("there is no fuzz target %s", target)
		}
	}
}
