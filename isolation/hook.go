package isolation

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/tdewolff/parse/v2"
	"github.com/tdewolff/parse/v2/js"
)

// checkHook refuses, before anything is served, a hook that could never run:
// one that does not parse, is a module (a sandboxed opaque document loads
// none), would end the script element it is inlined in, or installs nothing.
func checkHook(name string, source []byte) error {
	if name == "" {
		name = "hook"
	}
	if len(bytes.TrimSpace(source)) == 0 {
		return fmt.Errorf("isolation: %s: the isolation pattern needs a hook; one that lets everything through is: sallyport.onCall((call) => call)", name)
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

func lineAt(source []byte, offset int) int {
	return 1 + bytes.Count(source[:offset], []byte("\n"))
}
