package replay

import (
	"cmp"
	"encoding/json"
	"math/big"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/policy"
	"github.com/sallyport/sallyport/schema"
)

// maxProbes bounds the calls that are tried for one window and command; maxValues those of one argument.
const (
	maxProbes = 1500
	maxValues = 96
)

// A probe is what differs between the calls of one command. Its numbers and texts come from the
// rules of both policies, and from beside them.
type probe struct {
	args, user               schema.Value
	target, channel, session string
}

func (p *probe) apply(in policy.Input) policy.Input {
	in.Args, in.User, in.Target, in.Channel, in.Session = p.args, p.user, p.target, p.channel, p.session
	return in
}

// A slot is one part of the input with what it is tried with.
type slot struct {
	path   []schema.Step
	values []json.RawMessage // nil: absent
	hits   int               // how many of the first are made to fit some condition
}

// probesFor makes calls that could tell apart the rules that these words are from.
func probesFor(words []policy.Words, variables map[string]string) []probe {
	slots := slotsOf(words, variables)
	total := 1
	for _, s := range slots {
		total = min(total*len(s.values), maxProbes+1)
	}
	var all []probe
	add := func(choice []int) {
		if p, ok := build(slots, choice); ok {
			all = append(all, p)
		}
	}
	choice := make([]int, len(slots))
	if total <= maxProbes {
		for {
			add(choice)
			if !count(choice, slots) {
				return all
			}
		}
	}
	for i, s := range slots { // each by itself, the others as they fit
		for v := range s.values {
			choice[i] = v
			add(choice)
		}
		choice[i] = 0
	}
	random := rand.New(rand.NewPCG(1, 2)) // the same calls each time
	for range maxProbes {                 // some choices can't be built
		for i, s := range slots {
			choice[i] = random.IntN(len(s.values))
			if s.hits > 0 && random.IntN(10) < 7 {
				choice[i] = random.IntN(s.hits)
			}
		}
		add(choice)
	}
	return all
}

// count goes to the next choice, and says whether there is one.
func count(choice []int, slots []slot) bool {
	for i := range choice {
		if choice[i]++; choice[i] < len(slots[i].values) {
			return true
		}
		choice[i] = 0
	}
	return false
}

func slotsOf(words []policy.Words, variables map[string]string) []slot {
	type material struct {
		path    []schema.Step
		texts   []string
		numbers []json.Number
	}
	byPath := make(map[string]*material)
	var texts []string
	var numbers []json.Number
	for _, w := range words {
		texts, numbers = append(texts, w.Texts...), append(numbers, w.Numbers...)
		for _, l := range w.Looks {
			if !slices.Contains([]string{"args", "user", "target", "channel", "session"}, l.Path[0].Name) {
				continue
			}
			key := pathKey(l.Path)
			m := byPath[key]
			if m == nil {
				m = &material{path: l.Path}
				byPath[key] = m
			}
			m.texts, m.numbers = append(m.texts, l.Texts...), append(m.numbers, l.Numbers...)
		}
	}
	var slots []slot
	for key, m := range byPath {
		leads := false // only to what is looked at
		for other := range byPath {
			leads = leads || strings.HasPrefix(other, key+"\x00")
		}
		if leads {
			continue
		}
		var v values
		v.fitting(m.texts, m.numbers, variables)
		hits := len(v.all)
		v.beside(m.texts, m.numbers, variables)
		for _, plain := range []string{"null", "true", "false", "0", `""`, `"x"`, "[]", "{}"} {
			v.add(json.RawMessage(plain))
		}
		v.add(nil)
		v.fitting(texts, numbers, variables)
		slots = append(slots, slot{m.path, v.all, hits})
	}
	slices.SortFunc(slots, func(a, b slot) int { return cmp.Compare(pathKey(a.path), pathKey(b.path)) })
	return slots
}

func pathKey(path []schema.Step) string {
	parts := make([]string, len(path))
	for i, s := range path {
		parts[i] = s.Name
		if s.Any {
			parts[i] = "\x01"
		}
	}
	return strings.Join(parts, "\x00")
}

// values are distinct JSON texts in order.
type values struct{ all []json.RawMessage }

func (v *values) add(text json.RawMessage) {
	if len(v.all) < maxValues && !slices.ContainsFunc(v.all, func(o json.RawMessage) bool { return (o == nil) == (text == nil) && string(o) == string(text) }) {
		v.all = append(v.all, text)
	}
}

func (v *values) text(s string) {
	text, err := json.Marshal(s)
	if err == nil {
		v.add(text)
	}
}

// fitting adds what conditions on these texts and numbers are likely to hold for.
func (v *values) fitting(texts []string, numbers []json.Number, variables map[string]string) {
	for _, t := range texts {
		t = expand(t, variables)
		if strings.ContainsAny(t, "*?[") {
			v.text(filled(t))
		} else {
			v.text(t)
		}
		if strings.HasPrefix(t, "/") || strings.Contains(t, ":") {
			v.text(strings.TrimSuffix(filled(t), "/") + "/x")
		}
	}
	for _, n := range numbers {
		v.add(json.RawMessage(n))
	}
}

// beside adds what lies just outside of conditions on them.
func (v *values) beside(texts []string, numbers []json.Number, variables map[string]string) {
	for _, n := range numbers {
		v.neighbours(n)
	}
	for _, t := range texts {
		t = filled(expand(t, variables))
		if strings.HasPrefix(t, "/") || strings.Contains(t, ":") {
			for _, tail := range []string{"/x/y", "/.x", "/../x", "x"} {
				v.text(strings.TrimSuffix(t, "/") + tail)
			}
			if i := strings.LastIndexByte(t, '/'); i > 0 {
				v.text(t[:i] + "/sub/x")
				v.text(t[:i] + "/.x")
			}
		}
		v.text(t + "x")
		v.text("x" + t)
		v.text(strings.ToUpper(t))
	}
}

func (v *values) neighbours(n json.Number) {
	number, ok := new(big.Rat).SetString(string(n))
	if !ok {
		return
	}
	for _, step := range []int64{-1, 1} {
		next := new(big.Rat).Add(number, big.NewRat(step, 1))
		text := next.FloatString(6)
		if next.IsInt() {
			text = next.Num().String()
		}
		v.add(json.RawMessage(text))
	}
}

// expand puts a directory in place of the variable that a text begins with.
func expand(text string, variables map[string]string) string {
	name, rest, _ := strings.Cut(text, "/")
	if dir, ok := variables[name]; ok && strings.HasPrefix(name, "$") {
		return strings.TrimSuffix(dir+"/"+rest, "/")
	}
	return text
}

// filled is a text that a glob matches.
func filled(glob string) string {
	var b strings.Builder
	for i := 0; i < len(glob); i++ {
		switch c := glob[i]; {
		case strings.HasPrefix(glob[i:], "**"):
			b.WriteString("a/b")
			i++
		case c == '*', c == '?':
			b.WriteByte('x')
		case c == '[' && strings.IndexByte(glob[i:], ']') > 1:
			end := i + strings.IndexByte(glob[i:], ']')
			class := glob[i+1 : end]
			if strings.HasPrefix(class, "!") || strings.HasPrefix(class, "^") {
				class = "~"
			}
			b.WriteByte(class[0])
			i = end
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// build makes the call of one choice; not ok if the paths can't all be there at once.
func build(slots []slot, choice []int) (p probe, ok bool) {
	var root part
	for i, s := range slots {
		if value := s.values[choice[i]]; value != nil && !root.put(s.path, value) {
			return probe{}, false
		}
	}
	for name, to := range map[string]*string{"target": &p.target, "channel": &p.channel, "session": &p.session} {
		if part := root.members[name]; part != nil {
			if json.Unmarshal(part.write(nil), to) != nil {
				*to = "" // only texts can be there
			}
		}
	}
	for name, to := range map[string]*schema.Value{"args": &p.args, "user": &p.user} {
		part := root.members[name]
		if part == nil && name == "user" {
			continue
		}
		text := []byte("{}")
		if part != nil {
			text = part.write(nil)
		}
		v, err := schema.Parse(text, schema.Limits{})
		if err != nil {
			return probe{}, false
		}
		*to = v
	}
	return p, true
}

// A part of a document is a value, or has members or one element.
type part struct {
	value   json.RawMessage
	members map[string]*part
	element *part
}

func (p *part) put(path []schema.Step, value json.RawMessage) bool {
	switch {
	case len(path) == 0:
		if p.members != nil || p.element != nil {
			return false
		}
		p.value = value
		return true
	case p.value != nil:
		return false
	case path[0].Any:
		if p.members != nil {
			return false
		}
		if p.element == nil {
			p.element = new(part)
		}
		return p.element.put(path[1:], value)
	case p.element != nil:
		return false
	}
	if p.members == nil {
		p.members = make(map[string]*part)
	}
	if p.members[path[0].Name] == nil {
		p.members[path[0].Name] = new(part)
	}
	return p.members[path[0].Name].put(path[1:], value)
}

func (p *part) write(dst []byte) []byte {
	switch {
	case p.value != nil:
		return append(dst, p.value...)
	case p.element != nil:
		return append(p.element.write(append(dst, '[')), ']')
	}
	dst = append(dst, '{')
	names := make([]string, 0, len(p.members))
	for name := range p.members {
		names = append(names, name)
	}
	slices.Sort(names)
	for i, name := range names {
		if i > 0 {
			dst = append(dst, ',')
		}
		quoted, err := json.Marshal(name)
		if err != nil {
			quoted = strconv.AppendQuote(nil, "") // no name can't be written
		}
		dst = p.members[name].write(append(append(dst, quoted...), ':'))
	}
	return append(dst, '}')
}
