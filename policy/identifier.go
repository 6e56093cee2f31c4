package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/manifest"
)

// identifier names a permission or a set: base, or namespace:base.
type identifier struct {
	namespace, base string
	// command is the command that an identifier of the form allow-<command> or deny-<command> is about,
	// by its form alone, "" for any other. In a namespace the command's name is what follows it.
	command string
}

func (i identifier) String() string {
	if i.namespace == "" {
		return i.base
	}
	return i.namespace + ":" + i.base
}

// eventsAreRego is what to do about events: a permission that is not about single ones would be for all.
const eventsAreRego = "declarative files have no permissions for events: allow each in a .rego file, by " +
	"input.command == \"" + ListenCommand + "\" or \"" + EmitCommand + "\", and input.event"

// defaultBase names the default set of a namespace.
const defaultBase = "default"

// The grammar of identifiers, which is Tauri's, and the lengths that it allows.
const (
	maxNamespace  = 51
	maxIdentifier = maxNamespace + 1 + 64
	maxCapability = 64
)

// parseIdentifier reads an identifier. One that stands for a command may have what command names
// have beyond Tauri's grammar: dots and underscores.
func parseIdentifier(text string) (identifier, error) {
	id := identifier{base: text}
	if namespace, base, ok := strings.Cut(text, ":"); ok {
		id = identifier{namespace: namespace, base: base}
	}
	switch {
	case id.namespace == "core" && strings.HasPrefix(id.base, "event:"):
		return id, fmt.Errorf("%q: %s", text, eventsAreRego)
	case id.namespace == "core":
		return id, fmt.Errorf("%q: the permissions of Tauri's core have no equivalent here: remove it", text)
	case strings.Contains(text, "|"):
		return id, fmt.Errorf("%q is a command of Tauri's, which sallyport policy import tauri understands: here it is namespace.command, and its permission allow-namespace.command", text)
	case strings.HasPrefix(text, "tauri-plugin-"):
		return id, fmt.Errorf("%q: expected the plugin's name without tauri-plugin-", text)
	case len(text) > maxIdentifier || len(id.namespace) > maxNamespace:
		return id, fmt.Errorf("%q is too long: at most %d bytes were expected, and %d before the colon", text, maxIdentifier, maxNamespace)
	}
	id.command = id.commandName()
	if strings.Contains(text, ":") && !isWord(id.namespace) || !isWord(id.base) && id.command == "" {
		return id, fmt.Errorf("%q can't name a permission: expected letters, digits and inner hyphens, with at most one colon after a namespace, or allow- or deny- and a command's name", text)
	}
	return id, nil
}

// isWord says that text is letters, digits and inner hyphens.
func isWord(text string) bool {
	for i := range len(text) {
		switch c := text[i]; {
		case c|0x20 >= 'a' && c|0x20 <= 'z', c >= '0' && c <= '9':
		case c == '-' && i > 0 && i < len(text)-1:
		default:
			return false
		}
	}
	return text != ""
}

func (i identifier) commandName() string {
	name, found := strings.CutPrefix(i.base, "allow-")
	if !found {
		name, found = strings.CutPrefix(i.base, "deny-")
	}
	if found && i.namespace != "" {
		name = i.namespace + "." + name
	}
	if !found || !manifest.ValidCommand(name) {
		return ""
	}
	return name
}

// key is one text for all ways to write one identifier: allow-notes.save and notes:allow-save.
func (i identifier) key() string {
	if i.command == "" {
		return i.String()
	}
	verb, _, _ := strings.Cut(i.base, "-")
	return verb + " " + i.command
}

func checkCapabilityID(text string) error {
	if len(text) <= maxCapability && isWord(strings.NewReplacer(".", "-", "_", "-").Replace(text)) {
		return nil
	}
	return fmt.Errorf("%q can't name a capability: expected letters, digits and, within, hyphens, dots and underscores, at most %d", text, maxCapability)
}

// command names are written in full in every file.
func checkCommand(text, namespace string) error {
	switch {
	case text == EmitCommand, text == ListenCommand:
		return fmt.Errorf("%q: %s", text, eventsAreRego)
	case strings.ContainsAny(text, "|:"):
		return fmt.Errorf("%q: expected a command's full name, such as notes.save; Tauri's plugin:notes|save is that", text)
	case !manifest.ValidCommand(text):
		return fmt.Errorf("%q can't name a command: expected %s", text, manifest.CommandForm)
	case namespace != "" && !strings.HasPrefix(text, namespace+"."):
		return fmt.Errorf("%q is not in the namespace of this folder: expected full names that begin with %q", text, namespace+".")
	}
	return nil
}

// near are the candidates that a misspelt name may be meant for, the nearest first, at most three.
func near(name string, candidates []string) []string {
	type match struct {
		distance int
		name     string
	}
	var all []match
	for _, c := range candidates {
		if d := distance(name, c); d <= min(2, max(1, min(len(name), len(c))/4)) {
			all = append(all, match{d, c})
		}
	}
	slices.SortFunc(all, func(a, b match) int {
		if a.distance != b.distance {
			return a.distance - b.distance
		}
		return strings.Compare(a.name, b.name)
	})
	var names []string
	for _, m := range all[:min(3, len(all))] {
		names = append(names, m.name)
	}
	return names
}

// didYouMean ends an error with the names that are near.
func didYouMean(problem, name string, candidates []string) error {
	if names := near(name, candidates); len(names) > 0 {
		problem += "; did you mean " + strings.Join(names, " or ") + "?"
	}
	return errors.New(problem)
}
