package tauri

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/policy/internal/document"
)

// scope turns the lists of a scope. It reports false if an entry of what is denied can't be kept.
func (i *importer) scope(file string, n *document.Node) (allow, deny []json.RawMessage, ok bool) {
	list := func(name string) []*document.Node { return items(n.Member(name)) }
	if given := n.Member("allow"); given != nil && given.Kind == document.List {
		allow = []json.RawMessage{} // given, if nothing in it can be kept: then it allows nothing
	}
	for _, e := range list("allow") {
		if text, ok := i.entry(file, e, true); ok {
			allow = append(allow, text)
		}
	}
	ok = true
	for _, e := range list("deny") {
		text, kept := i.entry(file, e, false)
		if !kept {
			ok = false
			continue
		}
		deny = append(deny, text)
	}
	return allow, deny, ok
}

// entry turns one entry; false, with a note, if it can't be kept.
func (i *importer) entry(file string, n *document.Node, allows bool) (json.RawMessage, bool) {
	out := *n
	switch n.Kind {
	case document.Text:
		if !strings.Contains(n.Text, "://") {
			out.Text = i.path(file, n)
		}
	case document.Table:
		out.Members = slices.Clone(n.Members)
		for m, member := range out.Members {
			switch member.Name {
			case "path":
				value := *member.Value
				value.Text = i.path(file, member.Value)
				out.Members[m].Value = &value
			case "url":
			default:
				if !allows {
					i.note(file, member.Line, "the core can't say what %q of an entry of deny means to the plugin", member.Name)
					return nil, false
				}
				i.note(file, member.Line, "%q of a scope's entry is compared with the argument of that name, which has to equal it", member.Name)
			}
		}
	}
	text := json.RawMessage(out.AppendJSON(nil))
	err := loadsCapability(capabilityOut{Identifier: "x", Windows: []string{}, Permissions: []any{grantOut{Identifier: "allow-x.x", Allow: []json.RawMessage{text}}}})
	if err != nil {
		i.note(file, n.Line, "scope entry %s: %v; left out", n.AppendJSON(nil), err)
		return nil, false
	}
	return text, true
}

// ours are variables that mean the same here.
func ours() []string {
	return []string{"$AUDIO", "$CACHE", "$CONFIG", "$DESKTOP", "$DOCUMENT", "$DOWNLOAD", "$HOME", "$PICTURE", "$PUBLIC", "$RUNTIME", "$TEMP", "$VIDEO"}
}

// theirs are Tauri's others, which only the app's code can set.
func theirs() []string {
	return []string{"$APP", "$APPLOCALDATA", "$APPLOG", "$EXE", "$FONT", "$LOCALDATA", "$LOG", "$RESOURCE", "$TEMPLATE"}
}

// path puts our variable for Tauri's, whose folders of the app have its identifier in them.
func (i *importer) path(file string, n *document.Node) string {
	name, rest, _ := strings.Cut(n.Text, "/")
	if rest != "" {
		rest = "/" + rest
	}
	below := map[string]string{"$APPDATA": "$APPDATA/", "$APPCONFIG": "$CONFIG/", "$APPCACHE": "$CACHE/"}
	switch {
	case name == "$DATA":
		return "$APPDATA" + rest
	case below[name] != "" && i.bundle != "":
		return below[name] + i.bundle + rest
	case below[name] != "":
		return name + "_of_an_app_without_identifier" + rest // refused as unknown
	case slices.Contains(theirs(), name) && !i.told[name]:
		i.told[name] = true
		i.note(file, n.Line, "%s: set it in core.Config.Variables; Sallyport has no such directory of its own", name)
	}
	return n.Text
}
