package schema

import "math"

// An objectRule holds what is asked of an object.
type objectRule struct {
	least, most int
	required    int // how many of members must be there
	members     []memberRule
	slots       []uint16       // members by spot, plus one; empty ones are 0
	index       map[string]int // instead of slots where too many share a spot
	patterns    []patternRule
	others      *rule // additionalProperties
	names       *rule // propertyNames
	needs       []need
}

// A memberRule is a member that properties or required name.
type memberRule struct {
	name     string
	rule     *rule // nil if properties doesn't name it
	required bool
}

// A patternRule is one of patternProperties.
type patternRule struct {
	pattern *fastPattern
	rule    *rule
}

// A need is one member of dependentRequired.
type need struct {
	name  string
	names []string
}

func (r *checker) object(q *objectRule, n *node, m *marks) verdict {
	members := n.children()
	if len(members) < q.least || len(members) > q.most {
		return no
	}
	if !r.spend(len(members)) {
		return unknown
	}
	required, next := 0, 0
	for i := range members {
		member := &members[i]
		name := member.rawName() // what name does, without a call for nearly every member
		if member.nameEsc {
			name = member.name()
		}
		described := false
		if at := q.find(name, next); at >= 0 {
			next = at + 1
			p := &q.members[at]
			if p.required {
				required++ // Parse lets no member come twice
			}
			if s := p.rule; s != nil {
				described = true
				if s.free>>member.kind&1 == 0 {
					if v := r.check(s, member, nil); v != yes {
						return v
					}
				}
			}
		}
		if q.patterns != nil || q.names != nil {
			v, matched := r.named(q, name, member)
			if v != yes {
				return v
			}
			described = described || matched
		}
		if described {
			if m != nil {
				m.set(i)
			}
		} else if q.others != nil {
			if v := r.check(q.others, member, nil); v != yes {
				return v
			}
		}
	}
	if required < q.required {
		return no
	}
	if q.others != nil {
		m.setAll()
	}
	if q.needs != nil {
		return r.needed(q, members)
	}
	return yes
}

// named judges by what is about the names of members. It reports whether a pattern matched.
func (r *checker) named(q *objectRule, name string, member *node) (v verdict, matched bool) {
	if q.names != nil {
		if v := r.name(q.names, name); v != yes {
			return v, false
		}
	}
	for i := range q.patterns {
		p := &q.patterns[i]
		switch r.match(p.pattern, name) {
		case unknown:
			return unknown, false
		case yes:
			if v := r.check(p.rule, member, nil); v != yes {
				return v, false
			}
			matched = true
		}
	}
	return yes, matched
}

// name judges a member's name, which is a string that the tape doesn't have as a value.
func (r *checker) name(s *rule, name string) verdict {
	if s.kinds>>String&1 == 0 {
		return no
	}
	if s.more == nil {
		if s.text == nil {
			return yes
		}
		return r.text(s.text, name)
	}
	if !r.spend(8 + len(name)) {
		return unknown
	}
	v, err := Parse([]byte(quote(name)), Limits{Size: math.MaxInt32})
	if err != nil {
		return unknown
	}
	n, ok := v.(*node)
	if !ok {
		return unknown
	}
	return r.check(s, n, nil)
}

// needed judges by dependentRequired.
func (r *checker) needed(q *objectRule, members []node) verdict {
	for i := range q.needs {
		switch r.has(members, q.needs[i].name) {
		case no:
			continue
		case unknown:
			return unknown
		}
		for _, name := range q.needs[i].names {
			if v := r.has(members, name); v != yes {
				return v
			}
		}
	}
	return yes
}

// has looks through all members. Names with escapes are read anew each time, and cost so.
func (r *checker) has(members []node, name string) verdict {
	if !r.spend(len(members)) {
		return unknown
	}
	for i := range members {
		m := &members[i]
		if m.nameEsc && !r.spend(32) {
			return unknown
		}
		if m.name() == name {
			return yes
		}
	}
	return no
}

// find returns a member's place, -1 if nothing names it. Members mostly come in the order in which the
// schema has them.
func (q *objectRule) find(name string, next int) int {
	if next < len(q.members) && q.members[next].name == name {
		return next
	}
	return q.search(name)
}

func (q *objectRule) search(name string) int {
	if q.index != nil {
		if at, ok := q.index[name]; ok {
			return at
		}
		return -1
	}
	if len(q.slots) == 0 {
		return -1
	}
	for i, last := spot(name), spot(name)+maxProbes; i <= last; i++ {
		at := q.slots[i&(len(q.slots)-1)]
		if at == 0 {
			return -1
		}
		if q.members[at-1].name == name {
			return int(at - 1)
		}
	}
	return -1
}

// maxProbes is how far from its spot a member may be.
const maxProbes = 4

// spot spreads a schema's names over its slots. It sees little of a name: the names in the slots are
// the schema's, so nobody else decides how many share one.
func spot(name string) int {
	size := len(name)
	if size == 0 {
		return 0
	}
	return size + int(name[0])*5 + int(name[size-1])*23 + int(name[size/2])*71
}

// place fills slots, at most half of them, or index.
func (q *objectRule) place() {
	if len(q.members) == 0 {
		return
	}
	size := 4
	for size < 2*len(q.members) {
		size *= 2
	}
	if size <= math.MaxUint16 {
		q.slots = make([]uint16, size)
	}
	for at, member := range q.members {
		steps := 0
		i := spot(member.name)
		for ; q.slots != nil && q.slots[i&(size-1)] != 0; i++ {
			steps++
		}
		if q.slots == nil || steps > maxProbes {
			q.slots, q.index = nil, map[string]int{}
			for at, member := range q.members {
				q.index[member.name] = at
			}
			return
		}
		q.slots[i&(size-1)] = uint16(at + 1)
	}
}
