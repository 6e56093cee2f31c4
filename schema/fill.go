package schema

import (
	"encoding"
	"encoding/base64"
	"reflect"
	"strings"
	"time"
)

// A filler sets a zero, settable Go value from a node of the tape.
type filler func(n *node, at reflect.Value) error

// unfit is the error of a node that isn't of the kind that the Go value asks for.
func unfit(n *node, at reflect.Value, kind Kind) error {
	problem := "it must be " + article(kind)
	if n.kind == Null {
		problem += ", not null; use a pointer if null is meant"
	}
	return misfit(at, problem)
}

func article(kind Kind) string {
	if kind == Array || kind == Object {
		return "an " + kind.String()
	}
	return "a " + kind.String()
}

func fillBool(n *node, at reflect.Value) error {
	if n.kind != Bool {
		return unfit(n, at, Bool)
	}
	at.SetBool(n.Bool())
	return nil
}

func fillString(n *node, at reflect.Value) error {
	if n.kind != String {
		return unfit(n, at, String)
	}
	at.SetString(n.Text())
	return nil
}

// A numeral sets a Go number from a literal that is JSON's.
type numeral func(literal string, at reflect.Value) error

// filler takes the numeral from a number's node.
func (set numeral) filler() filler {
	return func(n *node, at reflect.Value) error {
		if n.kind != Number {
			return unfit(n, at, Number)
		}
		return set(n.raw(), at)
	}
}

// inText is the tag option string: the numeral stands inside a JSON string.
func (set numeral) inText() filler {
	return func(n *node, at reflect.Value) error {
		if n.kind != String {
			return unfit(n, at, String)
		}
		text := n.Text()
		if !isNumber(text) {
			return misfit(at, "the text isn't a number")
		}
		return set(text, at)
	}
}

// fillText hands a string to an encoding.TextUnmarshaler, whose words are not repeated:
// they usually quote what they were given.
func fillText(n *node, at reflect.Value) error {
	if n.kind != String {
		return unfit(n, at, String)
	}
	if at.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(n.Text())) != nil {
		return misfit(at, "the text isn't one of this type")
	}
	return nil
}

// fillTime takes what the format date-time takes, as far as Go has such a time. The method
// alone would take a comma for the point, one digit for the hour and offsets of a day.
func fillTime(n *node, at reflect.Value) error {
	if n.kind != String {
		return unfit(n, at, String)
	}
	text := n.Text()
	// Called by its name, the method is known not to keep the text: no copy is made of it.
	if !isDateTime(text) || at.Addr().Interface().(*time.Time).UnmarshalText([]byte(text)) != nil {
		return misfit(at, "the text isn't one of this type")
	}
	return nil
}

func fillSelf(n *node, at reflect.Value) error {
	return at.Addr().Interface().(Unmarshaler).UnmarshalValue(n)
}

func fillValue(n *node, at reflect.Value) error {
	at.Set(reflect.ValueOf(n))
	return nil
}

func fillRaw(n *node, at reflect.Value) error {
	at.SetBytes([]byte(n.raw()))
	return nil
}

// fillAny leaves null the nil that is there.
func fillAny(n *node, at reflect.Value) error {
	if n.kind != Null {
		at.Set(reflect.ValueOf(loose(n)))
	}
	return nil
}

// base64Strict refuses bits that mean nothing; what it skips, line breaks, is fillBase64's to refuse.
var base64Strict = base64.StdEncoding.Strict()

func fillBase64(n *node, at reflect.Value) error {
	if n.kind == Null {
		return nil
	}
	if n.kind != String {
		return unfit(n, at, String)
	}
	// encoding/base64 skips line breaks, so two texts would be one value.
	text := n.Text()
	if strings.ContainsAny(text, "\r\n") {
		return misfit(at, "the base64 has line breaks")
	}
	data, err := base64Strict.DecodeString(text)
	if err != nil {
		return misfit(at, "the text isn't padded base64")
	}
	at.SetBytes(data)
	return nil
}
