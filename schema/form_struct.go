package schema

import (
	"fmt"
	"reflect"
	"slices"
)

// properties are the members of a struct type, as Decode or an Encoder lists them.
func (b *forms) properties(t reflect.Type) ([]property, error) {
	l := lister{itself: decodesItself, sets: true}
	if b.written {
		l = lister{itself: hasOwnForm, names: true}
	}
	fields, err := l.list(t)
	if err != nil {
		return nil, err
	}
	all := make([]property, 0, len(fields))
	for _, f := range fields {
		m, err := b.property(t, f)
		if err != nil {
			return nil, fmt.Errorf("%w (%s)", err, f.goName)
		}
		all = append(all, m)
	}
	return all, nil
}

func (b *forms) property(t reflect.Type, f field) (m property, err error) {
	sf := t.FieldByIndex(f.index)
	m = property{name: f.name, field: sf.Name}
	if m.use, err = b.use(f.typ); err != nil {
		return m, err
	}
	if f.has("string") {
		if m.of, err = m.of.inText(); err != nil {
			return m, err
		}
	}
	if base64, err := f.inBase64(); err != nil {
		return m, err
	} else if base64 {
		m.of = m.of.textOfBytes()
	}
	m.required = !lonely(t, f.index) && !f.has("omitempty") && !f.has("omitzero")
	if b.written {
		m.writtenWhen(t, f)
	}
	required := m.required
	if m.use, required, err = readRules(sf.Tag, m.use, required, b.written); err != nil {
		return m, err
	}
	if !b.written {
		m.required = required
	}
	return m, nil
}

// writtenWhen says whether a member is always there, and whether it is null then.
func (m *property) writtenWhen(t reflect.Type, f field) {
	// A number or a boolean is never what omitempty leaves out.
	never := !m.null && (m.of.kind == Number || m.of.kind == Bool || f.has("string"))
	m.required = !lonely(t, f.index) && !f.has("omitzero") && (!f.has("omitempty") || never)
	if f.has("omitempty") || f.has("omitzero") && f.typ.Kind() == reflect.Pointer && f.typ.Elem().Kind() != reflect.Pointer {
		m.null = false
	}
}

// lonely reports whether a field lies below an embedded pointer, without which it isn't there.
func lonely(t reflect.Type, index []int) bool {
	for i := range len(index) - 1 {
		if t.FieldByIndex(index[:i+1]).Type.Kind() == reflect.Pointer {
			return true
		}
	}
	return false
}

// inText is the form of a number in a text, as the tag option string makes it.
func (f *form) inText() (*form, error) {
	if f.kind != Number || len(f.enum) > 0 || f.own != nil {
		return nil, fmt.Errorf("schema: the tag option string is for numbers, not for %v", f.t)
	}
	text := &form{t: f.t, kind: String, length: -1, pattern: `^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`}
	if f.whole && f.low != nil {
		text.digits(f.low, f.high)
	}
	return text, nil
}

// hasAny reports whether a pointer to a type has the methods of an interface.
func hasAny(t reflect.Type, interfaces ...reflect.Type) bool {
	return slices.ContainsFunc(interfaces, reflect.PointerTo(t).Implements)
}
