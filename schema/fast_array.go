package schema

import "math"

// An arrayRule holds what is asked of an array.
type arrayRule struct {
	least, most int
	first       []*rule // prefixItems
	rest        *rule   // items: all others
	contains    *rule
	few, many   int // how many must and may be what contains asks for
	unique      bool
}

func (r *checker) array(q *arrayRule, n *node, m *marks) verdict {
	items := n.children()
	if len(items) < q.least || len(items) > q.most {
		return no
	}
	if !r.spend(len(items)) {
		return unknown
	}
	for i, s := range q.first[:min(len(q.first), len(items))] {
		if v := r.check(s, &items[i], nil); v != yes {
			return v
		}
		if m != nil {
			m.set(i)
		}
	}
	if s := q.rest; s != nil {
		for i := len(q.first); i < len(items); i++ {
			if v := r.check(s, &items[i], nil); v != yes {
				return v
			}
		}
		m.setAll()
	}
	if q.contains != nil {
		if v := r.counted(q, items, m); v != yes {
			return v
		}
	}
	if q.unique {
		return r.unique(n)
	}
	return yes
}

func (r *checker) counted(q *arrayRule, items []node, m *marks) verdict {
	found := 0
	for i := range items {
		switch r.check(q.contains, &items[i], nil) {
		case unknown:
			return unknown
		case yes:
			found++
			if m != nil {
				m.set(i)
			}
		}
	}
	return sure(found >= q.few && found <= q.many)
}

// fewItems are compared with one another if they are strings.
const fewItems = 16

// unique has the judge's keys, in a map of Go's, whose hash nobody can foresee.
func (r *checker) unique(n *node) verdict {
	items := n.children()
	if len(items) <= fewItems && allTexts(items) {
		for i := range items {
			for j := range i {
				if items[i].raw() == items[j].raw() {
					return no
				}
			}
		}
		return yes
	}
	if !r.spend(len(n.raw())) {
		return unknown
	}
	seen := make(map[string]struct{}, len(items))
	var key []byte
	for i := range items {
		key = appendNodeKey(key[:0], &items[i], math.MaxInt)
		if _, ok := seen[string(key)]; ok {
			return no
		}
		seen[string(key)] = struct{}{}
	}
	return yes
}

// allTexts reports whether all are strings without escapes: then equal is what is written equally.
func allTexts(items []node) bool {
	for i := range items {
		if items[i].kind != String || items[i].escaped {
			return false
		}
	}
	return true
}
