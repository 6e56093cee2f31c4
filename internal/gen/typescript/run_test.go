package typescript

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/evanw/esbuild/pkg/api"
)

// Each function calls the command of its name, and a name that every object or
// function has is no exception.
func TestCommandsCallWhatTheyAreNamedFor(t *testing.T) {
	node := nodeOr(t, nil)
	const calls = `
import { commands } from "./client.ts";
const own = Object.getPrototypeOf(commands.odd) === Object.prototype && Object.hasOwn(commands.odd, "__proto__");
console.log(JSON.stringify([
  commands.notes(), commands.notes.list(), commands.notes.list({ limit: 1 }, { timeout: 5 }), commands.notes.save({ path: "a" }),
  commands.notes.import(), commands["odd-name"](), commands.odd["__proto__"].constructor({ a: 1 }), commands.odd.name(),
  commands.odd.name.name(), commands.odd.name.length(), own,
]));`
	dir := t.TempDir()
	for name, text := range map[string]string{
		"client.ts": readFileText(t, "testdata", "rich", "client.ts"), "calls.js": calls,
		"api.js": `export const invoke = (...args) => args;`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	built := api.Build(api.BuildOptions{
		EntryPoints: []string{filepath.Join(dir, "calls.js")}, Bundle: true, Format: api.FormatESModule,
		Alias: map[string]string{"@sallyport/api": filepath.Join(dir, "api.js")},
	})
	if len(built.Errors)+len(built.Warnings) > 0 {
		t.Fatal(built.Errors, built.Warnings)
	}
	c := exec.CommandContext(t.Context(), node, "--input-type=module", "-")
	c.Stdin = strings.NewReader(string(built.OutputFiles[0].Contents))
	out, err := c.CombinedOutput()
	want := `[["notes",null,null],["notes.list",{},null],["notes.list",{"limit":1},{"timeout":5}],["notes.save",{"path":"a"},null],` +
		`["notes.import",{},null],["odd-name",null,null],["odd.__proto__.constructor",{"a":1},null],["odd.name",{},null],` +
		`["odd.name.name",null,null],["odd.name.length",null,null],true]`
	if got := strings.TrimSpace(string(out)); err != nil || got != want {
		t.Errorf("%v: %s, want %s", err, got, want)
	}
}
