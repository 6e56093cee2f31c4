package isolation

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/evanw/esbuild/pkg/api"
)

// checkHook refuses, before anything is served, a hook that could never run:
// one that does not parse as a strict classic script (a sandboxed opaque
// document loads no modules), would end the script element it is inlined in,
// would be read with other characters than it has, or installs nothing. Its
// lines end with \n.
func checkHook(name string, source []byte) error {
	if name == "" {
		name = "hook"
	}
	if len(bytes.TrimSpace(source)) == 0 {
		return fmt.Errorf("isolation: %s: the hook is empty, and the isolation pattern needs one; this one lets everything through: sallyport.onCall((call) => call)", name)
	}
	if i := bytes.IndexByte(source, 0); i >= 0 {
		return fmt.Errorf("isolation: %s:%d: a zero byte, which browsers replace and then never run the hook; write \\0 in a string", name, lineAt(source, i))
	}
	if i := invalidUTF8(source); i >= 0 {
		return fmt.Errorf("isolation: %s:%d: not UTF-8; save the file as UTF-8", name, lineAt(source, i))
	}
	for _, ender := range []string{"</script", "<!--", "<script"} {
		if i := bytes.Index(bytes.ToLower(source), []byte(ender)); i >= 0 {
			return fmt.Errorf("isolation: %s:%d: %q would end or change the script element that holds the hook; split the string", name, lineAt(source, i), ender)
		}
	}
	code, err := checkScript(source)
	if err != nil {
		return fmt.Errorf("isolation: %s:%w", name, err)
	}
	if !bytes.Contains(code, []byte("onCall")) {
		return fmt.Errorf("isolation: %s: the hook never calls sallyport.onCall, so every call would be refused", name)
	}
	return nil
}

// The runtime before the hook, in the same script, makes it strict.
const strict = "\"use strict\"\n"

// checkScript finds what a browser would refuse to run at all. esbuild knows
// the early errors of strict code, but for those inside of regular
// expressions. It reads modules as well, and a return of no function unless
// the code is one, so these are looked for apart. What it returns is the code
// without comments.
func checkScript(source []byte) ([]byte, error) {
	code := strict + string(source)
	script := transform(code, api.FormatIIFE)
	if len(script.Errors) > 0 {
		return nil, scriptError(script.Errors[0])
	}
	asModule := transform(code+"\nexport {}", api.FormatESModule)
	if len(asModule.Errors) > 0 {
		return nil, scriptError(asModule.Errors[0])
	}
	for _, w := range script.Warnings {
		if w.ID == "empty-import-meta" {
			return nil, scriptError(api.Message{Location: w.Location, Text: "import.meta is for modules alone; the hook is a classic script"})
		}
	}
	// Without comments, and with templates made strings, a line that begins so
	// is one of these statements.
	if moduleSyntax.Match(transform(code, api.FormatDefault).Code) {
		line := 1
		if at := moduleSyntax.FindIndex(source); at != nil {
			line = lineAt(source, at[1])
		}
		return nil, fmt.Errorf("%d: import and export can't be used; the hook is one classic script: bundle it", line)
	}
	return script.Code, nil
}

var moduleSyntax = regexp.MustCompile(`(?m)^\s*(?:import\b\s*[^\s(.]|export\b)`)

// transform is esbuild's, of which nothing goes on when it has returned.
func transform(code string, as api.Format) api.TransformResult {
	return api.Transform(code, api.TransformOptions{
		Loader: api.LoaderJS, Format: as, Target: api.ESNext, LogLevel: api.LogLevelSilent,
		LegalComments: api.LegalCommentsNone, Supported: map[string]bool{"template-literal": false},
		// Without this some comments stay; it runs lines together.
		MinifyWhitespace: as == api.FormatIIFE,
	})
}

func scriptError(m api.Message) error {
	if m.Location == nil {
		return fmt.Errorf(" %s", m.Text)
	}
	text := m.Text
	if strings.HasPrefix(text, "Top-level await") {
		text = "await outside of an async function; the hook is a classic script"
	}
	return fmt.Errorf("%d:%d: %s", m.Location.Line-strings.Count(strict, "\n"), m.Location.Column+1, text)
}

// invalidUTF8 is the offset of the first byte that is not UTF-8, or -1.
func invalidUTF8(source []byte) int {
	for i := 0; i < len(source); {
		r, size := utf8.DecodeRune(source[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}

func lineAt(source []byte, offset int) int {
	return 1 + bytes.Count(source[:offset], []byte("\n"))
}
