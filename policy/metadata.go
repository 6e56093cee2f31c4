package policy

import (
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"go.yaml.in/yaml/v3"
)

// platforms are the GOOS names that a capability may give.
func platforms() []string {
	return []string{"android", "darwin", "freebsd", "ios", "linux", "netbsd", "openbsd", "windows"}
}

// block is one METADATA comment.
type block struct {
	row  int // of the METADATA line
	end  int // of its last line
	text string
}

// blocks cuts the METADATA comments out of a module's comments. OPA's own annotations
// don't serve: they drop unknown keys, and a misspelt one would widen a capability.
func blocks(comments []*ast.Comment) []block {
	var all []block
	var lines []string
	last, open := 0, false
	flush := func() {
		if open {
			all[len(all)-1].text, all[len(all)-1].end = strings.Join(lines, "\n"), last
		}
		lines, open = nil, false
	}
	for _, c := range comments {
		row, text := c.Location.Row, string(c.Text)
		if open && row != last+1 {
			flush()
		}
		switch {
		case open:
			lines = append(lines, strings.TrimPrefix(text, " "))
		case strings.TrimSpace(text) == "METADATA":
			all = append(all, block{row: row})
			open = true
		}
		last = row
	}
	flush()
	return all
}

// readMetadata finds and reads the block over the package and checks all others.
func readMetadata(file string, m *ast.Module, c *Capability) error {
	packageRow := m.Package.Location.Row
	var own *block
	for _, b := range blocks(m.Comments) {
		switch {
		case b.row >= packageRow:
			if err := b.readRule(file, m, c); err != nil {
				return err
			}
		case own != nil:
			return at(file, b.row, errors.New("second METADATA block over the package: keep one"))
		default:
			own = &b
		}
	}
	if own == nil {
		return at(file, packageRow, errors.New("no METADATA block over the package: say where the capability holds, "+
			`at least "# METADATA", "# custom:", "#   windows: [main]"`))
	}
	// An empty line ends a block. What stands below it looks like more of it and would count for nothing.
	for _, c := range m.Comments {
		if row := c.Location.Row; row > own.end && row < packageRow {
			return at(file, row, errors.New("comment between the METADATA block and the package: an empty line ends the block; "+
				"close the gap, or move the comment above the block"))
		}
	}
	return own.read(file, c)
}

// member is one key of a YAML mapping with its value, and the row in the Rego file.
type member struct {
	name string
	row  int
	node *yaml.Node
}

// fault takes the line out of an error of the YAML package, which counts from the
// block's first and is sometimes one off. Of the first line it says nothing.
func (b block) fault(err error) (row int, problem string) {
	line := 1
	problem = strings.TrimPrefix(err.Error(), "yaml: ")
	if m := regexp.MustCompile(`^line (\d+): `).FindStringSubmatch(problem); m != nil {
		line, _ = strconv.Atoi(m[1])
		problem = problem[len(m[0]):]
	}
	return min(b.row+line, b.end), problem
}

func (b block) members(file string) ([]member, error) {
	var doc, more yaml.Node
	d := yaml.NewDecoder(strings.NewReader(b.text))
	if err := d.Decode(&doc); err != nil && err != io.EOF {
		row, problem := b.fault(err)
		return nil, at(file, row, fmt.Errorf("the METADATA block is not YAML, here or on a line beside it: %s", problem))
	}
	if err := d.Decode(&more); err != io.EOF {
		return nil, at(file, b.row, errors.New("the METADATA block is more than one YAML document: remove the --- or ... in it"))
	}
	if len(doc.Content) == 0 {
		return nil, nil
	}
	return b.mapping(file, doc.Content[0], "the METADATA block")
}

func (b block) mapping(file string, n *yaml.Node, what string) ([]member, error) {
	if n.Kind != yaml.MappingNode {
		return nil, at(file, b.row+n.Line, fmt.Errorf("%s must be a mapping of keys to values", what))
	}
	var all []member
	for i := 0; i < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		m := member{name: key.Value, row: b.row + key.Line, node: value}
		if key.Kind != yaml.ScalarNode || key.Tag == "!!merge" || value.Kind == yaml.AliasNode {
			return nil, at(file, m.row, fmt.Errorf("%s: YAML anchors, aliases and merges are refused: write the values out", what))
		}
		if slices.ContainsFunc(all, func(o member) bool { return o.name == m.name }) {
			return nil, at(file, m.row, fmt.Errorf("%s: key %q is given twice", what, m.name))
		}
		all = append(all, m)
	}
	return all, nil
}

func (b block) read(file string, c *Capability) error {
	members, err := b.members(file)
	if err != nil {
		return err
	}
	var custom []member
	for _, m := range members {
		switch m.name {
		case "title":
			c.Title, err = text(m)
		case "description":
			c.Description, err = text(m)
		case "scope":
			if m.node.Value != "package" {
				err = errors.New("scope over the package must be package")
			}
		case "custom":
			custom, err = b.mapping(file, m.node, "custom")
		default:
			err = fmt.Errorf("unknown metadata key %q: expected title, description or custom", m.name)
		}
		if err != nil {
			return at(file, m.row, err)
		}
	}
	return b.readCustom(file, custom, c)
}

func (b block) readCustom(file string, custom []member, c *Capability) error {
	local, windows := -1, false
	c.lines = make(map[string]int, len(custom))
	for _, m := range custom {
		var err error
		c.lines[m.name] = m.row
		switch m.name {
		case "windows":
			windows, c.Line = true, m.row
			c.Windows, err = list(m, checkWindow)
		case "origins":
			c.sites = nil
			c.Origins, err = list(m, func(text string) (string, error) {
				s, err := readSite(text)
				c.sites = append(c.sites, s)
				return s.text, err
			})
		case "platforms":
			c.Platforms, err = list(m, checkPlatform)
		case "expires":
			c.Expires, err = instant(m)
		case "local":
			var v bool
			if m.node.Tag != "!!bool" || m.node.Decode(&v) != nil {
				err = errors.New("local must be true or false")
			}
			local = map[bool]int{false: 0, true: 1}[v]
		default:
			err = fmt.Errorf("unknown metadata key %q: expected windows, origins, local, platforms or expires", m.name)
		}
		if err != nil {
			return at(file, m.row, err)
		}
	}
	if !windows {
		return at(file, b.row, errors.New(`custom.windows is missing: name the windows, ["*"] for all of them, [] for none`))
	}
	c.Local = local == 1 || local == -1 && c.Origins == nil
	return nil
}

func text(m member) (string, error) {
	if m.node.Kind != yaml.ScalarNode || m.node.Tag != "!!str" {
		return "", fmt.Errorf("%s must be text", m.name)
	}
	return m.node.Value, nil
}

// list reads a sequence of strings. Never nil without an error: empty is not unset.
func list(m member, read func(string) (string, error)) ([]string, error) {
	if m.node.Kind != yaml.SequenceNode {
		return nil, fmt.Errorf("%s must be a list of strings; leave the key out or write [] if that is what you mean", m.name)
	}
	all := []string{}
	for _, n := range m.node.Content {
		if n.Kind != yaml.ScalarNode || n.Tag != "!!str" {
			return nil, fmt.Errorf("%s must hold strings only: quote %q", m.name, n.Value)
		}
		item, err := read(n.Value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.name, err)
		}
		all = append(all, item)
	}
	return all, nil
}

func instant(m member) (time.Time, error) {
	t, err := readInstant(m.node.Value)
	if m.node.Kind != yaml.ScalarNode || err != nil {
		return time.Time{}, fmt.Errorf("expires must be an RFC 3339 time such as 2027-01-31T00:00:00Z, not %q", m.node.Value)
	}
	return t, nil
}

// readInstant refuses the first instant of all, which Go writes for a time that is not set, and which would
// stand for never here.
func readInstant(text string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, text)
	if err == nil && t.IsZero() {
		err = errors.New("a time that is not set")
	}
	return t, err
}

func checkWindow(glob string) (string, error) {
	for _, r := range glob {
		if !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '*' || r == '?') {
			return "", fmt.Errorf("%q: labels are lower-case letters, digits and dashes; of globs only * and ? are known", glob)
		}
	}
	if glob == "" {
		return "", errors.New(`"" names no window`)
	}
	return glob, nil
}

func checkPlatform(name string) (string, error) {
	if slices.Contains(platforms(), name) {
		return name, nil
	}
	hint := ""
	if strings.EqualFold(name, "macos") {
		hint = ` (macOS is "darwin")`
	}
	return "", fmt.Errorf("unknown platform %q%s: expected one of %s", name, hint, strings.Join(platforms(), ", "))
}

// holds says whether the capability holds for a key, its expiry aside. page is the key's
// origin, nil if that can't be named.
func (c *Capability) holds(k *key, page *address) bool {
	return c.runsOn(k.platform) && c.opensIn(k.window) && c.trusts(k.local, page)
}

// expired says whether the capability holds nowhere any more: from the instant that it names on.
func (c *Capability) expired(t time.Time) bool { return !c.Expires.IsZero() && !t.Before(c.Expires) }

func (c *Capability) runsOn(platform string) bool {
	return c.Platforms == nil || slices.Contains(c.Platforms, platform)
}

func (c *Capability) trusts(local bool, page *address) bool {
	return local && c.Local || page != nil && slices.ContainsFunc(c.sites, func(s site) bool { return s.holds(page) })
}

func (c *Capability) opensIn(window string) bool {
	return slices.ContainsFunc(c.Windows, func(glob string) bool {
		// The alphabet of globs is checked at load: none is malformed.
		ok, err := path.Match(glob, window)
		return ok && err == nil
	})
}
