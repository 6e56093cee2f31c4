package document

import (
	"errors"
	"slices"
	"sort"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// parseTOML builds the tree from the library's syntax tree, which knows positions, and has the
// library itself judge what TOML forbids beyond syntax: tables defined twice, dates that are none.
func parseTOML(data []byte) (*Node, error) {
	r := tomlReader{data: data, root: &Node{Kind: Table, Line: 1}}
	for i, c := range data {
		if c == '\n' {
			r.lines = append(r.lines, i)
		}
	}
	r.table = r.root
	r.p.Reset(data)
	for r.p.NextExpression() {
		if err := r.expression(r.p.Expression()); err != nil {
			return nil, err
		}
	}
	var judged map[string]any
	if err := toml.Unmarshal(data, &judged); err != nil {
		line := 1
		var e *toml.DecodeError
		if errors.As(err, &e) {
			line, _ = e.Position()
		}
		return nil, fault(line, "not TOML: %s", strings.TrimPrefix(err.Error(), "toml: "))
	}
	return r.root, r.p.Error()
}

type tomlReader struct {
	data  []byte
	lines []int // offsets of line feeds
	p     unstable.Parser
	root  *Node
	table *Node // that key-value pairs go to
	place int   // the last known line, for nodes that have no position of their own
}

func (r *tomlReader) line(n *unstable.Node) int {
	if n.Raw.Length > 0 {
		r.place = 1 + sort.SearchInts(r.lines, int(n.Raw.Offset))
	}
	return r.place
}

// seek finds the line of a list in a list, which has no position, by what stands in it.
func (r *tomlReader) seek(n *unstable.Node) {
	for n.Valid() && n.Raw.Length == 0 && n.Kind == unstable.Array {
		n = n.Child()
	}
	if n.Valid() {
		r.line(n)
	}
}

func (r *tomlReader) expression(e *unstable.Node) error {
	var keys []Member
	if e.Kind == unstable.KeyValue || e.Kind == unstable.Table || e.Kind == unstable.ArrayTable {
		keys = r.keys(e.Key())
		if len(keys) == 0 {
			return fault(r.place, "not TOML: a name is missing")
		}
	}
	switch e.Kind {
	case unstable.KeyValue:
		return r.pair(r.table, keys, e.Value(), 0)
	case unstable.Table:
		t, err := descend(r.root, keys)
		r.table = t
		return err
	case unstable.ArrayTable:
		return r.element(keys)
	}
	return nil
}

func (r *tomlReader) keys(it unstable.Iterator) []Member {
	var all []Member
	for it.Next() {
		all = append(all, Member{Name: string(it.Node().Data), Line: r.line(it.Node())})
	}
	return all
}

// element begins one more table of a list of tables.
func (r *tomlReader) element(keys []Member) error {
	last := keys[len(keys)-1]
	parent, err := descend(r.root, keys[:len(keys)-1])
	if err != nil {
		return err
	}
	list := parent.Member(last.Name)
	if list == nil {
		list = &Node{Kind: List, Line: last.Line}
		if err := parent.add(Member{last.Name, last.Line, list}); err != nil {
			return err
		}
	}
	if list.Kind != List {
		return fault(last.Line, "%q is %s already, from line %d on: no list of tables can be added to", last.Name, list.Kind, list.Line)
	}
	r.table = &Node{Kind: Table, Line: last.Line}
	list.Items = append(list.Items, r.table)
	return nil
}

// descend finds or makes the table of a dotted name. Of a list it is the last element.
func descend(from *Node, keys []Member) (*Node, error) {
	if len(keys) > maxDepth {
		return nil, tooDeep(keys[0].Line)
	}
	for _, k := range keys {
		next := from.Member(k.Name)
		if next == nil {
			next = &Node{Kind: Table, Line: k.Line}
			if err := from.add(Member{k.Name, k.Line, next}); err != nil {
				return nil, err
			}
		}
		if next.Kind == List && len(next.Items) > 0 {
			next = next.Items[len(next.Items)-1]
		}
		if next.Kind != Table {
			return nil, fault(k.Line, "%q is %s already, from line %d on: an object was expected", k.Name, next.Kind, next.Line)
		}
		from = next
	}
	return from, nil
}

func (r *tomlReader) pair(table *Node, keys []Member, value *unstable.Node, depth int) error {
	parent, err := descend(table, keys[:len(keys)-1])
	if err != nil {
		return err
	}
	last := keys[len(keys)-1]
	r.place = last.Line
	if last.Value, err = r.value(value, depth+len(keys)); err != nil {
		return err
	}
	return parent.add(last)
}

func (r *tomlReader) value(v *unstable.Node, depth int) (*Node, error) {
	n := &Node{Line: r.line(v), Text: string(v.Data)}
	if depth > maxDepth {
		return nil, tooDeep(n.Line)
	}
	switch v.Kind {
	case unstable.String:
		n.Kind = Text
	case unstable.Bool:
		n.Kind = Bool
	case unstable.Integer, unstable.Float:
		return number(n.Line, n.Text)
	case unstable.LocalDate, unstable.LocalTime, unstable.LocalDateTime, unstable.DateTime:
		n.Kind = Time
	case unstable.Array:
		n.Kind, n.Text = List, ""
		it := v.Children()
		for it.Next() {
			r.seek(it.Node())
			item, err := r.value(it.Node(), depth+1)
			if err != nil {
				return nil, err
			}
			n.Items = append(n.Items, item)
		}
	case unstable.InlineTable:
		n.Kind, n.Text = Table, ""
		it := v.Children()
		for it.Next() {
			pair := it.Node()
			if err := r.pair(n, r.keys(pair.Key()), pair.Value(), depth+1); err != nil {
				return nil, err
			}
		}
	default:
		return nil, fault(n.Line, "not TOML: %v is no value", v.Kind)
	}
	n.Items = slices.Clip(n.Items)
	return n, nil
}
