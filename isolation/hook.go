package isolation

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/tdewolff/parse/v2"
	"github.com/tdewolff/parse/v2/js"
)

// checkHook refuses, before anything is served, a hook that could never run:
// one that does not parse, is a module (a sandboxed opaque document loads
// none), would end the script element it is inlined in, would be read with
// other characters than it has, or installs nothing. Its lines end with \n.
func checkHook(name string, source []byte) error {
	if name == "" {
		name = "hook"
	}
	if len(bytes.TrimSpace(source)) == 0 {
		return fmt.Errorf("isolation: %s: the isolation pattern needs a hook; one that lets everything through is: sallyport.onCall((call) => call)", name)
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
	ast, err := js.Parse(parse.NewInputBytes(bytes.Clone(source)), js.Options{})
	if err != nil {
		var at *parse.Error
		if errors.As(err, &at) {
			return fmt.Errorf("isolation: %s:%d:%d: %s", name, at.Line, at.Column, at.Message)
		}
		return fmt.Errorf("isolation: %s: %w", name, err)
	}
	for _, statement := range ast.List {
		switch statement.(type) {
		case *js.ImportStmt, *js.ExportStmt:
			i := max(bytes.Index(source, []byte("import")), bytes.Index(source, []byte("export")), 0)
			return fmt.Errorf("isolation: %s:%d: import and export can't be used; the hook is one classic script: bundle it", name, lineAt(source, i))
		}
	}
	if !bytes.Contains(source, []byte("onCall")) {
		return fmt.Errorf("isolation: %s: the hook never calls sallyport.onCall, so every call would be refused", name)
	}
	return nil
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
