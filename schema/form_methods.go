package schema

import (
	"fmt"
	"reflect"

	jsonv2 "github.com/go-json-experiment/json"
)

// An Enum is a type of which only some values are meant, such as a string with constants.
// The schema of the type lists them, as they are written.
type Enum interface {
	JSONSchemaEnum() []any
}

// A Described is a type with a description for its schema, which a tag of a field overrules.
type Described interface {
	JSONSchemaDescription() string
}

// introduce asks the type what it says of itself. The methods are called on a zero value.
func (f *form) introduce() error {
	pointer := reflect.PointerTo(f.t)
	for _, name := range []string{"JSONSchemaExtend", "JSONSchemaAlias", "JSONSchemaProperty"} {
		if _, ok := pointer.MethodByName(name); ok {
			return fmt.Errorf("schema: %v has the method %s, which isn't called here; give it JSONSchema() []byte, or the command a schema file", f.t, name)
		}
	}
	if f.t.Kind() == reflect.Interface {
		return nil // there is no value to ask
	}
	zero := reflect.New(f.t)
	if d, ok := zero.Interface().(Described); ok {
		f.about = d.JSONSchemaDescription()
	}
	if e, ok := zero.Interface().(Enum); ok {
		if err := f.enumerate(e.JSONSchemaEnum()); err != nil {
			return err
		}
	}
	if m := zero.MethodByName("JSONSchema"); m.IsValid() {
		return f.ownSchema(m)
	}
	return nil
}

func (f *form) enumerate(values []any) error {
	if len(values) == 0 {
		return fmt.Errorf("schema: JSONSchemaEnum of %v lists no values, so that nothing would fit", f.t)
	}
	for _, value := range values {
		v, err := asValue(value)
		if err != nil {
			return fmt.Errorf("schema: JSONSchemaEnum of %v: %w", f.t, err)
		}
		if problem := f.refuses(v); problem != "" {
			return fmt.Errorf("schema: JSONSchemaEnum of %v: %s: %s", f.t, v.AppendJSON(nil), problem)
		}
		f.enum = append(f.enum, v)
	}
	return nil
}

// ownSchema takes what the type's JSONSchema method returns: JSON text, or something that is
// written as JSON, such as the *Schema of github.com/invopop/jsonschema.
func (f *form) ownSchema(method reflect.Value) error {
	if t := method.Type(); t.NumIn() != 0 || t.NumOut() != 1 {
		return fmt.Errorf("schema: the JSONSchema method of %v is a %v; want func() []byte", f.t, method.Type())
	}
	var text []byte
	switch out := method.Call(nil)[0].Interface().(type) {
	case []byte:
		text = out
	case string:
		text = []byte(out)
	default:
		var err error
		if text, err = jsonv2.Marshal(out, jsonv2.Deterministic(true)); err != nil {
			return fmt.Errorf("schema: the JSONSchema method of %v: %w", f.t, err)
		}
	}
	v, err := Parse(text, schemaLimits())
	if err != nil {
		return fmt.Errorf("schema: the JSONSchema method of %v returns no JSON: %w", f.t, err)
	}
	l := newLint(v)
	if faults := l.run(); len(faults) > 0 {
		err := faults[0]
		return fmt.Errorf("schema: the JSONSchema method of %v: %w", f.t, err)
	}
	if len(l.refs) > 0 || len(l.anchors) > 0 {
		return fmt.Errorf("schema: the JSONSchema method of %v: $ref and $anchor mean nothing inside another schema; write the schema out", f.t)
	}
	f.own = v
	return nil
}

// asValue is a Go value as json/v2 writes it.
func asValue(value any) (Value, error) {
	text, err := jsonv2.Marshal(value)
	if err != nil {
		return nil, err
	}
	return Parse(text, Limits{})
}
