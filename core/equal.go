package core

import (
	"bytes"
	"math/big"

	"github.com/sallyport/sallyport/schema"
)

// equal reports whether two JSON values are the same, as JSON Schema means it:
// members in any order, 1 and 1.0 one number, and no two numbers that differ
// in the last of many digits. What stands for raw bytes is as good as those: equal
// to nothing but the same bytes of the same media type.
func equal(a, b schema.Value) bool {
	if a == nil || b == nil || a.Kind() != b.Kind() {
		return false
	}
	mine, myType, raw := a.Bytes()
	others, otherType, alsoRaw := b.Bytes()
	if raw || alsoRaw {
		return raw && alsoRaw && myType == otherType && bytes.Equal(mine, others)
	}
	switch a.Kind() {
	case schema.Null:
		return true
	case schema.Bool:
		return a.Bool() == b.Bool()
	case schema.String:
		return a.Text() == b.Text()
	case schema.Number:
		return sameNumber(string(a.Number()), string(b.Number()))
	case schema.Array:
		return sameElements(a, b)
	case schema.Object:
		return sameMembers(a, b)
	}
	return false
}

// sameNumber compares exactly. The parser bounds digits and exponent, and so
// what this costs.
func sameNumber(a, b string) bool {
	if a == b {
		return true
	}
	x, ok := new(big.Rat).SetString(a)
	if !ok {
		return false
	}
	y, ok := new(big.Rat).SetString(b)
	return ok && x.Cmp(y) == 0
}

func sameElements(a, b schema.Value) bool {
	if a.Len() != b.Len() {
		return false
	}
	i := 0
	for e := range a.Elements() {
		if !equal(e, b.Index(i)) {
			return false
		}
		i++
	}
	return true
}

func sameMembers(a, b schema.Value) bool {
	if a.Len() != b.Len() {
		return false
	}
	members := make(map[string]schema.Value, b.Len()) // Field looks through all of them
	for name, value := range b.Fields() {
		members[name] = value
	}
	for name, value := range a.Fields() {
		if !equal(value, members[name]) {
			return false
		}
	}
	return true
}
