package replay

import (
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport/policy"
)

// originsFor is the app itself, every origin that a capability or a word of a rule names, and for each URL
// pattern a page that fits it.
func originsFor(policies []*policy.Policy, words []string) []standIn {
	all := []standIn{{"", ""}}
	add := func(s standIn) {
		if !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	for _, p := range policies {
		for _, k := range p.Capabilities() {
			for _, text := range k.Origins {
				if page, ok := Page(p, k, text); ok {
					add(standIn{text, page})
				}
			}
		}
	}
	for _, w := range distinct(words) {
		if strings.Contains(w, "://") {
			add(standIn{w, w})
		}
	}
	slices.SortFunc(all, func(a, b standIn) int { return strings.Compare(a.name, b.name) })
	return all
}

// Page finds a page that a capability of p holds for by one of its origins: the origin itself or, for a URL
// pattern, a URL that fits it. It is not ok where the few that are tried fit none.
func Page(p *policy.Policy, k policy.Capability, text string) (page string, ok bool) {
	in := policy.Input{}
	if !k.Expires.IsZero() {
		in.Time = k.Expires.Add(-time.Nanosecond)
	}
	if len(k.Platforms) > 0 {
		in.Platform = k.Platforms[0]
	}
	for _, w := range windowsFor(k.Windows, nil) {
		in.Window = w.value
		for _, filler := range []string{"", "x", "x/y", "1", "a", "www"} {
			in.Origin = unpatterned(text, filler)
			if slices.ContainsFunc(p.Holding(in), func(h policy.Capability) bool { return h.ID == k.ID }) {
				return in.Origin, true
			}
		}
	}
	return "", false
}

// unpatterned puts a filler in place of what a URL pattern leaves open.
func unpatterned(text, filler string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		rest := text[i:]
		switch c := text[i]; {
		case c == '*':
			b.WriteString(filler)
		case c == '(' && strings.Contains(rest, ")"):
			i += strings.IndexByte(rest, ')')
			b.WriteString(filler)
		case c == ':' && len(rest) > 1 && isLetter(rest[1]):
			for i+1 < len(text) && (isLetter(text[i+1]) || text[i+1] >= '0' && text[i+1] <= '9') {
				i++
			}
			b.WriteString(filler)
		case c == '{' || c == '}' || c == '\\' || c == '?' || c == '+':
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' }
