package schema

import (
	"fmt"
	"slices"
	"strconv"
)

// A formWriter writes the schema of one form.
type formWriter struct {
	root  use
	names map[*form]string // of those that are referred to
	defs  []*form          // those in $defs, in the order of their first use
}

// A keywords is a schema under construction, in order.
type keywords struct {
	names  []string
	values [][]byte
}

func (o *keywords) set(name string, value []byte) {
	if i := slices.Index(o.names, name); i >= 0 {
		o.values[i] = value
		return
	}
	o.names, o.values = append(o.names, name), append(o.values, value)
}

func (o *keywords) has(name string) bool { return slices.Contains(o.names, name) }

func (o *keywords) drop(name string) {
	if i := slices.Index(o.names, name); i >= 0 {
		o.names, o.values = slices.Delete(o.names, i, i+1), slices.Delete(o.values, i, i+1)
	}
}

// also adds a schema to allOf.
func (o *keywords) also(schema []byte) {
	i := slices.Index(o.names, "allOf")
	if i < 0 {
		o.set("allOf", append(append([]byte{'['}, schema...), ']'))
		return
	}
	list := slices.Clone(o.values[i])
	o.values[i] = append(append(append(list[:len(list)-1], ','), schema...), ']')
}

func (o *keywords) bytes() []byte {
	out := []byte{'{'}
	for i, name := range o.names {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(append(append(out, jsonText(name)...), ':'), o.values[i]...)
	}
	return append(out, '}')
}

func (w *formWriter) document() []byte {
	var o keywords
	o.set("$schema", jsonText(draft))
	if w.names[w.root.of] == "#" {
		w.form(&o, w.root.of, false, nil)
	} else {
		w.use(&o, w.root)
	}
	if len(w.defs) > 0 {
		var defs keywords
		for _, f := range w.defs {
			var d keywords
			w.form(&d, f, false, nil)
			defs.set(w.names[f], d.bytes())
		}
		o.set("$defs", defs.bytes())
	}
	return o.bytes()
}

// schema is that of a use; true where nothing is said.
func (w *formWriter) schema(u use) []byte {
	var o keywords
	w.use(&o, u)
	if len(o.names) == 0 {
		return []byte("true")
	}
	return o.bytes()
}

// use writes a form with what its place adds.
func (w *formWriter) use(o *keywords, u use) {
	for _, word := range []string{"title", "description"} {
		for _, r := range u.additions {
			if r.keyword == word {
				o.set(word, r.value)
			}
		}
	}
	var inside []addition
	for _, r := range u.additions {
		if r.inside {
			inside = append(inside, addition{keyword: r.keyword, value: r.value})
		}
	}
	name := w.names[u.of]
	switch {
	case name != "" && u.null:
		o.set("anyOf", fmt.Appendf(nil, `[{"$ref":%s},{"type":"null"}]`, jsonText(refTo(name))))
	case name != "":
		o.set("$ref", jsonText(refTo(name)))
	default:
		w.form(o, u.of, u.null, inside)
		inside = nil
	}
	if len(inside) > 0 { // beside a reference
		var items keywords
		w.add(&items, inside)
		o.set("items", items.bytes())
	}
	w.add(o, u.additions)
}

// refTo is the reference to a name in $defs; the root refers to itself.
func refTo(name string) string {
	if name == "#" {
		return name
	}
	return "#/$defs/" + name
}

// add writes additions beside what is there, which holds on. Only bounds are replaced: those of a type
// were found to contain the addition's.
func (w *formWriter) add(o *keywords, additions []addition) {
	has := func(keyword string) bool {
		return slices.ContainsFunc(additions, func(r addition) bool { return r.keyword == keyword && !r.inside })
	}
	if has("enum") && !has("minimum") && !has("maximum") { // the type's say no more
		o.drop("minimum")
		o.drop("maximum")
	}
	for _, r := range additions {
		switch {
		case r.inside || r.keyword == "title" || r.keyword == "description":
		case !o.has(r.keyword) || r.keyword == "minimum" || r.keyword == "maximum":
			o.set(r.keyword, r.value)
		default:
			o.also(fmt.Appendf(nil, "{%s:%s}", jsonText(r.keyword), r.value))
		}
	}
}

// form writes the schema of a form in place. The additions inside are about its elements.
func (w *formWriter) form(o *keywords, f *form, null bool, inside []addition) {
	if f.about != "" && !o.has("description") {
		o.set("description", jsonText(f.about))
	}
	switch {
	case f.own != nil:
		f.writeOwn(o, null)
		return
	case f.kind == None:
		return
	}
	name := f.kind.String()
	if f.kind == Number && f.whole {
		name = "integer"
	}
	if null {
		o.set("type", fmt.Appendf(nil, `[%s,"null"]`, jsonText(name)))
	} else {
		o.set("type", jsonText(name))
	}
	if len(f.enum) > 0 {
		o.set("enum", enumOf(f.enum, null))
	}
	switch f.kind {
	case String:
		f.writeText(o)
	case Number:
		if f.low != nil && len(f.enum) == 0 {
			o.set("minimum", []byte(f.low.String()))
			o.set("maximum", []byte(f.high.String()))
		}
	case Array:
		items := f.items
		items.additions = append(slices.Clip(items.additions), inside...)
		if f.length >= 0 {
			o.set("minItems", strconv.AppendInt(nil, int64(f.length), 10))
			o.set("maxItems", strconv.AppendInt(nil, int64(f.length), 10))
		}
		o.set("items", w.schema(items))
	case Object:
		if f.binary != nil {
			f.binary.write(o)
			return
		}
		w.properties(o, f)
	}
}

func (f *form) writeText(o *keywords) {
	if f.format != "" {
		o.set("format", jsonText(f.format))
	}
	if f.format == base64Format {
		o.set("contentEncoding", jsonText("base64"))
	}
	if f.pattern != "" {
		o.set("pattern", jsonText(f.pattern))
	}
	if f.longest > 0 {
		o.set("maxLength", strconv.AppendInt(nil, int64(f.longest), 10))
	}
}

// writeOwn writes what the type's JSONSchema method said, without what belongs to a file.
func (f *form) writeOwn(o *keywords, null bool) {
	var own keywords
	for name, value := range f.own.Fields() {
		if name != "$schema" && name != "$id" {
			own.set(name, value.AppendJSON(nil))
		}
	}
	switch {
	case f.own.Kind() == Bool:
		o.also(f.own.AppendJSON(nil))
	case null:
		o.set("anyOf", fmt.Appendf(nil, `[%s,{"type":"null"}]`, own.bytes()))
	default:
		for i, name := range own.names {
			if !o.has(name) {
				o.set(name, own.values[i])
			}
		}
	}
}

func (w *formWriter) properties(o *keywords, f *form) {
	if f.mapped {
		if f.keys != nil {
			o.set("propertyNames", w.schema(use{of: f.keys}))
		}
		o.set("additionalProperties", w.schema(f.items))
		return
	}
	var properties keywords
	var required []byte
	for _, m := range f.members {
		properties.set(m.name, w.schema(m.use))
		if m.required {
			required = append(append(required, ','), jsonText(m.name)...)
		}
	}
	if len(required) > 0 {
		o.set("required", append(append([]byte{'['}, required[1:]...), ']'))
	}
	if len(f.members) > 0 {
		o.set("properties", properties.bytes())
	}
	o.set("additionalProperties", []byte("false"))
}

func enumOf(values []Value, null bool) []byte {
	out := []byte{'['}
	for i, v := range values {
		if i > 0 {
			out = append(out, ',')
		}
		out = v.AppendJSON(out)
	}
	if null {
		out = append(out, ",null"...)
	}
	return append(out, ']')
}
