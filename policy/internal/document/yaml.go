package document

import (
	"bytes"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// parseYAML reads one document by YAML's core schema, in which only true and false are booleans:
// no, on and yes are text.
func parseYAML(data []byte) (*Node, error) {
	// YAML 1.1 and the package end a line here, and so a comment too; YAML 1.2 and editors don't.
	if i := bytes.IndexFunc(data, func(r rune) bool { return r == '\u0085' || r == '\u2028' || r == '\u2029' }); i >= 0 {
		return nil, fault(lineAt(data, i), "a line separator that is none in every version of YAML: write it as \\u2028 in double quotes, or leave it out")
	}
	if i := bytes.IndexByte(bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n\n")), '\r'); i >= 0 {
		return nil, fault(lineAt(data, i), "a carriage return without a line feed, which ends a line in YAML and not everywhere else: save the file with line feeds")
	}
	var doc, more yaml.Node
	d := yaml.NewDecoder(bytes.NewReader(data))
	if err := d.Decode(&doc); err != nil && err != io.EOF {
		return nil, yamlFault(err)
	}
	if len(doc.Content) == 0 {
		return nil, fault(1, "the file is empty: an object was expected")
	}
	if err := d.Decode(&more); err != io.EOF {
		if err != nil {
			return nil, yamlFault(err)
		}
		return nil, fault(more.Line, "a second YAML document: one was expected, without --- or ... after it")
	}
	r := yamlReader{scalars: newScalars(), last: lineAt(data, len(data))}
	return r.value(doc.Content[0], 0)
}

// yamlFault takes the line out of an error of the YAML package, which is sometimes one off.
func yamlFault(err error) error {
	line, problem := 1, strings.TrimPrefix(err.Error(), "yaml: ")
	if m := regexp.MustCompile(`^line (\d+): `).FindStringSubmatch(problem); m != nil {
		line, _ = strconv.Atoi(m[1])
		problem = problem[len(m[0]):]
	}
	return fault(line, "not YAML, here or on a line beside it: %s", problem)
}

// scalars are what plain scalars can be but text (YAML 1.2.2, section 10.3.2).
type scalars struct{ null, boolean, number *regexp.Regexp }

func newScalars() scalars {
	return scalars{
		null:    regexp.MustCompile(`^(null|Null|NULL|~|)$`),
		boolean: regexp.MustCompile(`^(true|True|TRUE|false|False|FALSE)$`),
		number: regexp.MustCompile(`^([-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+|[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?` +
			`|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$`),
	}
}

type yamlReader struct {
	scalars
	last int // the package may place what is absent on a line after it
}

func (r yamlReader) value(y *yaml.Node, depth int) (*Node, error) {
	switch {
	case depth > maxDepth:
		return nil, tooDeep(y.Line)
	case y.Kind == yaml.AliasNode || y.Anchor != "":
		return nil, fault(y.Line, "YAML anchors and aliases are refused: write the values out")
	case y.Style&yaml.TaggedStyle != 0:
		return nil, fault(y.Line, "YAML tags such as %s are refused: quote what is text, leave the tag out otherwise", y.Tag)
	}
	n := &Node{Line: min(y.Line, r.last)}
	switch y.Kind {
	case yaml.SequenceNode:
		n.Kind = List
		for _, c := range y.Content {
			item, err := r.value(c, depth+1)
			if err != nil {
				return nil, err
			}
			n.Items = append(n.Items, item)
		}
		return n, nil
	case yaml.MappingNode:
		n.Kind = Table
		for i := 0; i+1 < len(y.Content); i += 2 {
			m, err := r.member(y.Content[i], y.Content[i+1], depth)
			if err == nil {
				err = n.add(m)
			}
			if err != nil {
				return nil, err
			}
		}
		return n, nil
	}
	return r.scalar(n, y)
}

func (r yamlReader) member(key, value *yaml.Node, depth int) (Member, error) {
	name, err := r.value(key, depth+1)
	if err != nil {
		return Member{}, err
	}
	switch {
	case name.Kind == Text && name.Text == "<<" && plain(key):
		return Member{}, fault(key.Line, "YAML merges (<<) are refused: write the values out")
	case name.Kind != Text:
		return Member{}, fault(key.Line, "a name was expected, got %s: quote it if it is meant as text", name.Kind)
	}
	m := Member{Name: name.Text, Line: key.Line}
	m.Value, err = r.value(value, depth+1)
	return m, err
}

func plain(y *yaml.Node) bool {
	return y.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) == 0
}

func (r yamlReader) scalar(n *Node, y *yaml.Node) (*Node, error) {
	n.Kind, n.Text = Text, y.Value
	switch {
	case !plain(y):
	case r.null.MatchString(y.Value):
		n.Kind, n.Text = Null, ""
	case r.boolean.MatchString(y.Value):
		n.Kind, n.Text = Bool, strings.ToLower(y.Value)
	case r.number.MatchString(y.Value):
		return number(n.Line, y.Value)
	}
	return n, nil
}
