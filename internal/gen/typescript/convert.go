package typescript

import (
	"github.com/sallyport/sallyport/schema"
)

const (
	// spread is how many alternatives the choices of one value may make together
	// before they are left as an intersection of unions.
	spread = 64
	// budget is how many schemas one file may visit. Alternatives multiply what
	// is inside them; beyond this everything is unknown.
	budget = 50_000
)

// typeOf is the type of what some schemas take together.
func (c *file) typeOf(schemas ...schema.Value) typ { return c.within(every, schemas) }

func (c *file) within(k kinds, schemas []schema.Value) typ {
	if c.visits += len(schemas); c.visits > budget {
		return unknown
	}
	f := facts{kinds: k}
	for _, v := range schemas {
		c.gather(v, &f)
	}
	return c.finish(f, spread)
}

// finish distributes what stands beside a choice over its alternatives.
func (c *file) finish(f facts, left int) typ {
	if f.nothing {
		return never
	}
	if len(f.choices) == 0 {
		return c.plain(f)
	}
	if c.visits > budget {
		return unknown
	}
	options := f.choices[0]
	if len(options) > left {
		base := f.clone()
		base.choices = nil
		parts := []typ{c.finish(base, 1)}
		for _, options := range f.choices {
			parts = append(parts, c.any(f.kinds, options))
		}
		return allOf(parts...)
	}
	var out []typ
	for _, option := range options {
		next := f.clone()
		next.choices = next.choices[1:]
		for _, v := range option {
			c.visits++
			c.gather(v, &next)
		}
		out = append(out, c.finish(next, left/len(options)))
	}
	return anyOf(out...)
}

// any is one choice by itself.
func (c *file) any(k kinds, options choice) typ {
	var out []typ
	for _, option := range options {
		out = append(out, c.within(k, option))
	}
	return anyOf(out...)
}

// plain is the type of facts without choices.
func (c *file) plain(f facts) typ {
	referred := every
	for _, d := range f.refs {
		referred &= c.kindsOf(d)
	}
	f.kinds &= referred
	if f.kinds == 0 {
		return never
	}
	var parts []typ
	for _, d := range f.refs {
		parts = append(parts, ref{d})
	}
	says := f.kinds != referred || f.listed || len(f.objects)+len(f.arrays) > 0
	if len(parts) == 0 || says {
		if t, ok := c.bytes(f); ok {
			return t
		}
		own := c.own(f)
		if f.kinds == referred && len(parts) > 0 && isAnyObject(own) {
			return allOf(parts...)
		}
		parts = append(parts, own)
	}
	return allOf(parts...)
}

// isAnyObject reports whether a type says no more than that it is an object's.
func isAnyObject(t typ) bool {
	o, ok := t.(object)
	return ok && len(o.members) == 0 && len(o.indexes) == 1 && o.indexes[0] == index{"string", unknown}
}

// own is what the facts themselves say, without the definitions they refer to.
func (c *file) own(f facts) typ {
	var parts []typ
	if f.listed {
		for _, t := range f.literals {
			if kindOfType(t)&f.kinds != 0 {
				parts = append(parts, t)
			}
		}
		return anyOf(parts...)
	}
	if f.kinds == every && len(f.objects)+len(f.arrays) == 0 {
		return unknown
	}
	for _, k := range []struct {
		kind kinds
		t    func() typ
	}{
		{kindString, func() typ { return text }},
		{kindNumber, func() typ { return number }},
		{kindBool, func() typ { return boolean }},
		{kindArray, func() typ { return c.array(f.arrays) }},
		{kindObject, func() typ { return c.object(f.objects, len(f.refs) > 0) }},
		{kindNull, func() typ { return null }},
	} {
		if f.kinds&k.kind != 0 {
			parts = append(parts, k.t())
		}
	}
	return anyOf(parts...)
}

func kindOfType(t typ) kinds {
	switch t := t.(type) {
	case word:
		return kindNamed(string(t.family()))
	case tuple:
		return kindArray
	case object:
		return kindObject
	}
	return every
}
