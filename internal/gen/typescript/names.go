package typescript

import (
	"slices"
	"strconv"
	"strings"
)

// taken are names that the file needs for what they mean elsewhere.
func taken() map[string]bool {
	names := map[string]bool{}
	for _, name := range []string{
		"Promise", "Object", "Uint8Array", "ArrayBuffer", "Blob", "Binary",
		"InvokeOptions", "ListenOptions", "ReceivedEvent", "StreamCall", "Commands", "Events", "Channels",
	} {
		names[name] = true
	}
	return names
}

// A namer gives each definition a name that no other has. Those of one name in
// several files, as a Go type makes them, are one if they are the same.
type namer struct {
	taken map[string]bool
	split map[string]bool // candidates that are not the same everywhere
}

// name names all definitions. A file's root has its name already, perhaps not
// for itself alone.
func (n namer) name(files []*file) {
	for _, f := range files {
		f.defs[0].name = n.unique(f.defs[0].name)
	}
	for n.splitOnce(files) {
	}
	shared := map[string]string{}
	for _, f := range files {
		for _, d := range f.defs[1:] {
			candidate := d.candidate()
			if n.split[candidate] {
				d.name = n.unique(n.working(d))
				continue
			}
			if shared[candidate] == "" {
				shared[candidate] = n.unique(candidate)
			}
			d.name = shared[candidate]
		}
	}
}

// splitOnce finds candidates that can't be names by themselves, under the names
// that are given so far.
func (n namer) splitOnce(files []*file) (found bool) {
	p := printer{name: n.working}
	same := map[string]string{}
	for _, f := range files {
		for _, d := range f.defs[1:] {
			candidate := d.candidate()
			if n.split[candidate] {
				continue
			}
			written := comment(docOf(d.schema), 0) + p.typ(d.t, 0)
			if first, ok := same[candidate]; n.taken[candidate] || ok && first != written {
				n.split[candidate], found = true, true
			}
			same[candidate] = written
		}
	}
	return found
}

// working is the name that a definition would have by what is known so far.
func (n namer) working(d *definition) string {
	if d.pointer == "" {
		return d.name
	}
	candidate := d.candidate()
	if n.split[candidate] {
		return d.file.defs[0].name + candidate
	}
	return candidate
}

// unique takes a name, or the first free one with a number behind it.
func (n namer) unique(name string) string {
	free := name
	for i := 2; n.taken[free]; i++ {
		free = name + strconv.Itoa(i)
	}
	n.taken[free] = true
	return free
}

// candidate is the name that a definition asks for: its own in $defs, otherwise
// its file's and its place.
func (d *definition) candidate() string {
	tokens := strings.Split(d.pointer, "/")[1:]
	if n := len(tokens); n >= 2 && (tokens[n-2] == "$defs" || tokens[n-2] == "definitions") {
		return typeName(tokens[n-1])
	}
	tokens = slices.DeleteFunc(tokens, func(t string) bool { return t == "properties" })
	return d.file.defs[0].name + typeName(strings.Join(tokens, "."))
}

// typeName makes an identifier of a name: notes.save becomes NotesSave.
func typeName(name string) string {
	var b strings.Builder
	start := true
	for _, r := range name {
		letter, digit := r|0x20 >= 'a' && r|0x20 <= 'z', r >= '0' && r <= '9'
		switch {
		case !letter && !digit:
			start = true
			continue
		case start && letter:
			r &^= 0x20
		}
		b.WriteRune(r)
		start = false
	}
	s := b.String()
	if s == "" || s[0] <= '9' {
		return "Type" + s
	}
	return s
}
