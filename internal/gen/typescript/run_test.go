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
import { commands, events } from "./client.ts";
const own = Object.getPrototypeOf(commands.odd) === Object.prototype && Object.hasOwn(commands.odd, "__proto__");
console.log(JSON.stringify([
  commands.notes(), commands.notes.list(), commands.notes.list({ limit: 1 }, { timeout: 5 }), commands.notes.save({ path: "a" }),
  commands.notes.import.stream({}, { timeout: 5 }), commands.notes.watch.stream(), commands.notes.watch.stream2(), commands["odd-name"](), commands.odd["__proto__"].constructor({ a: 1 }), commands.odd.name(),
  commands.odd.name.name(), commands.odd.name.length(), own,
  events.notes.changed.listen(1, 2), events.notes.changed.once(3), events.notes.changed.emit(4), events.notes.changed.emitTo("main", 5),
  events.odd.emit.emit(), events.odd.emit2(), events.odd.emitTo("main"),
]));`
	dir := t.TempDir()
	for name, text := range map[string]string{
		"client.ts": readFileText(t, "testdata", "rich", "client.ts"), "calls.js": calls,
		"api.js": `const f = (name) => (...args) => [name, ...args];
export const [invoke, stream, emit, emitTo, listen, once] = ["invoke", "stream", "emit", "emitTo", "listen", "once"].map(f);`,
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
	want := `[["invoke","notes",null,null],["invoke","notes.list",{},null],["invoke","notes.list",{"limit":1},{"timeout":5}],` +
		`["invoke","notes.save",{"path":"a"},null],["stream","notes.import",{},{"timeout":5,"channel":"both"}],["invoke","notes.watch.stream",null,null],` +
		`["stream","notes.watch",{},{"channel":"items"}],["invoke","odd-name",null,null],["invoke","odd.__proto__.constructor",{"a":1},null],` +
		`["invoke","odd.name",{},null],["invoke","odd.name.name",null,null],["invoke","odd.name.length",null,null],true,` +
		`["listen","notes.changed",1,2],["once","notes.changed",3,null],["emit","notes.changed",4],["emitTo","main","notes.changed",5],` +
		`["emit","odd.emit",null],["emit","odd",{}],["emitTo","main","odd",{}]]`
	if got := strings.TrimSpace(string(out)); err != nil || got != want {
		t.Errorf("%v: %s, want %s", err, got, want)
	}
}
