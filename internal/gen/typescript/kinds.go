package typescript

import "github.com/sallyport/sallyport/schema"

// Kinds are some of JSON's six types.
type kinds uint8

const (
	kindString kinds = 1 << iota
	kindNumber
	kindBool
	kindArray
	kindObject
	kindNull

	every = kindString | kindNumber | kindBool | kindArray | kindObject | kindNull
)

// kindNamed is the kind that a type keyword names.
func kindNamed(name string) kinds {
	switch name {
	case "string":
		return kindString
	case "number", "integer":
		return kindNumber
	case "boolean":
		return kindBool
	case "array":
		return kindArray
	case "object":
		return kindObject
	case "null":
		return kindNull
	}
	return 0
}

func kindOf(v schema.Value) kinds { return kindNamed(v.Kind().String()) }

// kindsNamed are the kinds that the value of a type keyword names.
func kindsNamed(v schema.Value) kinds {
	if v.Kind() == schema.String {
		return kindNamed(v.Text())
	}
	var k kinds
	for e := range v.Elements() {
		k |= kindNamed(e.Text())
	}
	return k
}

// kindsOf is a bound on the kinds of what a definition takes. Of one that is
// asked about meanwhile nothing is known yet.
func (f *file) kindsOf(d *definition) kinds {
	if !d.known {
		d.kinds, d.known = every, true
		d.kinds = f.bound(d.schema)
	}
	return d.kinds
}

func (f *file) bound(v schema.Value) kinds {
	if v.Kind() == schema.Bool {
		if v.Bool() {
			return every
		}
		return 0
	}
	k := every
	for keyword, value := range v.Fields() {
		switch keyword {
		case "type":
			k &= kindsNamed(value)
		case "const":
			k &= kindOf(value)
		case "enum":
			var some kinds
			for e := range value.Elements() {
				some |= kindOf(e)
			}
			k &= some
		case "$ref":
			k &= f.kindsOf(f.definition(value.Text()))
		case "allOf":
			for e := range value.Elements() {
				k &= f.bound(e)
			}
		case "anyOf", "oneOf":
			var some kinds
			for e := range value.Elements() {
				some |= f.bound(e)
			}
			k &= some
		}
	}
	return k
}
