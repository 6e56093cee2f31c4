package policy

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/sallyport/sallyport/schema"
)

// A Text is what a rule says, wherever it stands and however it is laid out.
type Text struct {
	Rule
	Text     string
	Decides  string   // of Text, all that bears on effects: not the reason of a deny
	Commands []string // the only ones it can be about; nil if its text doesn't say so
	Events   []string // likewise
	Helpers  string   // imports and rules beside it that it may use: those of its capability that decide nothing
}

// Texts lists what all rules say, in the order of file and line. Of two policies that say the same for a
// call, both decide it alike. Limits are among them.
func (p *Policy) Texts() []Text {
	var all []Text
	for _, u := range p.units {
		helpers := u.helpers()
		for _, r := range u.rules {
			all = append(all, Text{r.Rule, u.text(r, true), u.text(r, r.Kind != kindDeny), slices.Clone(r.commands), slices.Clone(r.events), helpers})
		}
	}
	slices.SortFunc(all, func(a, b Text) int { return compareRules(a.Rule, b.Rule) })
	return all
}

func (u *unit) helpers() string {
	var all []string
	for _, i := range u.parsed.Imports {
		all = append(all, i.String())
	}
	for _, r := range u.parsed.Rules {
		if kindOf(ruleName(r)) == "" {
			all = append(all, r.String())
		}
	}
	slices.Sort(all)
	return strings.Join(all, "\n")
}

// text is the parsed rule: in the compiled one, names of variables count what stands before it.
func (u *unit) text(r *rule, head bool) string {
	var all []string
	for _, parsed := range u.parsed.Rules {
		if kindOf(ruleName(parsed)) == r.Kind && (r.source == nil || parsed.Location.Row == r.Line) {
			if head {
				all = append(all, parsed.String())
			} else {
				all = append(all, parsed.Body.String())
			}
		}
	}
	if len(all) == 0 {
		return r.body.String()
	}
	return strings.Join(all, "\n")
}

// Words are what the rules that can be about a command look at, and what they compare it with: the
// stuff of calls that tell rules apart.
type Words struct {
	Looks   []Look
	Texts   []string      // that stand anywhere in those rules, sorted
	Numbers []json.Number // likewise
}

// A Look is a part of the input that rules look at.
type Look struct {
	Path    []schema.Step // args, path
	Texts   []string      // that stand beside it in a condition, sorted
	Numbers []json.Number
}

// Words collects them from the rules of all capabilities, wherever those hold.
func (p *Policy) Words(command string) Words {
	w := &wordCollector{looks: make(map[string]*Look)}
	for _, r := range p.candidates(command) {
		w.rule(r)
	}
	return w.words()
}

type wordCollector struct {
	looks   map[string]*Look
	texts   []string
	numbers []json.Number
}

func (w *wordCollector) words() Words {
	var all Words
	for _, l := range w.looks {
		l.Texts, l.Numbers = distinct(l.Texts), distinct(l.Numbers)
		all.Looks = append(all.Looks, *l)
	}
	slices.SortFunc(all.Looks, func(a, b Look) int { return slices.CompareFunc(a.Path, b.Path, compareSteps) })
	all.Texts, all.Numbers = distinct(w.texts), distinct(w.numbers)
	return all
}

func distinct[T ~string](of []T) []T {
	slices.Sort(of)
	return slices.Compact(of)
}

func (w *wordCollector) rule(r *rule) {
	f := r.unit.reader()
	sources := []*ast.Rule{r.source}
	if r.source == nil {
		sources = f.rules[kindAllow]
	}
	for _, source := range sources {
		f.read(source, func(path []schema.Step, _ *ast.Location) { w.look(path) })
		for _, reached := range f.reach(source) {
			w.beside(f, reached)
		}
	}
}

// reach is a rule and all rules of its module that it leads to.
func (f *reader) reach(r *ast.Rule) []*ast.Rule {
	all := []*ast.Rule{r}
	for i := 0; i < len(all); i++ {
		ast.WalkRefs(all[i], func(ref ast.Ref) bool {
			if name, ok := f.rule(ref); ok {
				for _, other := range f.rules[name] {
					if !slices.Contains(all, other) {
						all = append(all, other)
					}
				}
			}
			return false
		})
	}
	return all
}

// look notes a path. What a rule only passes through is known from what it leads to.
func (w *wordCollector) look(path []schema.Step) *Look {
	if len(path) == 0 {
		return &Look{}
	}
	key := writeRef(path)
	l := w.looks[key]
	if l == nil {
		l = &Look{Path: slices.Clone(path)}
		w.looks[key] = l
	}
	return l
}

// beside takes the constants of a rule, and gives those that stand in one call with a part of the
// input to that part.
func (w *wordCollector) beside(f *reader, r *ast.Rule) {
	ast.WalkTerms(r, func(t *ast.Term) bool {
		switch v := t.Value.(type) {
		case ast.String:
			w.texts = append(w.texts, string(v))
		case ast.Number:
			w.numbers = append(w.numbers, json.Number(v))
		case ast.Ref: // names of members are no values
			return true
		}
		return false
	})
	calls(r, func(terms []*ast.Term) {
		var looks []*Look
		var texts []string
		var numbers []json.Number
		for _, t := range terms[1:] {
			for _, path := range f.paths(r, t) {
				looks = append(looks, w.look(path))
			}
			for _, found := range f.scalars(r, t) {
				switch v := found.Value.(type) {
				case ast.String:
					texts = append(texts, string(v))
				case ast.Number:
					numbers = append(numbers, json.Number(v))
				}
			}
		}
		for _, l := range looks {
			l.Texts, l.Numbers = append(l.Texts, texts...), append(l.Numbers, numbers...)
		}
	})
}
