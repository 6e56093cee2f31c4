package policy

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/sallyport/sallyport/schema"
)

// Functions that are worked out without OPA's values, for operands of the types that they are
// made for. Where one of them says false for known, OPA's own function is asked, which has the
// error to say, or the operand that is not common.

// predicates take two operands and hold or not.
func predicates() map[string]func(f *frame, a, b value) (holds, known bool) {
	texts := func(holds func(a, b string) bool) func(f *frame, a, b value) (bool, bool) {
		return func(_ *frame, a, b value) (bool, bool) {
			x, ok := a.text()
			y, also := b.text()
			if !ok || !also {
				return false, false
			}
			return holds(x, y), true
		}
	}
	all := map[string]func(f *frame, a, b value) (bool, bool){
		ast.StartsWith.Name: texts(strings.HasPrefix),
		ast.EndsWith.Name:   texts(strings.HasSuffix),
		ast.Contains.Name:   texts(strings.Contains),
		ast.Equal.Name: func(f *frame, a, b value) (bool, bool) {
			equal, err := f.equal(a, b)
			return equal, err == nil
		},
		ast.NotEqual.Name: func(f *frame, a, b value) (bool, bool) {
			equal, err := f.equal(a, b)
			return !equal, err == nil
		},
		ast.Member.Name: (*frame).within,
	}
	for name, holds := range comparisons() {
		all[ownRef(comparisonPrefix+name).String()] = func(_ *frame, a, b value) (bool, bool) {
			c, known := order(a, b)
			return known && holds(c), known
		}
	}
	return all
}

// order compares two numbers or two strings, strings by their code points.
func order(a, b value) (int, bool) {
	if x, ok := a.number(); ok {
		y, also := b.number()
		if !also {
			return 0, false
		}
		return ast.NumberCompare(x, y), true
	}
	x, ok := a.text()
	y, also := b.text()
	return strings.Compare(x, y), ok && also
}

// within says whether a is an element of b.
func (f *frame) within(a, b value) (holds, known bool) {
	if b.arg == nil {
		return f.withinOwn(a, b.own)
	}
	// The order does not matter: equality has no errors.
	switch b.arg.Kind() {
	case schema.Array:
		for i := range b.arg.Len() {
			if equal, err := f.equal(a, value{arg: b.arg.Index(i)}); err != nil || equal {
				return equal, err == nil
			}
		}
	case schema.Object:
		for _, m := range b.arg.Fields() {
			if equal, err := f.equal(a, value{arg: m}); err != nil || equal {
				return equal, err == nil
			}
		}
	}
	f.ticks += b.arg.Len()
	return false, true
}

// withinOwn leaves other collections than sets of texts to OPA.
func (f *frame) withinOwn(a value, b ast.Value) (holds, known bool) {
	s, ok := b.(ast.Set)
	t, isText := a.text()
	if !ok || !isText {
		return false, false
	}
	for _, m := range s.Slice() {
		if member, ok := m.Value.(ast.String); ok && string(member) == t {
			return true, true
		}
	}
	f.ticks += s.Len()
	return false, true
}

// withinTexts is within for a constant set or array of nothing but texts.
func withinTexts(a getter, b getter) func(f *frame) (holds, known bool) {
	c, ok := b.(fixed)
	if !ok {
		return nil
	}
	all, ok := texts(ast.NewTerm(c.own))
	if !ok {
		return nil
	}
	members := make(map[string]bool, len(all))
	for _, t := range all {
		members[t] = true
	}
	return func(f *frame) (holds, known bool) {
		t, isText := a.value(f).text()
		return isText && members[t], true
	}
}

// functions take one operand.
func functions() map[string]func(v value) (result value, known bool) {
	of := func(kinds ...kind) func(v value) (value, bool) {
		return func(v value) (value, bool) {
			holds := false
			for _, k := range kinds {
				holds = holds || v.kind() == k
			}
			return value{own: ast.Boolean(holds)}, true
		}
	}
	return map[string]func(v value) (value, bool){
		ast.IsNull.Name:    of(nullKind),
		ast.IsBoolean.Name: of(boolKind),
		ast.IsNumber.Name:  of(numberKind),
		ast.IsString.Name:  of(textKind),
		ast.IsArray.Name:   of(arrayKind),
		ast.IsObject.Name:  of(objectKind),
		ast.IsSet.Name:     of(setKind),
		ast.Count.Name:     count,
		ast.Lower.Name:     changed(strings.ToLower),
		ast.Upper.Name:     changed(strings.ToUpper),
		ast.TrimSpace.Name: changed(strings.TrimSpace),
	}
}

func count(v value) (value, bool) {
	n := 0
	switch t, isText := v.text(); {
	case isText:
		n = utf8.RuneCountInString(t)
	case v.arg != nil && (v.kind() == arrayKind || v.kind() == objectKind):
		n = v.arg.Len()
	default:
		return value{}, false
	}
	return value{own: ast.InternedTerm(n).Value}, true
}

func changed(change func(string) string) func(v value) (value, bool) {
	return func(v value) (value, bool) {
		before, ok := v.text()
		if !ok {
			return value{}, false
		}
		after := change(before)
		if after == before {
			return v, true
		}
		return value{own: ast.String(after)}, true
	}
}

// operations take two operands and make a value of them.
func operations() map[string]func(a, b value) (result value, known bool) {
	texts := func(change func(a, b string) string) func(a, b value) (value, bool) {
		return func(a, b value) (value, bool) {
			before, ok := a.text()
			with, also := b.text()
			if !ok || !also {
				return value{}, false
			}
			after := change(before, with)
			if after == before {
				return a, true
			}
			return value{own: ast.String(after)}, true
		}
	}
	return map[string]func(a, b value) (value, bool){
		ast.Trim.Name:       texts(strings.Trim),
		ast.TrimLeft.Name:   texts(strings.TrimLeft),
		ast.TrimRight.Name:  texts(strings.TrimRight),
		ast.TrimPrefix.Name: texts(strings.TrimPrefix),
		ast.TrimSuffix.Name: texts(strings.TrimSuffix),
		ast.Plus.Name:       small(func(a, b int64) int64 { return a + b }),
		ast.Minus.Name:      small(func(a, b int64) int64 { return a - b }),
		ast.Multiply.Name:   small(func(a, b int64) int64 { return a * b }),
	}
}

// small is arithmetic on whole numbers that can't overflow. OPA's own is exact beyond them.
func small(of func(a, b int64) int64) func(a, b value) (value, bool) {
	return func(a, b value) (value, bool) {
		x, ok := a.whole()
		y, also := b.whole()
		if !ok || !also {
			return value{}, false
		}
		return value{own: ast.Number(strconv.FormatInt(of(x, y), 10))}, true
	}
}

// whole is a number of at most nine digits.
func (v value) whole() (int64, bool) {
	n, ok := v.number()
	if !ok || len(n) > 9 {
		return 0, false
	}
	return n.Int64()
}
