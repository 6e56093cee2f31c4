package policy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/pelletier/go-toml/v2"
	"go.yaml.in/yaml/v3"
)

// declaredGenerator makes files of capabilities and permissions as plain Go values, which each format
// can be written from.
type declaredGenerator struct{ *rand.Rand }

func pick[T any](g declaredGenerator, all ...T) T { return all[g.IntN(len(all))] }

func several[T any](g declaredGenerator, most int, one func() T) []T {
	all := []T{}
	for range g.IntN(most + 1) {
		all = append(all, one())
	}
	return all
}

func (g declaredGenerator) entry() any {
	switch g.IntN(4) {
	case 0:
		return pick(g, "$HOME/*", "/tmp/**", "/tmp/[a-c]?", "/etc/passwd", "no", "1_000")
	case 1:
		return map[string]any{"path": pick(g, "$HOME/**", "/tmp/*"), "mode": pick[any](g, "r", "on", int64(1), true)}
	case 2:
		return map[string]any{"mode": pick[any](g, "r", "w", "é\t\"\\\n", int64(9007199254740993), false, []any{"r", int64(2)})}
	}
	return map[string]any{"deep": map[string]any{"yes": pick[any](g, "~", "0x1f", int64(3)), "null": []any{map[string]any{"x": "2027-01-31"}}}}
}

func (g declaredGenerator) scope(into map[string]any) {
	if g.IntN(2) == 0 {
		into["allow"] = several(g, 3, g.entry)
	}
	if g.IntN(3) == 0 {
		into["deny"] = several(g, 2, g.entry)
	}
}

func (g declaredGenerator) command() string {
	return pick(g, "fs.read", "fs.write", "app.on", "app.no")
}

func (g declaredGenerator) permissionID() any {
	id := pick(g, "one", "two", "three", "all", "allow-fs.read", "fs:allow-write", "allow-app.on", "allow-app.no", "deny-app.no")
	if g.IntN(3) > 0 || strings.HasPrefix(id, "deny-") {
		return id
	}
	entry := map[string]any{"identifier": id}
	g.scope(entry)
	return entry
}

func (g declaredGenerator) capability(i int) any {
	c := map[string]any{"identifier": fmt.Sprintf("c-%d", i), "permissions": several(g, 5, g.permissionID)}
	c[pick(g, "windows", "webviews")] = several(g, 2, func() string { return pick(g, "main", "*", "m?in", "other", "on") })
	if g.IntN(3) == 0 {
		c["description"] = pick(g, "yes", "no", "", "two\nlines", "# none", "'\"")
	}
	if g.IntN(4) == 0 {
		c["platforms"] = several(g, 2, func() string { return pick(g, "linux", "macOS", "windows") })
	}
	if g.IntN(4) == 0 {
		c["local"] = g.IntN(3) > 0
	}
	if g.IntN(4) == 0 {
		c["remote"] = map[string]any{"urls": []string{"https://example.com"}}
	}
	if g.IntN(4) == 0 {
		c["expires"] = pick(g, "2026-01-01T00:00:00Z", "2027-01-01T00:00:00+01:00")
	}
	return c
}

func (g declaredGenerator) permissions() any {
	var all []any
	for _, name := range []string{"one", "two", "three"} {
		p := map[string]any{"identifier": name}
		if g.IntN(4) > 0 {
			p["commands"] = map[string]any{"allow": append(several(g, 2, g.command), g.command())}
		}
		scope := map[string]any{}
		if g.scope(scope); len(scope) > 0 {
			p["scope"] = scope
		}
		if g.IntN(4) == 0 {
			p["platforms"] = []string{pick(g, "linux", "windows")}
		}
		all = append(all, p)
	}
	return map[string]any{"permission": all, "set": []any{map[string]any{"identifier": "all", "permissions": []string{"one", "three"}}}}
}

func (g declaredGenerator) args() string {
	members := map[string]any{}
	for name, value := range map[string]any{
		"path": pick[any](g, "/home/u/a", "/tmp/b", "/tmp/b/c", "/tmp/../etc", "/etc/passwd", 5),
		"mode": pick[any](g, "r", "on", 1, true, "w", "é\t\"\\\n", json.Number("9007199254740993"), []any{"r", 2}),
		"deep": map[string]any{"yes": pick[any](g, "~", 3), "null": []any{map[string]any{"x": "2027-01-31"}}},
	} {
		if g.IntN(3) > 0 {
			members[name] = value
		}
	}
	text, _ := json.Marshal(members)
	return string(text)
}

func TestFormatsDecideEqually(t *testing.T) {
	formats := map[string]func(any) ([]byte, error){"json": json.Marshal, "yaml": yaml.Marshal, "toml": toml.Marshal}
	seed := uint64(time.Now().UnixNano())
	g := declaredGenerator{rand.New(rand.NewPCG(seed, 2))}
	counts := map[string]int{}
	for end := time.Now().Add(3 * time.Second); time.Now().Before(end); {
		folders := map[string]fstest.MapFS{"json": {}, "yaml": {}, "toml": {}}
		var texts []string
		write := func(name string, value any) {
			for format, marshal := range formats {
				text, err := marshal(value)
				if err != nil {
					t.Fatal(err)
				}
				texts = append(texts, string(text))
				folders[format][name+"."+format] = &fstest.MapFile{Data: text}
			}
		}
		write("permissions/p", g.permissions())
		for i := range 1 + g.IntN(3) {
			write(fmt.Sprintf("c%d", i), g.capability(i))
		}
		policies := map[string]*Policy{}
		for format, fsys := range folders {
			var err error
			if policies[format], err = Load(fsys, testConfig()); err != nil {
				t.Fatalf("seed %d: %s: %v\n%s", seed, format, err, strings.Join(texts, "\n"))
			}
		}
		for range 20 {
			args := g.args()
			in := call(t, g.command(), args)
			in.Window, in.Local = pick(g, "main", "main", "other"), g.IntN(4) > 0
			if !in.Local {
				in.Origin = "https://example.com"
			}
			answers := map[string]string{}
			for format, p := range policies {
				d, err := p.Decide(context.Background(), in)
				var rules []string
				for _, r := range d.Rules {
					rules = append(rules, r.Kind+" of "+r.Capability)
				}
				slices.Sort(rules) // their lines differ from format to format
				answers[format] = fmt.Sprintf("%v %v %v %s %s %v", d.Effect, slices.Compact(rules), d.Scope.Set, d.Scope.Allow, d.Scope.Deny, err)
				counts[d.Effect.String()]++
				if p.Distrusted() {
					t.Fatalf("seed %d: %s: prepared and full evaluation differ\n%s", seed, format, strings.Join(texts, "\n"))
				}
				if d.Scope.Set {
					counts["scope"]++
				}
			}
			if answers["json"] != answers["yaml"] || answers["json"] != answers["toml"] {
				t.Fatalf("seed %d: %s %s:\n%v\n%s", seed, in.Command, args, answers, strings.Join(texts, "\n"))
			}
		}
	}
	t.Log(counts)
	if counts["allow"] == 0 || counts["deny"] == 0 || counts["scope"] == 0 {
		t.Errorf("the generator missed a kind of decision: %v", counts)
	}
}

// Whatever the bytes: an error that names file and line, or a policy that loads again as the same
// and answers.
func FuzzDeclared(f *testing.F) {
	extensions := []string{"json", "yaml", "toml"}
	for i, seed := range []struct{ capability, permissions string }{
		{`{"identifier":"a","windows":["main"],"permissions":["p",{"identifier":"allow-a.b","allow":["/x",{"k":1}],"deny":[]}]}`, `{"permission":[{"identifier":"p","commands":{"allow":["a.b"]},"scope":{"deny":["/y"]}}]}`},
		{"identifier: a\nwindows: [main]\npermissions: [p, 'ns:allow-x']\n", "set:\n- identifier: p\n  permissions: [allow-a.b]\n"},
		{"identifier='a'\nwindows=['main']\npermissions=['p']\n", "[[permission]]\nidentifier='p'\ncommands.deny=['a.b']\n[default]\npermissions=['p']\n"},
	} {
		f.Add(uint8(i), []byte(seed.capability), []byte(seed.permissions))
	}
	f.Fuzz(func(t *testing.T, format uint8, capability, permissions []byte) {
		ext := "." + extensions[int(format)%len(extensions)]
		fsys := fstest.MapFS{"a" + ext: {Data: capability}, "permissions/p" + ext: {Data: permissions}}
		p, err := Load(fsys, testConfig())
		if err != nil {
			if e, ok := errors.AsType[*FileError](err); !ok || fsys[e.File] == nil || e.Line < 1 || e.Line > 1+strings.Count(string(fsys[e.File].Data), "\n") {
				t.Errorf("%v", err)
			}
			return
		}
		again, err := p.Reload(fsys)
		if err != nil || again.Revision() != p.Revision() || !slices.Equal(again.units, p.units) {
			t.Errorf("loaded again: %v", err)
		}
		for _, command := range append(p.Commands(), "a.b") {
			for _, args := range []string{`{}`, `{"path":"/x","url":"https://x.y/","k":1}`, `5`} {
				if _, err := p.Decide(context.Background(), call(t, command, args)); err != nil {
					t.Errorf("%s %s: %v", command, args, err)
				}
			}
		}
	})
}
