package isolation

import (
	"strings"
	"testing"
)

func TestABrokenHookIsNamedByFileAndLine(t *testing.T) {
	for _, tt := range []struct{ name, source, want string }{
		{"an empty hook", " \n", "hook.js: the hook is empty"},
		{"a syntax error", "sallyport.onCall((call) => call);\nlet x = ;", "hook.js:2:"},
		{"an unclosed brace", "sallyport.onCall((call) => {\n", "hook.js:2:"},
		{"an import", "// a\nimport x from 'y';\nsallyport.onCall((call) => call)", "hook.js:2: import"},
		{"an export", "sallyport.onCall((call) => call)\nexport default 1", "hook.js:2: import and export"},
		{"an import for its effects", "sallyport.onCall((call) => call)\nimport 'y'", "hook.js:2: import and export"},
		{"a minified import", "sallyport.onCall((call) => call);import{a as b}from'y'", "hook.js:1: import and export"},
		{"an empty export", "// x\nsallyport.onCall((call) => call)\nexport {}", "hook.js:3: import and export"},
		{"import.meta", "sallyport.onCall((call) => call)\n\nlet here = import.meta.url", "hook.js:3:12: import.meta"},
		{"await outside of a function", "sallyport.onCall((call) => call)\n  await 1", "hook.js:2:3: await outside of an async function"},
		{"await in a function that is not async", "sallyport.onCall((call) => {\nawait call })", "hook.js:2:1: "},
		{"for await outside of a function", "sallyport.onCall((call) => call)\nfor await (const x of []);", "hook.js:2:5: await outside"},
		{"return outside of a function", "sallyport.onCall((call) => call)\nreturn", "hook.js:2:1: Top-level return"},
		{"break outside of a loop", "sallyport.onCall((call) => call)\nbreak", "hook.js:2:1: "},
		{"with, in strict code", "sallyport.onCall((call) => { with (call) return args })", "hook.js:1:30: With statements"},
		{"an octal number, in strict code", "sallyport.onCall((call) => call)\nlet mode = 0755", "hook.js:2:12: Legacy octal"},
		{"an octal escape, in strict code", "sallyport.onCall((call) => call)\nlet s = '\\01'", "hook.js:2:10: Legacy octal"},
		{"delete of a name, in strict code", "sallyport.onCall((call) => { delete call; return call })", "hook.js:1:37: Delete"},
		{"an assignment to what is no place", "sallyport.onCall((call) => call)\n1 = 2", "hook.js:2:1: Invalid assignment"},
		{"two of a name", "let a\nlet a\nsallyport.onCall((call) => call)", "hook.js:2:5: "},
		{"an unknown private name", "sallyport.onCall((call) => call.#args)", "hook.js:1:33: Private name"},
		{"a reserved word for a name", "sallyport.onCall((call) => { let static = 1; return call })", "hook.js:1:34: "},
		{"a flag that regular expressions don't have", "const key = /PRIVATE/q\nsallyport.onCall((call) => call)", "hook.js:1:22: "},
		{"an end of script in a string", "sallyport.onCall((call) => call)\n\nlet s = '</SCRIPT>'", "hook.js:3: \"</script\""},
		{"a beginning of script in a string", "sallyport.onCall((call) => call)\nlet s = '<ScRiPt'", "hook.js:2: \"<script\""},
		{"an HTML comment", "let s = '<!--'; sallyport.onCall((call) => call)", "hook.js:1: \"<!--\""},
		{"a zero byte", "sallyport.onCall((call) => call)\nlet s = '\x00'", "hook.js:2: a zero byte"},
		{"a file in Latin-1", "// one\n// two\n// M\xe4rz\nsallyport.onCall((call) => call)", "hook.js:3: not UTF-8"},
		{"half a character at the end", "sallyport.onCall((call) => call)\n// \xe2\x82", "hook.js:2: not UTF-8"},
		{"a call in a comment alone", "// sallyport.onCall: todo\nlet x = 1 /* sallyport.onCall(f) */", "never calls sallyport.onCall"},
		{"one in a comment that tools keep", "/*! @license sallyport.onCall */ f(/* sallyport.onCall */ 1, /* @__PURE__ onCall */ g())", "never calls sallyport.onCall"},
		{"no call of onCall", "let x = 1", "never calls sallyport.onCall"},
	} {
		err := checkHook("hook.js", []byte(tt.source))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want an error with %q", tt.name, err, tt.want)
		}
	}
	for name, source := range map[string]string{
		"an arrow function":             "sallyport.onCall((call) => call)",
		"today's syntax":                "class A { #x = 1; static { this.y ??= 2 } }\nsallyport.onCall(async (call) => { for await (const x of []) {} return call })",
		"letters outside ASCII":         "\ufeff// März, \ufffd\nsallyport.onCall((call) => call)",
		"a regular expression":          "const key = /-----BEGIN [A-Z ]*PRIVATE KEY-----/u\nsallyport.onCall((call) => call)",
		"a bundle of some format":       "if (typeof module !== 'undefined') module.exports = {}\nsallyport.onCall((call) => call)",
		"a dynamic import":              "sallyport.onCall((call) => { if (false) import('x'); return call })",
		"a template of code":            "const text = `\nimport x from 'y';\nexport default 1`\nsallyport.onCall((call) => call)",
		"code in a legal comment":       "/*! licence\nimport x from 'y'\n*/\nsallyport.onCall((call) => call)",
		"strict mode asked for":         "'use strict';\nsallyport.onCall((call) => call)",
		"the word import in a comment":  "// import nothing\nsallyport.onCall((call) => call)",
		"another way to write the name": "const { onCall } = sallyport\nonCall((call) => call)",
		"the name with an escape":       "sallyport.on\\u0043all((call) => call)",
	} {
		if err := checkHook("hook.js", []byte(source)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
