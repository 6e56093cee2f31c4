package schema

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// A field is a member that a struct takes, perhaps through embedded structs.
type field struct {
	name  string
	index []int // as reflect.Value.FieldByIndex takes it
	tag   bool  // the name comes from a tag
	fill  filler
}

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

// fields lists a struct's members by Go's rules of promotion: the least depth wins, then
// a tag. What encoding/json drops in silence, two equals, is an error here.
func (p *plans) fields(t reflect.Type) ([]field, error) {
	var all []field
	if err := p.gather(t, nil, nil, &all); err != nil {
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
		case len(f.index) < len(other.index), len(f.index) == len(other.index) && f.tag && !other.tag:
			*other = f
		case len(f.index) == len(other.index) && f.tag == other.tag:
			return nil, fmt.Errorf("schema: %v has two fields that are both called %q in JSON; name one of them differently", t, f.name)
		}
	}
	return fields, nil
}

func (p *plans) gather(t reflect.Type, index []int, path []reflect.Type, all *[]field) error {
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
		if sf.Anonymous && name == "" {
			inner := sf.Type
			if inner.Kind() == reflect.Pointer {
				inner = inner.Elem()
			}
			if inner.Kind() == reflect.Struct && !decodesItself(inner) && inner != reflect.TypeFor[json.Number]() {
				if sf.Type.Kind() == reflect.Pointer && !sf.IsExported() {
					return fmt.Errorf("schema: %v embeds the unexported pointer %v, which can't be set; embed the struct itself", t, sf.Type)
				}
				if err := p.gather(inner, at, path, all); err != nil {
					return err
				}
				continue
			}
		}
		if !sf.IsExported() {
			if tagged {
				return fmt.Errorf("schema: field %s of %v has a json tag but isn't exported", sf.Name, t)
			}
			continue
		}
		f := field{name: name, index: at, tag: name != ""}
		if name == "" {
			f.name = sf.Name
		}
		if f.fill, err = p.of(sf.Type); err != nil {
			return fmt.Errorf("%w (field %s of %v)", err, sf.Name, t)
		}
		if slices.Contains(options, "string") {
			set := numeralOf(sf.Type)
			if set == nil || decodesItself(sf.Type) {
				return fmt.Errorf("schema: field %s of %v: the tag option string is for numbers, not for %v", sf.Name, t, sf.Type)
			}
			f.fill = set.inText()
		}
		*all = append(*all, f)
	}
	return nil
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
		case "omitempty", "omitzero", "string", "":
			options = append(options, option)
		default:
			return "", nil, fmt.Errorf("the json tag's option %q isn't known; use omitempty, omitzero or string", option)
		}
	}
	return name, options, nil
}
