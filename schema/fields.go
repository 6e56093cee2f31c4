package schema

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// A field is a member that a struct takes or has, perhaps through embedded structs.
type field struct {
	name    string
	index   []int // as reflect.Value.FieldByIndex takes it
	typ     reflect.Type
	goName  string // "field Name of Type", for errors
	tagged  bool   // the name comes from a tag
	options []string
	fill    filler
}

func (f *field) has(option string) bool { return slices.Contains(f.options, option) }

// below goes on from the first step of index, making embedded structs behind pointers on
// the way.
func (f *field) below(at reflect.Value) reflect.Value {
	for _, n := range f.index[1:] {
		if at.Kind() == reflect.Pointer {
			if at.IsNil() {
				at.Set(reflect.New(at.Type().Elem()))
			}
			at = at.Elem()
		}
		at = at.Field(n)
	}
	return at
}

// A lister knows which of a struct's fields are members.
type lister struct {
	itself func(reflect.Type) bool // has a JSON of its own: an embedded struct like that is one member
	sets   bool                    // the fields will be set
	names  bool                    // an embedded type that is one member must have a name in its tag
}

// list gives a struct's members in the order of their declaration, by Go's rules of promotion:
// the least depth wins, then a tag. What encoding/json drops in silence, two equals, is an error
// here.
func (l lister) list(t reflect.Type) ([]field, error) {
	var all []field
	if err := l.gather(t, nil, nil, &all); err != nil {
		return nil, err
	}
	var fields []field
	for _, f := range all {
		i := slices.IndexFunc(fields, func(other field) bool { return other.name == f.name })
		if i < 0 {
			fields = append(fields, f)
			continue
		}
		other := &fields[i]
		switch {
		case len(f.index) < len(other.index), len(f.index) == len(other.index) && f.tagged && !other.tagged:
			*other = f
		case len(f.index) == len(other.index) && f.tagged == other.tagged:
			return nil, fmt.Errorf("schema: %v has two fields that are both called %q in JSON; name one of them differently", t, f.name)
		}
	}
	slices.SortFunc(fields, func(a, b field) int { return slices.Compare(a.index, b.index) })
	return fields, nil
}

func (l lister) gather(t reflect.Type, index []int, path []reflect.Type, all *[]field) error {
	if slices.Contains(path, t) {
		return fmt.Errorf("schema: %v embeds itself", t)
	}
	path = append(slices.Clip(path), t)
	for i := range t.NumField() {
		sf := t.Field(i)
		at := append(slices.Clone(index), i)
		tag, tagged := sf.Tag.Lookup("json")
		name, options, err := readTag(tag)
		if err != nil {
			return fmt.Errorf("schema: field %s of %v: %w", sf.Name, t, err)
		}
		if tag == "-" {
			continue
		}
		if inner, ok := l.embedded(sf); ok && name == "" {
			if l.sets && sf.Type.Kind() == reflect.Pointer && !sf.IsExported() {
				return fmt.Errorf("schema: %v embeds the unexported pointer %v, which can't be set; embed the struct itself", t, sf.Type)
			}
			if err := l.gather(inner, at, path, all); err != nil {
				return err
			}
			continue
		}
		if l.names && sf.Anonymous && name == "" {
			return fmt.Errorf("schema: %v embeds %v, which json/v2 doesn't write without a name; give it one in a json tag", t, sf.Type)
		}
		if !sf.IsExported() {
			if tagged {
				return fmt.Errorf("schema: field %s of %v has a json tag but isn't exported", sf.Name, t)
			}
			continue
		}
		*all = append(*all, field{
			name: cmp.Or(name, sf.Name), index: at, typ: sf.Type, goName: fmt.Sprintf("field %s of %v", sf.Name, t), tagged: name != "", options: options,
		})
	}
	return nil
}

// embedded returns the struct whose fields are promoted through a field.
func (l lister) embedded(sf reflect.StructField) (reflect.Type, bool) {
	inner := sf.Type
	if inner.Kind() == reflect.Pointer {
		inner = inner.Elem()
	}
	return inner, sf.Anonymous && inner.Kind() == reflect.Struct && !l.itself(inner)
}

// fields lists what a struct takes, each with its filler.
func (p *plans) fields(t reflect.Type) ([]field, error) {
	fields, err := lister{itself: decodesItself, sets: true}.list(t)
	if err != nil {
		return nil, err
	}
	for i := range fields {
		f := &fields[i]
		if err := f.checkName(); err != nil {
			return nil, err
		}
		if f.fill, err = p.of(f.typ); err != nil {
			return nil, fmt.Errorf("%w (%s)", err, f.goName)
		}
		if f.has("string") {
			set := numeralOf(f.typ)
			if set == nil || decodesItself(f.typ) {
				return nil, fmt.Errorf("schema: %s: the tag option string is for numbers, not for %v", f.goName, f.typ)
			}
			f.fill = set.inText()
		}
		if base64, err := f.inBase64(); err != nil {
			return nil, err
		} else if base64 {
			f.fill = base64Filler(f.typ)
		}
	}
	return fields, nil
}

// readTag splits a json tag. An option that isn't known might be one that changes what a
// name means (json/v2 has such), so it isn't passed over.
func readTag(tag string) (name string, options []string, err error) {
	name, rest, more := strings.Cut(tag, ",")
	if !more {
		return name, nil, nil
	}
	for option := range strings.SplitSeq(rest, ",") {
		switch option {
		case "omitempty", "omitzero", "string", base64Option, "":
			options = append(options, option)
		default:
			return "", nil, fmt.Errorf("the json tag's option %q isn't known; use omitempty, omitzero, string or format:base64", option)
		}
	}
	return name, options, nil
}
