package schema

import (
	"strings"
	"testing"
)

// Documents that two readers could take for different things are refused by the first of them.
func TestAmbiguousDocumentsAreRefused(t *testing.T) {
	tests := []struct{ name, text, problem string }{
		{"a duplicate key", `{"path":"/ok","path":"/etc/shadow"}`, sameName},
		{"a duplicate key with the same value", `{"path":"/ok","path":"/ok"}`, sameName},
		{"a duplicate key behind an object", `{"path":"/ok","n":{"path":1},"path":"/etc/shadow"}`, sameName},
		{"a duplicate key by an escape", `{"path":"/ok","\u0070ath":"/etc/shadow"}`, sameName},
		{"a duplicate key by another spelling of an escape", `{"\u00E9":1,"\u00e9":2}`, sameName},
		{"a duplicate key by a pair of surrogates", `{"😀":1,"\ud83d\ude00":2}`, sameName},
		{"a duplicate key far from its value", `{"path"` + strings.Repeat(" ", 300) + `:1,"path":2}`, sameName},
		{"a duplicate key among many", strings.TrimSuffix(wide(4000), "}") + `,"` + string(rune(0x4e00)) + `":2}`, sameName},
		{"a duplicate __proto__ by an escape", `{"__proto__":1,"__proto\u005f_":2}`, sameName},

		{"an overlong number", `{"n":` + strings.Repeat("9", 129) + `}`, tooLong},
		{"an overlong fraction", `{"n":0.` + strings.Repeat("9", 127) + `}`, tooLong},
		{"an overlong row of zeros", `{"n":1e` + strings.Repeat("0", 127) + `}`, tooLong},
		{"a number that no reader can hold", `{"n":1e401}`, tooHigh},

		{"a lone surrogate", `{"path":"/ok\ud800"}`, badEscape},
		{"a lone low surrogate", `{"path":"/ok\udfff"}`, badEscape},
		{"two high surrogates", `{"path":"/ok\ud800\ud800"}`, badEscape},
		{"a surrogate and another escape", `{"path":"/ok\ud800\n"}`, badEscape},
		{"a surrogate and digits behind another escape", `{"path":"/ok\ud83d\nde00"}`, badEscape},
		{"a surrogate and a letter", `{"path":"/ok\ud800A"}`, badEscape},
		{"a lone surrogate in a name", `{"path\ud800":1,"path\ud801":2}`, badEscape},
		{"a surrogate as UTF-8", "{\"path\":\"/ok\xed\xa0\x80\"}", badUTF8},
		{"a pair of surrogates as UTF-8", "{\"path\":\"/ok\xed\xa0\xbd\xed\xb8\x80\"}", badUTF8},

		{"a byte order mark", "\xef\xbb\xbf" + `{"path":"/ok"}`, badMark},
		{"a byte order mark behind white space", " \xef\xbb\xbf" + `{"path":"/ok"}`, badSyntax},
		{"a byte order mark inside", "{\xef\xbb\xbf" + `"path":"/ok"}`, badSyntax},
		{"the byte order mark of UTF-16", "\xfe\xff\x00{\x00}", badSyntax},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v, err := Parse([]byte(test.text), Limits{})
			if err == nil {
				t.Fatalf("accepted as %s", v.AppendJSON(nil))
			}
			if got := err.(*SyntaxError).Problem; got != test.problem {
				t.Errorf("got %q, want %q", got, test.problem)
			}
		})
	}
}

// What looks like the member path and isn't it is another member to all who read the value:
// the schema, the policy, which asks for fields, and the handler's Go value.
func TestNamesMeanTheSameToAll(t *testing.T) {
	tests := []struct{ name, text, path string }{
		{"a case variant behind it", `{"path":"/ok","PATH":"/etc/shadow"}`, "/ok"},
		{"a case variant before it", `{"Path":"/etc/shadow","path":"/ok"}`, "/ok"},
		{"a case variant alone", `{"PATH":"/ok"}`, ""},
		{"a letter that folds to another", `{"path":"/ok","pa\u0074\u210e":"/etc/shadow"}`, "/ok"},
		{"__proto__ behind it", `{"path":"/ok","__proto__":{"path":"/etc/shadow"}}`, "/ok"},
		{"__proto__ alone", `{"__proto__":{"path":"/ok"}}`, ""},
		{"__proto__ by an escape", `{"\u005f_proto__":{"path":"/ok"}}`, ""},
		{"constructor", `{"constructor":{"prototype":{"path":"/ok"}}}`, ""},
		{"a zero byte in the name", `{"path\u0000":"/ok"}`, ""},
		{"white space in the name", `{" path":"/ok","path ":"/ok"}`, ""},
		{"a byte order mark in the name", `{"\ufeffpath":"/ok"}`, ""},
		{"the name in escapes", `{"\u0070\u0061th":"\/ok"}`, "/ok"},
	}
	present := mustCompile(t, "a.input.json", `{"required":["path"],"properties":{"path":{"const":"/ok"}}}`)
	closed := mustCompile(t, "a.input.json", `{"properties":{"path":{}},"additionalProperties":false}`)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v := mustParse(t, test.text)
			if ok := present.ValidateInput("a", v) == nil; ok != (test.path != "") {
				t.Errorf("the schema finds path: %t", ok)
			}
			field, ok := v.Field("path")
			if ok != (test.path != "") || ok && field.Text() != test.path {
				t.Errorf("the policy finds path: %t", ok)
			}
			only := v.Len() == 1 && ok
			if err := closed.ValidateInput("a", v); (err == nil) != only {
				t.Errorf("the schema takes it for path alone: %v", err)
			}
			var args struct {
				Path string `json:"path"`
			}
			if err := Decode(v, &args); (err == nil) != only || only && args.Path != test.path {
				t.Errorf("the struct got %q, %v", args.Path, err)
			}
			var all map[string]any
			if err := Decode(v, &all); err != nil || len(all) != v.Len() || (all["path"] != nil) != ok || ok && all["path"] != test.path {
				t.Errorf("the map got %v, %v", all, err)
			}
		})
	}
}
