package policy

import (
	"encoding/json"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/sallyport/sallyport/policy/internal/document"
)

func compileSchema(t *testing.T, name string, text []byte) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat = true
	if err := c.AddResource(name, strings.NewReader(string(text))); err != nil {
		t.Fatal(err)
	}
	return c.MustCompile(name)
}

// damage changes one thing somewhere in a value.
func (g declaredGenerator) damage(v any) any {
	if g.IntN(4) == 0 {
		return pick[any](g, nil, true, 5, 0, -1, "", "x", "a b", "Main", "macos", "core:x", "default", "allow-a.b", "a:allow-b_c", "1:allow-b_c",
			"x--y", "-x", "x:", "tauri-plugin-fs", "deny-", "allow-a..b", []any{}, []any{""}, map[string]any{}, map[string]any{"x": 1}, "2027-01-01")
	}
	switch v := v.(type) {
	case map[string]any:
		names := slices.Sorted(maps.Keys(v))
		if len(names) == 0 {
			return map[string]any{"identifier": "x"}
		}
		name := names[g.IntN(len(names))]
		switch g.IntN(8) {
		case 0:
			delete(v, name)
		case 1:
			v[pick(g, "x", "Identifier", "scope", "deny", "description", "version", "commands", "$schema", "capabilities", "platforms")] = v[name]
		default:
			v[name] = g.damage(v[name])
		}
	case []any:
		if len(v) > 0 {
			i := g.IntN(len(v))
			v[i] = g.damage(v[i])
		}
	}
	return v
}

// Editors tell by the schemas what Load will refuse. What files say of one another, URLs and patterns are
// beyond them.
func TestTheSchemasTakeWhatTheDecodersTake(t *testing.T) {
	schemas := map[string]*jsonschema.Schema{
		"capability": compileSchema(t, "capability.schema.json", CapabilitySchema()),
		"permission": compileSchema(t, "permission.schema.json", PermissionSchema()),
	}
	decode := map[string]func(*document.Node) error{
		"capability": func(n *document.Node) error { _, err := decoder{"a.json"}.capabilities(n); return err },
		"permission": func(n *document.Node) error {
			return (&permissionReader{decoder: decoder{"permissions/p.json"}}).read(n)
		},
	}
	seed := uint64(time.Now().UnixNano())
	g := declaredGenerator{rand.New(rand.NewPCG(seed, 3))}
	counts := map[string]int{}
	for end := time.Now().Add(2 * time.Second); time.Now().Before(end); {
		for kind, made := range map[string]any{"capability": g.capability(1), "permission": g.permissions()} {
			if kind == "capability" && g.IntN(4) == 0 {
				made = pick[any](g, []any{made}, map[string]any{"capabilities": []any{made}})
			}
			text, _ := json.Marshal(made)
			for range g.IntN(3) {
				var v any
				_ = json.Unmarshal(text, &v)
				text, _ = json.Marshal(g.damage(v))
			}
			n, err := document.Parse("a.json", text)
			if err != nil {
				t.Fatal(err)
			}
			var v any
			_ = json.Unmarshal(text, &v)
			err = decode[kind](n)
			if err != nil && (strings.Contains(err.Error(), "remote.urls") || strings.Contains(err.Error(), "commands.deny alone")) {
				continue
			}
			counts[kind+map[bool]string{true: " taken", false: " refused"}[err == nil]]++
			if fault := schemas[kind].Validate(v); (fault == nil) != (err == nil) {
				t.Fatalf("seed %d: %s\nthe decoder says %v\nthe schema says %v", seed, text, err, fault)
			}
		}
	}
	t.Log(counts)
	if len(counts) != 4 {
		t.Errorf("the generator missed a case: %v", counts)
	}
}
