package policy

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// maxPath bounds a path in bytes: more than any system takes.
const maxPath = 32 << 10

// location is a path cut into its names.
type location struct {
	root  string // "/", "C:/", "//server/share/"; "" is relative
	parts []string
}

// lexicon compares paths as a platform's file system would, and URLs as a browser would, by text alone.
type lexicon struct {
	windows   bool
	fold      bool // names are compared without case
	variables map[string]location
	patterns  *recent[*urlPattern]
	hosts     *recent[hostEntry]
	globs     *recent[pattern]
	folders   *recent[location]
}

// The most patterns, hosts and directories of each kind that are kept compiled. Those of capability files that are used at all
// stay; a page can send as many as it likes where a rule takes them from its arguments.
const maxCompiled = 4096

func newLexicon(platform string, variables map[string]string) (*lexicon, error) {
	x := &lexicon{
		windows:   platform == "windows",
		fold:      platform == "windows" || platform == "darwin" || platform == "ios",
		variables: make(map[string]location, len(variables)),
		patterns:  newRecent(maxCompiled, newURLPattern),
		hosts:     newRecent(maxCompiled, newHostEntry),
	}
	x.globs, x.folders = newRecent(maxCompiled, x.pattern), newRecent(maxCompiled, x.directory)
	for name, value := range variables {
		if !regexp.MustCompile(`^\$[A-Z][A-Z0-9_]*$`).MatchString(name) {
			return nil, fmt.Errorf("policy: Config.Variables: %q: expected a dollar sign and capital letters, as in $HOME", name)
		}
		l, err := x.split(value)
		if err == nil && l.root == "" {
			err = errors.New("not an absolute path")
		}
		if err != nil {
			return nil, fmt.Errorf("policy: Config.Variables: %s: %q: %w", name, value, err)
		}
		x.variables[name] = l
	}
	return x, nil
}

// split cuts a path into names as the platform would, or says why it can't be
// judged. A ".." is never resolved: with a symbolic link before it, text and
// system disagree on where it leads.
func (x *lexicon) split(path string) (location, error) { return x.splitInto(nil, path) }

// splitInto is split with the memory of parts, which is part of the result also where it fails.
func (x *lexicon) splitInto(parts []string, path string) (location, error) {
	if l, ok := x.cutPlain(parts, path); ok {
		return l, nil
	}
	return x.cutAny(parts, path)
}

func (x *lexicon) cutAny(parts []string, path string) (location, error) {
	fault := location{parts: parts}
	if err := x.readable(path); err != nil {
		return fault, err
	}
	l, rest, err := x.cutRoot(path)
	if err != nil {
		return fault, err
	}
	l.parts = parts
	for name := range strings.SplitSeq(rest, "/") {
		switch name {
		case "", ".":
			continue
		case "..":
			return fault, errors.New("has a .. in it")
		}
		if x.windows {
			if name, err = windowsName(name); err != nil {
				return fault, err
			}
		}
		l.parts = append(l.parts, name)
	}
	return l, nil
}

// cutPlain is splitInto, in one pass, for paths with nothing in them that takes a closer look. Others
// are not ok.
func (x *lexicon) cutPlain(parts []string, path string) (l location, ok bool) {
	if x.windows || path == "" || len(path) > maxPath {
		return location{}, false
	}
	if path[0] == '/' {
		l.root = "/"
	}
	l.parts = parts
	from := 0
	for i := 0; i <= len(path); i++ {
		if i < len(path) && path[i] != '/' {
			if c := path[i]; c < ' ' || c > '~' || c == '\\' || c == '%' {
				return location{}, false
			}
			continue
		}
		switch name := path[from:i]; name {
		case "", ".":
		case "..":
			return location{}, false
		default:
			l.parts = append(l.parts, name)
		}
		from = i + 1
	}
	return l, true
}

// readable refuses texts that another reader might take for another path.
func (x *lexicon) readable(path string) error {
	switch {
	case path == "":
		return errors.New("is empty")
	case len(path) > maxPath:
		return errors.New("is too long")
	case !utf8.ValidString(path):
		return errors.New("is not UTF-8")
	}
	for i, r := range path {
		switch {
		case unicode.IsControl(r):
			return errors.New("has a control character in it")
		case r == '\\' && !x.windows:
			return errors.New("has a backslash in it")
		case r == '%' && isHex(path, i+1) && isHex(path, i+2):
			return errors.New("has a percent escape in it")
		}
	}
	return nil
}

func isHex(s string, i int) bool {
	return i < len(s) && strings.IndexByte("0123456789abcdefABCDEF", s[i]) >= 0
}

func (x *lexicon) cutRoot(path string) (l location, rest string, err error) {
	if !x.windows {
		if strings.HasPrefix(path, "/") {
			l.root = "/"
		}
		return l, path, nil
	}
	path = strings.ReplaceAll(path, `\`, "/")
	drive := len(path) >= 2 && path[1] == ':' && (path[0]|0x20 >= 'a' && path[0]|0x20 <= 'z')
	switch {
	case strings.HasPrefix(path, "//"):
		server, after, _ := strings.Cut(path[2:], "/")
		share, after, _ := strings.Cut(after, "/")
		if server == "" || share == "" || server == "." || server == "?" || strings.ContainsAny(server+share, `:*?<>|"`) {
			return l, "", errors.New("is a device path or no full share name")
		}
		l.root, rest = "//"+server+"/"+share+"/", after
	case strings.HasPrefix(path, "/"):
		return l, "", errors.New("has no drive")
	case drive && len(path) >= 3 && path[2] == '/':
		l.root, rest = strings.ToUpper(path[:2])+"/", path[3:]
	case drive:
		return l, "", errors.New("is relative to a drive's current directory")
	default:
		rest = path
	}
	return l, rest, nil
}

// windowsName is a name as Win32 stores it: without trailing dots and spaces.
// https://learn.microsoft.com/windows/win32/fileio/naming-a-file
func windowsName(name string) (string, error) {
	if strings.ContainsAny(name, `:*?<>|"`) {
		return "", errors.New("has a stream or a forbidden character in it")
	}
	trimmed := strings.TrimRight(name, ". ")
	if trimmed == "" {
		return "", errors.New("has a name of dots or spaces in it")
	}
	stem, _, _ := strings.Cut(trimmed, ".")
	switch stem = strings.ToUpper(strings.TrimRight(stem, " ")); stem {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$":
		return "", errors.New("names a device")
	}
	if number, ok := strings.CutPrefix(stem, "COM"); ok || strings.HasPrefix(stem, "LPT") {
		number = strings.TrimPrefix(number, "LPT")
		if r, n := utf8.DecodeRuneInString(number); n == len(number) && strings.ContainsRune("0123456789¹²³", r) && n > 0 {
			return "", errors.New("names a device")
		}
	}
	if i := strings.IndexByte(trimmed, '~'); i >= 0 && i+1 < len(trimmed) && trimmed[i+1] >= '0' && trimmed[i+1] <= '9' {
		return "", errors.New("may be a short (8.3) name")
	}
	return trimmed, nil
}

// same compares two names of which each is certainly the other's file. Outside ASCII no two
// file systems agree on what that is.
func (x *lexicon) same(a, b string) bool {
	if a == b || !x.fold || len(a) != len(b) {
		return a == b
	}
	for i := range len(a) {
		if lower(rune(a[i])) != lower(rune(b[i])) {
			return false
		}
	}
	return true
}

// lower folds the case of ASCII.
func lower(r rune) rune {
	if r >= 'A' && r <= 'Z' {
		return r | 0x20
	}
	return r
}

// below says whether the names of a directory are the first of a path's.
func (x *lexicon) below(names, dir []string) judgement {
	if len(names) < len(dir) {
		return outside
	}
	j := inside
	for i, name := range dir {
		switch {
		case x.same(name, names[i]):
		case x.fold && x.loose(name) == x.loose(names[i]):
			j = doubtful
		default:
			return outside
		}
	}
	return j
}

// loose is a name without all that some file system passes over: APFS and HFS+ how a letter is
// composed, NTFS and both of them case by tables of their own, HFS+ what can't be seen.
func (x *lexicon) loose(name string) string {
	if isASCII(name) {
		return strings.ToLower(name)
	}
	name = strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.Cf, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point) {
			return -1
		}
		return r
	}, name)
	return norm.NFKC.String(cases.Fold().String(norm.NFKC.String(name)))
}

func isASCII(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}

// relate compares roots: inside if paths below both can be compared name by name.
func (x *lexicon) relate(a, b string) judgement {
	switch {
	case x.same(a, b):
		return inside
	case a == "" || b == "", strings.HasPrefix(a, "//"), strings.HasPrefix(b, "//"):
		// A relative path starts anywhere, and a share may be a local directory's other name.
		return doubtful
	}
	return outside
}

// variable splits a leading variable off a directory or a pattern.
func (x *lexicon) variable(text string) (base location, rest string, found bool, err error) {
	if !strings.HasPrefix(text, "$") {
		return location{}, text, false, nil
	}
	separators := "/"
	if x.windows {
		separators = `/\`
	}
	name, rest := text, ""
	if i := strings.IndexAny(text, separators); i >= 0 {
		name, rest = text[:i], text[i+1:]
	}
	base, ok := x.variables[name]
	if !ok {
		return location{}, "", false, fmt.Errorf("unknown variable %s", name)
	}
	return base, rest, true, nil
}

// directory reads the second operand of path_inside.
func (x *lexicon) directory(text string) (location, error) {
	base, rest, found, err := x.variable(text)
	if err != nil || found && rest == "" {
		return base, err
	}
	if !found {
		return x.split(text)
	}
	l, err := x.split("./" + rest)
	if err != nil {
		return location{}, err
	}
	return location{base.root, append(base.parts[:len(base.parts):len(base.parts)], l.parts...)}, nil
}

// inside says whether path is dir or lies below it.
func (x *lexicon) inside(path, dir string) judgement {
	d, err := x.folders.get(dir)
	if err != nil {
		return doubtful
	}
	p, err := x.split(path)
	if err != nil {
		return doubtful
	}
	return x.lies(p, d)
}

// lies says whether a path is a directory or lies below it.
func (x *lexicon) lies(path, dir location) judgement {
	if r := x.relate(path.root, dir.root); r != inside {
		return r
	}
	return x.below(path.parts, dir.parts)
}
