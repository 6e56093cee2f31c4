package schema

// The fast path accepts what v5 would accept, from the tape, without building what v5 reads. It
// never refuses: whatever it does not accept is judged by v5 as if it had not looked.
//
// Why that is sound. It is compiled from v5's own compiled schema, not from the text, so that both
// mean the same subschemas. It answers yes, no or unknown, and its one promise is that v5, given the
// same subschema and value and as much time as it likes, never answers the opposite of a yes or a no.
// Unknown is always allowed, so a keyword or a schema that it has not learnt is unknown, and so is
// everything once its work is used up. A conjunction is yes only if all parts are; what turns a
// verdict round (not, oneOf, if) or reads what others have evaluated (unevaluatedProperties) does so
// only on a sure yes or no. Only a yes for the whole value is used.
//
// v5's bounds of its own work are no part of that promise: what v5 gives up on under "limits" may be
// accepted here, where it was cheap.

// A verdict is one rule's answer on one value. The zero verdict accepts nothing.
type verdict uint8

const (
	unknown verdict = iota
	no
	yes
)

const (
	// maxFastDepth bounds the rules under way inside one another, and so the stack.
	maxFastDepth = 2_000
	// ratSteps is what a number costs that only fractions of any size can hold.
	ratSteps = 64
)

// A fast is a compiled schema of the fast path. It never changes.
type fast struct {
	root    *rule
	schemas int // in the file
}

// A rule is one schema. What its author left out is nil.
type rule struct {
	kinds  uint8 // a bit for each Kind that it may take
	free   uint8 // a bit for each Kind of which nothing else is asked
	number *numberRule
	text   *textRule
	array  *arrayRule
	object *objectRule
	more   *moreRule
}

// A checker is one value's validation and what is left of its work.
type checker struct {
	left     int // steps, each about as long as a look at one value
	matching int // for regular expressions, instructions times bytes
	depth    int
}

// accepts reports whether the value is sure to be what the schema takes.
func (f *fast) accepts(n *node) bool { return f.opinion(n) == yes }

// opinion is the verdict, unknown if it ends in a panic.
func (f *fast) opinion(n *node) (v verdict) {
	defer func() {
		// A mistake in here must not end the program, and must not accept.
		if recover() != nil {
			v = unknown
		}
	}()
	return f.verdict(n)
}

func (f *fast) verdict(n *node) verdict {
	r := f.checker(n)
	return r.check(f.root, n, nil)
}

// checker grants as much work as the value's text and the schema's size can reasonably need: a
// schema that reaches itself on two ways asks for more. Patterns get a part of what the judge grants
// them, so that a value which needs it all costs little more for having been here.
func (f *fast) checker(n *node) checker {
	return checker{left: 10_000 + min(len(n.raw())*f.schemas, maxSteps), matching: maxMatching / 4}
}

// check judges one value by one rule. In m, unless it is nil, it marks the children that the rule
// has evaluated; the marks mean nothing unless the answer is yes.
func (r *checker) check(s *rule, n *node, m *marks) verdict {
	if r.left--; r.left < 0 {
		return unknown
	}
	if s.kinds>>n.kind&1 == 0 {
		return no
	}
	if s.free>>n.kind&1 != 0 {
		return yes
	}
	if s.more == nil {
		// The leaves of nearly every value.
		switch n.kind {
		case Number:
			return r.numeral(s.number, n.raw())
		case String:
			return r.string(s.text, n)
		}
	}
	if r.depth >= maxFastDepth {
		return unknown
	}
	r.depth++
	v := yes
	if s.more != nil {
		v = r.full(s, n, m)
	} else {
		v = r.own(s, n, m)
	}
	r.depth--
	return v
}

// own judges by the keywords that are about one kind of value.
func (r *checker) own(s *rule, n *node, m *marks) verdict {
	switch n.kind {
	case Number:
		if s.number != nil {
			return r.numeral(s.number, n.raw())
		}
	case String:
		if s.text != nil {
			return r.string(s.text, n)
		}
	case Array:
		if s.array != nil {
			return r.array(s.array, n, m)
		}
	case Object:
		if s.object != nil {
			return r.object(s.object, n, m)
		}
	}
	return yes
}

// spend takes steps off; false once there are none.
func (r *checker) spend(steps int) bool {
	r.left -= steps
	return r.left >= 0
}

func sure(b bool) verdict {
	if b {
		return yes
	}
	return no
}
