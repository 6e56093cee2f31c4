package policylint

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/sallyport/sallyport/policy"
	"github.com/sallyport/sallyport/policy/internal/document"
)

// scopes finds allows, and what they call, that reach far.
func (f *file) scopes() []Finding {
	if f.module == nil {
		return nil
	}
	var all []Finding
	for _, r := range f.rules() {
		if name := r.Head.Ref()[0].String(); name == "deny" || name == "ask" || name == "limit" {
			continue // the wider, the less is allowed
		}
		for e := r; e != nil; e = e.Else {
			ast.NewGenericVisitor(func(node any) bool {
				if x, ok := node.(*ast.Expr); ok && x.Negated {
					return true // so it is below a not
				}
				t, ok := node.(*ast.Term)
				if !ok {
					return false
				}
				if text, ok := t.Value.(ast.String); ok {
					all = append(all, f.wide(t.Location.Row, string(text))...)
				}
				return false
			}).Walk(e)
		}
	}
	return all
}

// reach says in words how much a directory or pattern takes in, if that is too much.
func reach(text string) string {
	base := strings.TrimRight(text, "/")
	for strings.HasSuffix(base, "/**") || strings.HasSuffix(base, "/*") {
		base = strings.TrimRight(strings.TrimRight(base, "*"), "/")
	}
	switch {
	case base == "$HOME":
		return "the user's whole home folder"
	case base == "$APPDATA" || base == "$CONFIG" || base == "$CACHE":
		return "the folder of every app of the user, with a folder for each"
	case text == "**", base == "" && strings.HasPrefix(text, "/") && strings.Contains(text, "*"):
		return "the whole file system"
	case regexp.MustCompile(`^[A-Za-z]:$`).MatchString(base) && strings.ContainsAny(text, "*/"):
		return "a whole drive"
	}
	return ""
}

// declaredScopes finds entries of declarative scopes that reach far.
func declaredScopes(fsys fs.FS, p *policy.Policy) ([]Finding, error) {
	files := make(map[string]bool)
	for _, c := range p.Capabilities() {
		if path.Ext(c.File) != ".rego" {
			files[c.File] = true
		}
	}
	for _, x := range p.Permissions() {
		files[x.File] = true
	}
	var all []Finding
	for _, name := range slices.Sorted(maps.Keys(files)) {
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, err
		}
		root, err := document.Parse(name, text)
		if err != nil {
			return nil, err // not reached: it was loaded
		}
		all = append(all, entries(&file{Capability: policy.Capability{File: name}}, root)...)
	}
	return all, nil
}

// entries looks at all lists called allow. Names of commands, which are in some of them, reach nowhere.
func entries(f *file, n *document.Node) []Finding {
	var all []Finding
	for _, item := range n.Items {
		all = append(all, entries(f, item)...)
	}
	for _, m := range n.Members {
		if m.Name != "allow" {
			all = append(all, entries(f, m.Value)...)
			continue
		}
		for _, entry := range m.Value.Items {
			if path := entry.Member("path"); path != nil {
				entry = path
			}
			if entry.Kind == document.Text {
				all = append(all, f.wide(entry.Line, entry.Text)...)
			}
		}
	}
	return all
}

// wide is the finding about a path or pattern that reaches far.
func (f *file) wide(line int, text string) []Finding {
	what := reach(text)
	if what == "" {
		return nil
	}
	return []Finding{f.at(line, "wide-scope", fmt.Sprintf("%q is %s", text, what),
		"a page that is taken over reaches all of it", "name the folder that the command needs, below a variable such as $APPDATA or $DOCUMENT")}
}
