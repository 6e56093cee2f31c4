package schema

import (
	"math/big"
	"math/bits"
)

// Numbers are compared as the fractions that they are, never as floats. Three ways lead there, by
// what the literal needs: an int64; a mantissa of up to 18 digits and a scale, on 128-bit products;
// and big.Rat for the rest, as long as Parse lets literals be.

// most is beyond every number that short reads.
const most = int64(1) << 62

// A numberRule holds what is asked of a number.
type numberRule struct {
	whole     bool
	low, high int64 // the least and the greatest integer that the bounds let through
	step      int64 // what an integer must be a multiple of; 0 for nothing
	bounds    []bound
	multiple  *fraction
}

// A bound is one of minimum, maximum and their exclusive kin.
type bound struct {
	fraction
	sign   int  // of what the value's comparison with it must not be
	closed bool // the bound itself is let through
}

// A fraction is a number of the schema.
type fraction struct {
	exact    *big.Rat // read only: v5 has it too
	negative bool
	num, den uint64
	small    bool // num and den hold it
}

func (r *checker) numeral(q *numberRule, literal string) verdict {
	if v, ok := short(literal); ok {
		return sure(v >= q.low && v <= q.high && (q.step == 0 || v%q.step == 0))
	}
	if d, ok := decimalOf(literal); ok {
		if v := q.decimal(d); v != unknown {
			return v
		}
	}
	if !r.spend(ratSteps) {
		return unknown
	}
	v, ok := new(big.Rat).SetString(literal)
	if !ok {
		return unknown
	}
	return q.rational(v)
}

// short reads an integer of up to 18 digits that is written without fraction and exponent.
func short(literal string) (int64, bool) {
	digits := literal
	if digits[0] == '-' {
		digits = digits[1:]
	}
	if len(digits) > 18 {
		return 0, false
	}
	var v int64
	for i := range len(digits) {
		c := digits[i] - '0'
		if c > 9 {
			return 0, false
		}
		v = v*10 + int64(c)
	}
	if len(digits) < len(literal) {
		v = -v
	}
	return v, true
}

// A shortDecimal is ±mant/10^scale, with mant below 10^18 and scale up to 18.
type shortDecimal struct {
	negative bool
	mant     uint64
	scale    int
}

// decimalOf reads a literal that has few digits, wherever its point and its exponent put them.
func decimalOf(literal string) (d shortDecimal, ok bool) {
	i, point := 0, -1
	if literal[0] == '-' {
		d.negative, i = true, 1
	}
	for ; i < len(literal); i++ {
		c := literal[i]
		if c == '.' {
			point = i
			continue
		}
		if c -= '0'; c > 9 {
			break
		}
		if d.mant >= 1e17 {
			return d, false
		}
		d.mant = d.mant*10 + uint64(c)
	}
	if point >= 0 {
		d.scale = i - point - 1
	}
	if i < len(literal) {
		exponent, ok := exponentOf(literal[i+1:])
		if !ok {
			return d, false
		}
		d.scale -= exponent
	}
	return d.settle()
}

// exponentOf reads what follows the e.
func exponentOf(text string) (int, bool) {
	negative := text[0] == '-'
	if negative || text[0] == '+' {
		text = text[1:]
	}
	v := 0
	for i := range len(text) {
		if v = v*10 + int(text[i]-'0'); v > 1000 {
			return 0, false
		}
	}
	if negative {
		v = -v
	}
	return v, true
}

// settle brings the scale to where a decimal has it, if mant can follow.
func (d shortDecimal) settle() (shortDecimal, bool) {
	if d.mant == 0 {
		return shortDecimal{}, true
	}
	for ; d.scale > 0 && d.mant%10 == 0; d.scale-- {
		d.mant /= 10
	}
	for ; d.scale < 0; d.scale++ {
		if d.mant >= 1e17 {
			return d, false
		}
		d.mant *= 10
	}
	return d, d.scale <= 18
}

func (q *numberRule) decimal(d shortDecimal) verdict {
	if q.whole && d.scale > 0 { // settled: the last digit counts
		return no
	}
	for i := range q.bounds {
		c, ok := d.compare(&q.bounds[i].fraction)
		if !ok {
			return unknown
		}
		if !q.bounds[i].lets(c) {
			return no
		}
	}
	if q.multiple == nil {
		return yes
	}
	return d.multipleOf(q.multiple)
}

// lets takes how a value compares with the bound.
func (b *bound) lets(c int) bool { return c != b.sign && (c != 0 || b.closed) }

// compare is exact: mant/10^scale against num/den is mant·den against num·10^scale.
func (d shortDecimal) compare(f *fraction) (int, bool) {
	if !f.small {
		return 0, false
	}
	leftHigh, left := bits.Mul64(d.mant, f.den)
	rightHigh, right := bits.Mul64(f.num, power(d.scale))
	c := 0
	switch {
	case d.mant == 0 && f.num == 0:
		return 0, true
	case d.mant == 0 || f.num == 0, d.negative == f.negative:
		// Of equal signs, or one is zero and its sign says nothing.
		if leftHigh != rightHigh {
			left, right = leftHigh, rightHigh
		}
		if left < right {
			c = -1
		} else if left > right {
			c = 1
		}
		if d.mant != 0 && d.negative || f.num != 0 && f.negative {
			c = -c
		}
	case d.negative:
		c = -1
	default:
		c = 1
	}
	return c, true
}

// multipleOf divides mant·den by num·10^scale and looks at the rest.
func (d shortDecimal) multipleOf(f *fraction) verdict {
	if !f.small {
		return unknown
	}
	over, divisor := bits.Mul64(f.num, power(d.scale))
	if over != 0 || divisor == 0 {
		return unknown
	}
	high, low := bits.Mul64(d.mant, f.den)
	return sure(bits.Rem64(high, low, divisor) == 0)
}

func power(scale int) uint64 {
	p := uint64(1)
	for range scale {
		p *= 10
	}
	return p
}

func (q *numberRule) rational(v *big.Rat) verdict {
	if q.whole && !v.IsInt() {
		return no
	}
	for i := range q.bounds {
		if !q.bounds[i].lets(v.Cmp(q.bounds[i].exact)) {
			return no
		}
	}
	if q.multiple != nil && !new(big.Rat).Quo(v, q.multiple.exact).IsInt() {
		return no
	}
	return yes
}

func fractionOf(v *big.Rat) fraction {
	f := fraction{exact: v, negative: v.Sign() < 0}
	num := new(big.Int).Abs(v.Num())
	if den := v.Denom(); num.IsUint64() && den.IsUint64() {
		f.num, f.den, f.small = num.Uint64(), den.Uint64(), true
	}
	return f
}

// compileNumber returns nil if nothing is asked.
func compileNumber(whole bool, minimum, above, maximum, below, multiple *big.Rat) *numberRule {
	q := &numberRule{whole: whole, low: -most, high: most}
	add := func(v *big.Rat, sign int, closed bool) {
		if v == nil {
			return
		}
		q.bounds = append(q.bounds, bound{fractionOf(v), sign, closed})
		least, greatest := around(v)
		switch {
		case sign < 0 && !closed && v.IsInt():
			q.low = max(q.low, min(least, most-1)+1)
		case sign < 0:
			q.low = max(q.low, least)
		case !closed && v.IsInt():
			q.high = min(q.high, max(greatest, 1-most)-1)
		default:
			q.high = min(q.high, greatest)
		}
	}
	add(minimum, -1, true)
	add(above, -1, false)
	add(maximum, 1, true)
	add(below, 1, false)
	if multiple != nil {
		f := fractionOf(multiple)
		q.multiple = &f
		// An integer is a multiple of num/den, in lowest terms, if it is one of num.
		q.step = most // of which 0 alone is a multiple that short reads
		if num := multiple.Num(); num.CmpAbs(big.NewInt(most)) < 0 {
			q.step = num.Int64()
		}
	}
	if !whole && q.bounds == nil && multiple == nil {
		return nil
	}
	return q
}

// around returns the least integer that isn't below v and the greatest that isn't above, both held
// within ±most.
func around(v *big.Rat) (least, greatest int64) {
	floor := new(big.Int).Div(v.Num(), v.Denom()) // Euclid's: rounded down, since Denom is positive
	greatest = clamp(floor)
	if !v.IsInt() {
		floor.Add(floor, big.NewInt(1))
	}
	return clamp(floor), greatest
}

func clamp(v *big.Int) int64 {
	if v.CmpAbs(big.NewInt(most)) < 0 {
		return v.Int64()
	}
	return int64(v.Sign()) * most
}
