package policy

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/schema"
)

// oneOf says whether a value equals an element of a list, type and all.
func (x *lexicon) oneOf(value, list schema.Value) judgement {
	if list.Kind() != schema.Array {
		return mistyped
	}
	found := outside
	for e := range list.Elements() {
		switch j := equal(value, e); j {
		case inside:
			return inside
		case doubtful:
			found = doubtful
		}
	}
	return found
}

// sizeAtMost says whether a text has at most so many bytes in UTF-8.
func (x *lexicon) sizeAtMost(value, bytes schema.Value) judgement {
	if value.Kind() != schema.String || checkSize(x, bytes) != nil {
		return mistyped
	}
	most, ok := decimalOf(bytes.Number())
	if !ok {
		return doubtful
	}
	length, _ := decimalOf(json.Number(strconv.Itoa(len(value.Text()))))
	if length.compareWhole(most) <= 0 {
		return inside
	}
	return outside
}

func checkSize(_ *lexicon, v schema.Value) error {
	d, ok := decimalOf(v.Number())
	if v.Kind() != schema.Number || !ok || d.negative || d.digits != "" && d.exponent < 0 {
		return errors.New("is no number of bytes: expected a whole number that is not negative")
	}
	return nil
}

// equal compares as JSON Schema does: members in any order, 1 and 1.0 the same, true and 1 not.
func equal(a, b schema.Value) judgement {
	if a.Kind() != b.Kind() || a.Len() != b.Len() {
		return outside
	}
	switch a.Kind() {
	case schema.Null:
		return inside
	case schema.Bool:
		return truth(a.Bool() == b.Bool())
	case schema.String:
		return truth(a.Text() == b.Text())
	case schema.Number:
		return sameNumber(a.Number(), b.Number())
	case schema.Array:
		return equalElements(a, b)
	case schema.Object:
		return equalMembers(a, b)
	}
	return outside
}

func truth(holds bool) judgement {
	if holds {
		return inside
	}
	return outside
}

func equalElements(a, b schema.Value) judgement {
	all := inside
	for i := range a.Len() {
		switch equal(a.Index(i), b.Index(i)) {
		case outside:
			return outside
		case doubtful:
			all = doubtful
		}
	}
	return all
}

func equalMembers(a, b schema.Value) judgement {
	all := inside
	for name, v := range a.Fields() {
		other, found := b.Field(name)
		if !found {
			return outside
		}
		switch equal(v, other) {
		case outside:
			return outside
		case doubtful:
			all = doubtful
		}
	}
	return all
}

// decimal is a number without rounding: 0.digits times ten to the power of point; and digits
// times ten to the power of exponent. Zero has no digits.
type decimal struct {
	negative bool
	digits   string // without zeros at either end
	exponent int64
}

// decimalOf reads a JSON number. It fails on exponents that nobody computes with.
func decimalOf(n json.Number) (decimal, bool) {
	text, negative := strings.CutPrefix(string(n), "-")
	mantissa, power, scaled := strings.Cut(strings.ToLower(text), "e")
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	if strings.Trim(whole+fraction, "0123456789") != "" || whole == "" {
		return decimal{}, false
	}
	if digits == "" {
		return decimal{}, true
	}
	exponent := int64(0)
	if scaled {
		var err error
		if exponent, err = strconv.ParseInt(power, 10, 32); err != nil {
			return decimal{}, false
		}
	}
	short := strings.TrimRight(digits, "0")
	return decimal{negative, short, exponent - int64(len(fraction)) + int64(len(digits)-len(short))}, true
}

// sameNumber never goes by way of a float64, for which 9007199254740993 and …992 are one.
func sameNumber(a, b json.Number) judgement {
	if a == b {
		return inside
	}
	d, ok := decimalOf(a)
	e, also := decimalOf(b)
	if !ok || !also {
		return doubtful
	}
	return truth(d == e)
}

// compareWhole compares two whole numbers that are not negative.
func (d decimal) compareWhole(e decimal) int {
	// Both begin with a digit that is no zero: the longer is the larger.
	if a, b := int64(len(d.digits))+d.exponent, int64(len(e.digits))+e.exponent; d.digits != "" && e.digits != "" && a != b {
		if a < b {
			return -1
		}
		return 1
	}
	return strings.Compare(d.digits, e.digits)
}
