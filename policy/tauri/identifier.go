package tauri

import "strings"

// identifier is what an identifier in a file of a namespace is here. It reports false, with a note, if
// that is nothing.
func (i *importer) identifier(file string, line int, text, namespace string) (id string, ok bool) {
	prefix, base, found := strings.Cut(text, ":")
	if !found {
		prefix, base = namespace, text
	}
	if prefix == "core" && strings.HasPrefix(base, "event:") {
		i.note(file, line, "%s is for all events at once; left out: allow each in a .rego file, as docs/capabilities.md has it", text)
		return "", false
	}
	if prefix == "core" {
		i.note(file, line, "%s is of Tauri's core, whose windows and menus have no commands here; left out", text)
		return "", false
	}
	_, defined := i.defined[whole(prefix, base)]
	verb, rest, _ := strings.Cut(base, "-")
	command := (verb == "allow" || verb == "deny") && rest != ""
	switch {
	case defined:
		return text, true
	case base == "default":
		i.note(file, line, "the default set of %s is in the plugin's own crate, not in this project; left out, with what it denies: name the permissions that are meant", prefix)
		return "", false
	case !command && (base == "scope" || strings.HasPrefix(base, "scope-")): // as plugins call what limits their commands
		i.wider(file, line, "%s is not defined in this project, so it is a plugin's; left out, and the commands that it limits are not limited by it: write it in a file below permissions/%s", text, prefix)
		return "", false
	case !command:
		i.note(file, line, "%s is not defined in this project, so it is a plugin's; left out: write it in a file below permissions/%s", text, prefix)
		return "", false
	}
	name := strings.ReplaceAll(rest, "-", "_") // as Rust's functions are named
	if prefix != "" {
		if verb == "deny" {
			i.wider(file, line, "%s is not defined in this project; taken to deny the command %s.%s. If it is a scope or a set of the plugin, it denies nothing here: write it in a file below permissions/%s", text, prefix, name, prefix)
		} else {
			i.note(file, line, "%s is not defined in this project; taken for the command %s.%s, which the app has to register; unless a scope says so, it may be called with any arguments", text, prefix, name)
		}
	}
	id = verb + "-" + name
	if found {
		id = prefix + ":" + id
	}
	return id, true
}

// command is the full name of a command.
func command(text, namespace string) string {
	if rest, ok := strings.CutPrefix(text, "plugin:"); ok {
		return strings.Replace(rest, "|", ".", 1)
	}
	if namespace == "" {
		return text
	}
	return namespace + "." + text
}
