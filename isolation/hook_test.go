package isolation

import (
	"strings"
	"testing"
)

func TestABrokenHookIsNamedByFileAndLine(t *testing.T) {
	for _, tt := range []struct{ name, source, want string }{
		{"an empty hook", " \n", "needs a hook"},
		{"a syntax error", "sallyport.onCall((call) => call);\nlet x = ;", "hook.js:2:"},
		{"an unclosed brace", "sallyport.onCall((call) => {\n", "hook.js:2:"},
		{"an import", "// a\nimport x from 'y';\nsallyport.onCall((call) => call)", "hook.js:2: import"},
		{"an export", "sallyport.onCall((call) => call)\nexport default 1", "hook.js:2: import and export"},
		{"an end of script in a string", "sallyport.onCall((call) => call)\n\nlet s = '</SCRIPT>'", "hook.js:3: \"</script\""},
		{"an HTML comment", "let s = '<!--'; sallyport.onCall((call) => call)", "hook.js:1: \"<!--\""},
		{"a zero byte", "sallyport.onCall((call) => call)\nlet s = '\x00'", "hook.js:2: a zero byte"},
		{"a file in Latin-1", "// one\n// two\n// M\xe4rz\nsallyport.onCall((call) => call)", "hook.js:3: not UTF-8"},
		{"half a character at the end", "sallyport.onCall((call) => call)\n// \xe2\x82", "hook.js:2: not UTF-8"},
		{"no call of onCall", "let x = 1", "never calls sallyport.onCall"},
	} {
		err := checkHook("hook.js", []byte(tt.source))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want an error with %q", tt.name, err, tt.want)
		}
	}
	for name, source := range map[string]string{
		"an arrow function":            "sallyport.onCall((call) => call)",
		"today's syntax":               "class A { #x = 1; static { this.y ??= 2 } }\nsallyport.onCall(async (call) => { for await (const x of []) {} return call })",
		"letters outside ASCII":        "\ufeff// März, \ufffd\nsallyport.onCall((call) => call)",
		"the word import in a comment": "// import nothing\nsallyport.onCall((call) => call)",
	} {
		if err := checkHook("hook.js", []byte(source)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
