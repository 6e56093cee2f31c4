package typescript

import "strings"

// A template is a pattern of names that TypeScript can say: those that begin or
// end with a text. A nil one matches nothing.
type template struct {
	text string
	ends bool
}

// readTemplate returns nil for other patterns.
func readTemplate(pattern string) *template {
	rest, begins := strings.CutPrefix(pattern, "^")
	var ends bool
	if !begins {
		rest, ends = strings.CutSuffix(pattern, "$")
	}
	if !begins && !ends {
		return nil
	}
	var text strings.Builder
	for i := 0; i < len(rest); i++ {
		c := rest[i]
		if c == '\\' {
			if i++; i == len(rest) || !strings.ContainsRune(`-./$^+*?()[]{}|`, rune(rest[i])) {
				return nil
			}
			c = rest[i]
		} else if c < ' ' || c > '~' || strings.IndexByte("^$.|?*+()[]{}`", c) >= 0 {
			return nil
		}
		text.WriteByte(c)
	}
	if text.Len() == 0 {
		return nil
	}
	return &template{text.String(), ends}
}

func (t *template) matches(name string) bool {
	switch {
	case t == nil:
		return false
	case t.ends:
		return strings.HasSuffix(name, t.text)
	}
	return strings.HasPrefix(name, t.text)
}

// covers reports whether t matches all that other matches.
func (t *template) covers(other *template) bool {
	return t != nil && t.ends == other.ends && t.matches(other.text)
}

// String is the template literal.
func (t *template) String() string {
	fixed := strings.ReplaceAll(t.text, "$", `\$`)
	if t.ends {
		return "`${string}" + fixed + "`"
	}
	return "`" + fixed + "${string}`"
}
