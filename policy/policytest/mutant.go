package policytest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Kinds of changes.
const (
	Drop  = "drop"  // a rule never holds
	Flip  = "flip"  // a comparison, a "not" or a truth value is turned round
	Widen = "widen" // a condition is gone, a capability holds for more, a set has more members
)

// change is one way to alter a capability file, with the lines of all else where they were.
type change struct {
	file  string
	line  int
	kind  string
	title string
	edits []edit // ways to write it: the first that compiles counts
}

// edit puts text in place of what stands from one offset to another.
type edit struct {
	from, to int
	text     string
}

func (e edit) apply(source string) string { return source[:e.from] + e.text + source[e.to:] }

// mutator collects the changes of one file.
type mutator struct {
	file, source string
	pool         []string // texts that the tests use
	changes      []change
}

// changesOf finds all changes of a capability file.
func changesOf(file, source string, pool []string) ([]change, error) {
	m, err := ast.ParseModuleWithOpts(file, source, ast.ParserOptions{RegoVersion: ast.RegoV1})
	if err != nil {
		return nil, err // not reached: the file was loaded
	}
	x := &mutator{file: file, source: source, pool: pool}
	x.metadata()
	for _, r := range m.Rules {
		if r.Default {
			continue
		}
		x.drop(r)
		if r.Head.Name == "limit" {
			x.limits(r.Head)
		}
		for e := r; e != nil; e = e.Else {
			x.body(e.Body)
		}
	}
	x.terms(m)
	slices.SortStableFunc(x.changes, func(a, b change) int { return a.line - b.line })
	return slices.CompactFunc(x.changes, func(a, b change) bool { return a.line == b.line && a.edits[0] == b.edits[0] }), nil
}

func (x *mutator) add(kind string, at *ast.Location, edits ...edit) {
	was := x.source[edits[0].from:edits[0].to]
	title := brief(was) + " → " + brief(edits[0].text)
	if kind == Drop {
		title = brief(string(at.Text)) + " → never"
	}
	x.changes = append(x.changes, change{x.file, at.Row, kind, title, edits})
}

// brief is a text on one line, cut where it gets long.
func brief(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if text == "" {
		return "nothing"
	}
	const longest = 60
	if utf8.RuneCountInString(text) > longest {
		text = string([]rune(text)[:longest]) + "…"
	}
	return text
}

func replace(at *ast.Location, text string) edit {
	return edit{at.Offset, at.Offset + len(at.Text), text}
}

// drop makes a rule hold never.
func (x *mutator) drop(r *ast.Rule) {
	end := r.Location.Offset + len(r.Location.Text)
	blank := edit{r.Location.Offset, end, strings.Repeat("\n", strings.Count(string(r.Location.Text), "\n"))}
	switch first := r.Body[0].Location; {
	case r.Else != nil:
		x.add(Drop, r.Location, blank)
	case !written(r.Body) && r.Head.RuleKind() == ast.MultiValue:
		x.add(Drop, r.Location, edit{end, end, " if false"}, blank)
	case !written(r.Body):
		x.add(Drop, r.Location, blank) // of a constant
	case strings.HasSuffix(strings.TrimRight(x.source[:first.Offset], " \t\r\n"), "{"):
		// What the rule reads stays read, or a name would be unused, which is an error.
		x.add(Drop, r.Location, edit{first.Offset, first.Offset, "false; "}, blank)
	default:
		x.add(Drop, r.Location, edit{first.Offset, end, "{ false; " + x.source[first.Offset:end] + " }"}, blank)
	}
}

// limits doubles each number of a limit.
func (x *mutator) limits(h *ast.Head) {
	ast.WalkTerms(h, func(t *ast.Term) bool {
		if n, ok := t.Value.(ast.Number); ok && t.Location != nil {
			if f, ok := n.Float64(); ok {
				x.add(Widen, t.Location, replace(t.Location, fmt.Sprint(2*f)))
			}
		}
		return false
	})
}

// written says whether a body stands in the file. A rule without one holds always.
func written(b ast.Body) bool {
	if len(b) != 1 {
		return true
	}
	t, ok := b[0].Terms.(*ast.Term)
	return !ok || !t.Equal(ast.InternedTerm(true)) || t.Location != nil && string(t.Location.Text) == "true"
}

// body removes conditions one by one, and turns round those that have no operator to do so.
func (x *mutator) body(b ast.Body) {
	if !written(b) {
		return
	}
	for _, e := range b {
		if e.IsAssignment() || isDeclaration(e) || isLiteral(e, true) {
			continue
		}
		text := string(e.Location.Text)
		x.add(Widen, e.Location, replace(e.Location, "true"),
			// Where the condition has the only use of a name.
			replace(e.Location, "is_set({1 | "+text+"})"))
		switch {
		case e.Negated:
			x.add(Flip, e.Location, replace(e.Location, strings.TrimLeft(strings.TrimPrefix(text, "not"), " \t")))
		case !flipped(e):
			x.add(Flip, e.Location, replace(e.Location, "not "+text))
		}
	}
}

func isDeclaration(e *ast.Expr) bool {
	_, ok := e.Terms.(*ast.SomeDecl)
	return ok
}

func isLiteral(e *ast.Expr, value bool) bool {
	t, ok := e.Terms.(*ast.Term)
	return ok && t.Equal(ast.InternedTerm(value))
}

// opposites are operators as they are written, and what they are turned into.
func opposites() map[string]string {
	return map[string]string{"==": "!=", "!=": "==", "<": "<=", "<=": "<", ">": ">=", ">=": ">", "true": "false", "false": "true"}
}

// flipped says whether terms turns round the operator of a condition, or the condition itself.
func flipped(e *ast.Expr) bool {
	switch t := e.Terms.(type) {
	case []*ast.Term:
		return t[0].Location != nil && opposites()[string(t[0].Location.Text)] != ""
	case *ast.Term:
		return t.Location != nil && opposites()[string(t.Location.Text)] != ""
	case *ast.Every:
		return true // its own conditions are
	}
	return false
}

// terms turns round operators and truth values wherever they stand, and adds members to sets.
func (x *mutator) terms(m *ast.Module) {
	seen := make(map[int]bool) // by offset: an operator's location is that of its parts too
	for _, r := range m.Rules {
		if r.Default {
			continue
		}
		ast.WalkTerms(r, func(t *ast.Term) bool {
			if t.Location == nil || seen[t.Location.Offset] && opposites()[string(t.Location.Text)] != "" {
				return false
			}
			if opposite := opposites()[string(t.Location.Text)]; opposite != "" {
				seen[t.Location.Offset] = true
				x.add(Flip, t.Location, replace(t.Location, opposite))
				x.changes[len(x.changes)-1].title += " in " + brief(x.lineAt(t.Location.Offset))
			}
			x.members(t)
			return false
		})
	}
}

func (x *mutator) lineAt(offset int) string {
	from := strings.LastIndexByte(x.source[:offset], '\n') + 1
	line, _, _ := strings.Cut(x.source[from:], "\n")
	return line
}

// members adds to a set or list of texts all others that the tests use.
func (x *mutator) members(t *ast.Term) {
	var has []string
	texts := true
	each := func(t *ast.Term) {
		s, ok := t.Value.(ast.String)
		has, texts = append(has, string(s)), texts && ok
	}
	switch v := t.Value.(type) {
	case ast.Set:
		v.Foreach(each)
	case *ast.Array:
		v.Foreach(each)
	}
	text := string(t.Location.Text)
	if len(has) == 0 || !texts || !strings.HasSuffix(text, "]") && !strings.HasSuffix(text, "}") {
		return
	}
	added := ""
	for _, s := range x.pool {
		if !slices.Contains(has, s) {
			added += ", " + ast.String(s).String()
		}
	}
	if added == "" {
		added = `, "sallyport.nothing"`
	}
	end := t.Location.Offset + len(text) - 1
	before := strings.TrimRight(x.source[:end], " \t\r\n,")
	x.add(Widen, t.Location, edit{len(before), len(before), added})
	x.changes[len(x.changes)-1].title = brief(text) + " → with the other texts of the tests in it"
}

// metadata lets a capability hold where it does not.
func (x *mutator) metadata() {
	offset := 0
	lines := strings.SplitAfter(x.source, "\n")
	for i, line := range lines {
		trimmed := strings.TrimRight(line, "\r\n")
		if strings.HasPrefix(trimmed, "package") {
			return
		}
		m := regexp.MustCompile(`^#( +)(windows|platforms|expires|local):(.*)$`).FindStringSubmatch(trimmed)
		if m != nil {
			end := offset + len(trimmed)
			for _, item := range lines[i+1:] { // of a list in block form
				if !regexp.MustCompile(`^# +- `).MatchString(item) {
					break
				}
				end += len(item)
			}
			x.key(offset, end, i+1, m[1], m[2], strings.TrimSpace(m[3]))
		}
		offset += len(line)
	}
}

// key changes one entry of the metadata, which stands from one offset to another.
func (x *mutator) key(from, to, line int, indent, name, value string) {
	was := x.source[from:to]
	text := ""
	switch {
	case name == "windows" && !strings.Contains(was, `*`) || name == "windows" && !regexp.MustCompile(`["' \[]\*["' \],]`).MatchString(was+" "):
		text = "#" + indent + `windows: ["*"]`
	case name == "platforms" || name == "expires":
		text = "#"
	case name == "local" && opposites()[value] != "":
		text = "#" + indent + "local: " + opposites()[value]
	}
	if text == "" || value == "[]" || strings.HasPrefix(value, "[") && !strings.HasSuffix(value, "]") {
		return
	}
	text += strings.Repeat("\n#", strings.Count(was, "\n"))
	kind := map[bool]string{true: Flip, false: Widen}[name == "local"]
	title := fmt.Sprintf("%s → %s", brief(strings.ReplaceAll(was, "#", "")), brief(strings.ReplaceAll(text, "#", "")))
	x.changes = append(x.changes, change{x.file, line, kind, title, []edit{{from, to, text}}})
}
