package schema

// A moreRule holds what is asked of a value of any kind: values, and schemas in the same place.
type moreRule struct {
	unlearnt          bool // there is something that only the judge knows
	values            []*valueSet
	all               []*rule // $ref and allOf
	some, one         []*rule // anyOf, oneOf
	not               *rule
	cond, then, other *rule // if, then, else
	dependent         []memberRule
	restMembers       *rule // unevaluatedProperties
	restItems         *rule // unevaluatedItems
}

// marks are a set of a value's children. Nobody asks for them who passes a nil *marks.
type marks struct {
	all  bool
	few  [2]uint64
	many []uint64
}

func (m *marks) set(i int) {
	if i < 128 {
		m.few[i>>6] |= 1 << (i & 63)
		return
	}
	for len(m.many) <= i>>6 {
		m.many = append(m.many, 0)
	}
	m.many[i>>6] |= 1 << (i & 63)
}

func (m *marks) has(i int) bool {
	switch {
	case m.all:
		return true
	case i < 128:
		return m.few[i>>6]>>(i&63)&1 != 0
	}
	return i>>6 < len(m.many) && m.many[i>>6]>>(i&63)&1 != 0
}

func (m *marks) setAll() {
	if m != nil {
		m.all = true
	}
}

func (m *marks) join(other *marks) {
	m.all = m.all || other.all
	m.few[0] |= other.few[0]
	m.few[1] |= other.few[1]
	for len(m.many) < len(other.many) {
		m.many = append(m.many, 0)
	}
	for i, bits := range other.many {
		m.many[i] |= bits
	}
}

// full judges a rule that has more than keywords of one kind.
func (r *checker) full(s *rule, n *node, m *marks) verdict {
	if s.more.unlearnt {
		return unknown
	}
	rest := s.more.restItems
	if n.kind == Object {
		rest = s.more.restMembers
	}
	if rest == nil || n.kind != Object && n.kind != Array {
		return r.both(s, n, m)
	}
	// What was evaluated elsewhere is nothing to this rule's rest: it has marks of its own.
	var own marks
	if v := r.both(s, n, &own); v != yes {
		return v
	}
	m.setAll()
	children := n.children()
	if !r.spend(len(children)) {
		return unknown
	}
	for i := range children {
		if own.has(i) {
			continue
		}
		if v := r.check(rest, &children[i], nil); v != yes {
			return v
		}
	}
	return yes
}

// both judges by the keywords of one kind, then by those of any.
func (r *checker) both(s *rule, n *node, m *marks) verdict {
	if v := r.own(s, n, m); v != yes {
		return v
	}
	q := s.more
	for _, set := range q.values {
		if v := r.oneOf(set, n); v != yes {
			return v
		}
	}
	for _, inner := range q.all {
		if v := r.check(inner, n, m); v != yes {
			return v
		}
	}
	if n.kind == Object {
		if v := r.dependent(q, n, m); v != yes {
			return v
		}
	}
	if q.some != nil {
		if v := r.some(q.some, n, m); v != yes {
			return v
		}
	}
	if q.one != nil {
		if v := r.one(q.one, n, m); v != yes {
			return v
		}
	}
	if q.not != nil {
		switch r.check(q.not, n, nil) {
		case yes:
			return no
		case unknown:
			return unknown
		}
	}
	if q.cond != nil {
		return r.conditional(q, n, m)
	}
	return yes
}

func (r *checker) dependent(q *moreRule, n *node, m *marks) verdict {
	for i := range q.dependent {
		switch r.has(n.children(), q.dependent[i].name) {
		case no:
			continue
		case unknown:
			return unknown
		}
		if v := r.check(q.dependent[i].rule, n, m); v != yes {
			return v
		}
	}
	return yes
}

// branch judges by a schema that need not hold. Its marks count only if it does.
func (r *checker) branch(s *rule, n *node, m *marks) verdict {
	if m == nil {
		return r.check(s, n, nil)
	}
	if !r.spend(n.Len() / 64) {
		return unknown
	}
	var own marks
	v := r.check(s, n, &own)
	if v == yes {
		m.join(&own)
	}
	return v
}

// some judges by anyOf. Where marks are asked for, all that hold must be known.
func (r *checker) some(branches []*rule, n *node, m *marks) verdict {
	answer := no
	for _, s := range branches {
		switch r.branch(s, n, m) {
		case yes:
			if m == nil {
				return yes
			}
			if answer == no {
				answer = yes
			}
		case unknown:
			answer = unknown
		}
	}
	return answer
}

// one judges by oneOf: two that hold are too many whatever the others say.
func (r *checker) one(branches []*rule, n *node, m *marks) verdict {
	answer, found := no, 0
	for _, s := range branches {
		switch r.branch(s, n, m) {
		case yes:
			if found++; found > 1 {
				return no
			}
			if answer == no {
				answer = yes
			}
		case unknown:
			answer = unknown
		}
	}
	return answer
}

func (r *checker) conditional(q *moreRule, n *node, m *marks) verdict {
	next := q.then
	switch r.branch(q.cond, n, m) {
	case unknown:
		return unknown
	case no:
		next = q.other
	}
	if next == nil {
		return yes
	}
	return r.check(next, n, m)
}
