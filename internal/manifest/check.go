package manifest

import (
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// The grammars are also in sallyport.schema.json. A name becomes a folder's, a
// label a host's, and a command the name of its schema files, so all three are
// narrower than JSON strings.
const (
	nameGrammar  = `^[a-z](-?[a-z0-9])*$`
	labelGrammar = `^[a-z](-?[a-z0-9])*$`

	maxName    = 32
	maxLabel   = 32
	maxTitle   = 128
	maxCommand = 128 // as on the wire
	maxWindows = 64
	maxLimit   = 1<<31 - 1
)

func (m *Manifest) check() error {
	if !m.Given("/version") || m.Version != Version {
		return m.Errorf("/version", "the number %d was expected, the version of this format", Version)
	}
	for _, field := range []string{"name", "capabilities", "page", "windows"} {
		if !m.Given("/" + field) {
			return m.Errorf("/"+field, "the field is missing; every app has one")
		}
	}
	if !matches(nameGrammar, m.Name, maxName) {
		return m.Errorf("/name", "%q cannot name an app; expected at most %d lower-case letters, digits and single hyphens, a letter first", m.Name, maxName)
	}
	if m.Given("/schemas") {
		if err := m.checkPath("/schemas", m.Schemas); err != nil {
			return err
		}
	}
	for _, p := range []struct{ pointer, path string }{{"/capabilities", m.Capabilities}, {"/page", m.Page}} {
		if err := m.checkPath(p.pointer, p.path); err != nil {
			return err
		}
	}
	if err := m.checkPattern(); err != nil {
		return err
	}
	if err := m.checkWindows(); err != nil {
		return err
	}
	for i, command := range m.Commands {
		pointer := fmt.Sprintf("/commands/%d", i)
		if !ValidCommand(command) {
			return m.Errorf(pointer, "%q cannot name a command; expected %s", command, CommandForm)
		}
		if slices.Contains(m.Commands[:i], command) {
			return m.Errorf(pointer, "%q is listed twice; run `sallyport manifest`, which writes this list", command)
		}
	}
	return m.checkLimits()
}

// checkLimits refuses what bounds nothing: a misspelt name is found at the
// app's start, when its commands are known.
func (m *Manifest) checkLimits() error {
	for _, command := range slices.Sorted(maps.Keys(m.Limits)) {
		at := "/limits/" + command
		if !ValidCommand(command) {
			return m.Errorf("/limits", "%q cannot name a command; expected %s", command, CommandForm)
		}
		given := 0
		l := m.Limits[command]
		for _, field := range []struct {
			name  string
			value int
		}{{"args_bytes", l.ArgsBytes}, {"result_bytes", l.ResultBytes}, {"depth", l.Depth}, {"deadline_ms", l.DeadlineMS}} {
			if !m.Given(at + "/" + field.name) {
				continue
			}
			if field.value < 1 || field.value > maxLimit {
				return m.Errorf(at+"/"+field.name, "a whole number from 1 to %d was expected; leave the field out for the default", maxLimit)
			}
			given++
		}
		if given == 0 {
			return m.Errorf(at, "at least one of args_bytes, result_bytes, depth and deadline_ms was expected")
		}
	}
	return nil
}

func (m *Manifest) checkPattern() error {
	hasHook := m.Given("/hook")
	switch m.Pattern {
	case "", PatternIsolation:
		if m.Given("/pattern") && m.Pattern == "" {
			return m.Errorf("/pattern", `"isolation" or "brownfield" was expected, got ""`)
		}
		if !hasHook {
			return m.Errorf("/hook", "the isolation pattern needs a hook: name its JavaScript file")
		}
		return m.checkPath("/hook", m.Hook)
	case PatternBrownfield:
		if hasHook {
			return m.Errorf("/hook", "the brownfield pattern has no frame to run a hook in; remove the hook, or the pattern")
		}
		return nil
	default:
		return m.Errorf("/pattern", `"isolation" or "brownfield" was expected, got %q`, m.Pattern)
	}
}

func (m *Manifest) checkWindows() error {
	if len(m.Windows) == 0 || len(m.Windows) > maxWindows {
		return m.Errorf("/windows", "1 to %d windows were expected, got %d", maxWindows, len(m.Windows))
	}
	for i, w := range m.Windows {
		at := fmt.Sprintf("/windows/%d", i)
		if !matches(labelGrammar, w.Label, maxLabel) {
			return m.Errorf(at+"/label", "%q cannot label a window; expected at most %d lower-case letters, digits and single hyphens, a letter first", w.Label, maxLabel)
		}
		if slices.ContainsFunc(m.Windows[:i], func(other Window) bool { return other.Label == w.Label }) {
			return m.Errorf(at+"/label", "%q labels another window already; expected a label of its own", w.Label)
		}
		if n := utf8.RuneCountInString(w.Title); n > maxTitle || strings.ContainsFunc(w.Title, isControl) {
			return m.Errorf(at+"/title", "at most %d printable characters were expected", maxTitle)
		}
		if m.Given(at + "/page") {
			if err := m.checkPath(at+"/page", w.Page); err != nil {
				return err
			}
		}
		if err := m.checkCarriers(at+"/carriers", w.Carriers); err != nil {
			return err
		}
	}
	return nil
}

func (m *Manifest) checkCarriers(pointer string, carriers []string) error {
	if m.Given(pointer) && len(carriers) == 0 {
		return m.Errorf(pointer, `"direct", "relay" or both were expected; leave the field out for "direct" alone`)
	}
	for i, c := range carriers {
		if c != CarrierDirect && c != CarrierRelay {
			return m.Errorf(fmt.Sprintf("%s/%d", pointer, i), `"direct" or "relay" was expected, got %q`, c)
		}
		if slices.Contains(carriers[:i], c) {
			return m.Errorf(fmt.Sprintf("%s/%d", pointer, i), "%q is listed twice", c)
		}
		if i > 0 && c == CarrierDirect {
			return m.Errorf(fmt.Sprintf("%s/%d", pointer, i), "%q stands second; the fallback is \"relay\", and never the other way round", c)
		}
	}
	return nil
}

func (m *Manifest) checkPath(pointer, path string) error {
	if path == "" || !fs.ValidPath(path) || strings.ContainsAny(path, `\:`) || strings.ContainsFunc(path, isControl) {
		return m.Errorf(pointer, "%q cannot be used; expected a path below the app's folder, with / between its parts and without ..", path)
	}
	return nil
}

// fillIn puts what leaving a field out means.
func (m *Manifest) fillIn() {
	if m.Pattern == "" {
		m.Pattern = PatternIsolation
	}
	for i := range m.Windows {
		w := &m.Windows[i]
		if w.Title == "" {
			w.Title = m.Name
		}
		if w.Page == "" {
			w.Page = m.Page
		}
		if w.Carriers == nil {
			w.Carriers = []string{CarrierDirect}
		}
	}
}

// CommandForm says in words what ValidCommand takes.
const CommandForm = "letters, digits, _ and -, in parts with single dots between them, a letter first, at most 128 bytes"

// ValidCommand says whether name can name a command.
func ValidCommand(name string) bool {
	if name == "" || len(name) > maxCommand || !isLetter(name[0]) {
		return false
	}
	start := true // of a part
	for i := range len(name) {
		switch c := name[i]; {
		case c == '.' && start:
			return false
		case c != '.' && c != '_' && c != '-' && !isLetter(c) && (c < '0' || c > '9'):
			return false
		default:
			start = c == '.'
		}
	}
	return !start
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func matches(grammar, s string, longest int) bool {
	return len(s) <= longest && regexp.MustCompile(grammar).MatchString(s)
}

func isControl(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 }
