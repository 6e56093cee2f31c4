package schema

// maxInPlace bounds the schemas that are asked about one and the same value inside one
// another. v5 compares each with all around it, and names them all in every error.
const maxInPlace = 100

// A loopReader walks from schema to schema as far as each is asked about the very value that
// the one before was asked about. Such a way must end.
type loopReader struct {
	lint  *lint
	depth map[int]int    // by a schema's offset: how deep it goes; 0 while it is being read
	at    map[int]string // the schemas' pointers, by the same
}

// loops refuses references that lead back to where they came from with the value unchanged.
// v5 finds most of those when it compiles, and those that lead through if only when a value
// arrives.
func (l *lint) loops() error {
	r := loopReader{lint: l, depth: map[int]int{}, at: map[int]string{}}
	for _, pointer := range l.order {
		r.at[offset(l.schemas[pointer])] = pointer
	}
	for _, pointer := range l.order {
		depth, err := r.visit(l.schemas[pointer])
		if err != nil {
			return err
		}
		l.nested = max(l.nested, depth)
	}
	return nil
}

// visit returns how many schemas are inside one another from v on.
func (r *loopReader) visit(v Value) (int, error) {
	if v.Kind() != Object {
		return 1, nil
	}
	if depth, ok := r.depth[offset(v)]; ok {
		if depth == 0 {
			return 0, refuse(v, r.at[offset(v)], "this schema leads back to itself, by $ref, for the same value, and would never end; let the $ref stand under properties, items or the like")
		}
		return depth, nil
	}
	r.depth[offset(v)] = 0
	deepest := 0
	for name, value := range v.Fields() {
		for _, next := range r.inPlace(name, value) {
			depth, err := r.visit(next)
			if err != nil {
				return 0, err
			}
			deepest = max(deepest, depth)
		}
	}
	if deepest++; deepest > maxInPlace {
		return 0, refuse(v, r.at[offset(v)], "more than %d schemas inside one another for one value, references included; write it flatter", maxInPlace)
	}
	r.depth[offset(v)] = deepest
	return deepest, nil
}

// inPlace returns the schemas of a keyword that are asked about the value itself.
func (r *loopReader) inPlace(keyword string, v Value) []Value {
	switch keyword {
	case "$ref":
		return []Value{r.lint.target(v.Text())}
	case "not", "if", "then", "else":
		return []Value{v}
	case "allOf", "anyOf", "oneOf":
		list := make([]Value, v.Len())
		for i := range list {
			list[i] = v.Index(i)
		}
		return list
	case "dependentSchemas":
		var list []Value
		for _, e := range v.Fields() {
			list = append(list, e)
		}
		return list
	}
	return nil
}
