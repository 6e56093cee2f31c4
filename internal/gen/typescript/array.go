package typescript

import "github.com/sallyport/sallyport/schema"

// array is the type of the arrays that some schemas take together. Without
// prefixItems it is T[], whatever minItems and maxItems say: a tuple would refuse
// the arrays that code makes, whose length TypeScript doesn't know.
func (c *file) array(schemas []schema.Value) typ {
	places, least, most := 0, 0, -1
	for _, v := range schemas {
		if prefix, ok := v.Field("prefixItems"); ok {
			places = max(places, prefix.Len())
		}
		least = max(least, count(v, "minItems", 0))
		if n := count(v, "maxItems", -1); n >= 0 && (most < 0 || n < most) {
			most = n
		}
	}
	rest := c.element(schemas, places)
	if most >= 0 && most <= places || rest == never {
		rest = nil
	}
	if most >= 0 {
		places = min(places, most)
	}
	if places == 0 {
		if rest == nil {
			return tuple{}
		}
		return list{rest}
	}
	t := tuple{required: min(least, places), rest: rest}
	for i := range places {
		t.items = append(t.items, c.element(schemas, i))
	}
	return t
}

// element is the type of the element at a place; behind all prefixItems it is
// that of all others.
func (c *file) element(schemas []schema.Value, place int) typ {
	var at []schema.Value
	for _, v := range schemas {
		if prefix, ok := v.Field("prefixItems"); ok && place < prefix.Len() {
			at = append(at, prefix.Index(place))
		} else if items, ok := v.Field("items"); ok {
			at = append(at, items)
		}
	}
	return c.typeOf(at...)
}

// count is the value of a keyword that counts.
func count(v schema.Value, keyword string, otherwise int) int {
	n, ok := v.Field(keyword)
	if !ok {
		return otherwise
	}
	f, err := n.Number().Float64()
	if err != nil || f < 0 || f > 1<<30 {
		return otherwise
	}
	return int(f)
}
