package example

import (
	"math/big"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/schema"
)

// number makes one within all bounds: the first candidate that keeps to them.
func (m *Maker) number(parts []schema.Value, whole bool) ([]byte, bool) {
	b := boundsOf(parts, whole)
	var candidates []string
	if len(m.Numbers) > 0 {
		all := slices.Clone(m.Numbers)
		for _, bound := range []*big.Rat{b.least, b.most} {
			if bound != nil {
				all = append(all, decimal(bound))
			}
		}
		from := m.Choose(len(all))
		candidates = append(append(candidates, all[from:]...), all[:from]...)
	}
	for _, near := range []*big.Rat{big.NewRat(int64(1+m.salt), 1), new(big.Rat), b.least, b.most} {
		if near == nil {
			continue
		}
		for _, step := range []string{"0", "1", "-1", "0.5", "-0.5", "0.001", "-0.001"} {
			r := rational(step)
			candidates = append(candidates, decimal(r.Add(r, near)), b.multiple(near, false), b.multiple(near, true))
		}
	}
	for _, c := range candidates {
		if c != "" && b.holds(c) {
			return []byte(c), true
		}
	}
	return nil, false
}

// bounds are those of numbers. Nil is none.
type bounds struct {
	least, most       *big.Rat
	notLeast, notMost bool // the bound itself is out
	of                *big.Rat
	whole             bool
}

func boundsOf(parts []schema.Value, whole bool) bounds {
	b := bounds{whole: whole}
	for _, p := range parts {
		if r := bound(p, "minimum"); r != nil && (b.least == nil || r.Cmp(b.least) > 0) {
			b.least, b.notLeast = r, false
		}
		if r := bound(p, "exclusiveMinimum"); r != nil && (b.least == nil || r.Cmp(b.least) >= 0) {
			b.least, b.notLeast = r, true
		}
		if r := bound(p, "maximum"); r != nil && (b.most == nil || r.Cmp(b.most) < 0) {
			b.most, b.notMost = r, false
		}
		if r := bound(p, "exclusiveMaximum"); r != nil && (b.most == nil || r.Cmp(b.most) <= 0) {
			b.most, b.notMost = r, true
		}
		if r := bound(p, "multipleOf"); r != nil && r.Sign() > 0 {
			b.of = r
		}
	}
	if b.of == nil && whole {
		b.of = big.NewRat(1, 1)
	}
	return b
}

func bound(p schema.Value, keyword string) *big.Rat {
	v, ok := p.Field(keyword)
	if !ok {
		return nil
	}
	return rational(string(v.Number()))
}

func (b *bounds) holds(literal string) bool {
	r := rational(literal)
	switch {
	case r == nil, b.whole && !r.IsInt():
		return false
	case b.least != nil && (r.Cmp(b.least) < 0 || b.notLeast && r.Cmp(b.least) == 0):
		return false
	case b.most != nil && (r.Cmp(b.most) > 0 || b.notMost && r.Cmp(b.most) == 0):
		return false
	}
	return b.of == nil || new(big.Rat).Quo(r, b.of).IsInt()
}

// multiple is one of multipleOf, the next at or below a number or the one after it.
func (b *bounds) multiple(near *big.Rat, after bool) string {
	if b.of == nil {
		return ""
	}
	q := new(big.Rat).Quo(near, b.of)
	n := new(big.Int).Div(q.Num(), q.Denom()) // towards minus infinity: the denominator is positive
	if after {
		n.Add(n, big.NewInt(1))
	}
	r := new(big.Rat).SetInt(n)
	return decimal(r.Mul(r, b.of))
}

// rational is nil for what is no number. The schema's parser has bounded exponents.
func rational(literal string) *big.Rat {
	r, ok := new(big.Rat).SetString(literal)
	if !ok {
		return nil
	}
	return r
}

// decimal writes a number as JSON does, "" if that takes too many digits.
func decimal(r *big.Rat) string {
	if r.IsInt() {
		if s := r.Num().String(); len(s) <= 100 {
			return s
		}
		return ""
	}
	digits, exact := r.FloatPrec()
	if !exact || digits > 20 {
		return ""
	}
	return strings.TrimRight(r.FloatString(digits), "0")
}
