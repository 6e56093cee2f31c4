package policy

import (
	"encoding/json"
	"iter"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/sallyport/sallyport/schema"
)

// operand is a value of Rego as the scope library sees it. The list that an author writes may be a set; any
// other set has no kind, for no JSON equals it, and so has an object with a key that is no text.
type operand struct {
	value  ast.Value
	nested bool // a set is no list here
}

var _ schema.Value = operand{}

// operand is what a call passes as operand i.
func (f scopeFunction) operand(i int, t *ast.Term) operand {
	return operand{t.Value, i != f.bound}
}

func (o operand) within(t *ast.Term) schema.Value { return operand{t.Value, true} }

func (o operand) Kind() schema.Kind {
	switch v := o.value.(type) {
	case ast.Null:
		return schema.Null
	case ast.Boolean:
		return schema.Bool
	case ast.Number:
		return schema.Number
	case ast.String:
		return schema.String
	case *ast.Array:
		return schema.Array
	case ast.Set:
		if !o.nested {
			return schema.Array
		}
	case ast.Object:
		if !v.Until(func(key, _ *ast.Term) bool { _, text := key.Value.(ast.String); return !text }) {
			return schema.Object
		}
	}
	return schema.None
}

func (o operand) Bool() bool { b, _ := o.value.(ast.Boolean); return bool(b) }

func (o operand) Number() json.Number { n, _ := o.value.(ast.Number); return json.Number(n) }

func (o operand) Text() string { s, _ := o.value.(ast.String); return string(s) }

func (o operand) Len() int {
	switch v := o.value.(type) {
	case *ast.Array:
		return v.Len()
	case ast.Set:
		return v.Len()
	case ast.Object:
		return v.Len()
	}
	return 0
}

func (o operand) Index(i int) schema.Value {
	if i < 0 || i >= o.Len() {
		return nil
	}
	switch v := o.value.(type) {
	case *ast.Array:
		return o.within(v.Elem(i))
	case ast.Set:
		return o.within(v.Slice()[i])
	}
	return nil
}

func (o operand) Field(name string) (schema.Value, bool) {
	object, ok := o.value.(ast.Object)
	if !ok {
		return nil, false
	}
	t := object.Get(ast.InternedTerm(name))
	if t == nil {
		return nil, false
	}
	return o.within(t), true
}

func (o operand) Elements() iter.Seq[schema.Value] {
	return func(yield func(schema.Value) bool) {
		stop := func(t *ast.Term) bool { return !yield(o.within(t)) }
		switch v := o.value.(type) {
		case *ast.Array:
			v.Until(stop)
		case ast.Set:
			v.Until(stop)
		}
	}
}

func (o operand) Fields() iter.Seq2[string, schema.Value] {
	return func(yield func(string, schema.Value) bool) {
		if object, ok := o.value.(ast.Object); ok {
			object.Until(func(key, value *ast.Term) bool {
				name, _ := key.Value.(ast.String)
				return !yield(string(name), o.within(value))
			})
		}
	}
}

// AppendJSON writes the value anew. What JSON can't say is null.
func (o operand) AppendJSON(dst []byte) []byte {
	v, err := ast.JSON(o.value)
	if err != nil {
		return append(dst, "null"...)
	}
	text, err := json.Marshal(v)
	if err != nil {
		return append(dst, "null"...)
	}
	return append(dst, text...)
}

// Bytes implements [schema.Value]: OPA's values stand for no sections.
func (o operand) Bytes() (data []byte, mediaType string, ok bool) { return nil, "", false }
