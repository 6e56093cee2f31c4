package schema

import (
	"encoding/json"
	"maps"
	"math/big"
	"slices"
	"strconv"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// uniqueKeyword is what the translated schema calls uniqueItems. v5's own check hashes
// strings without their length, so that a page can make thousands of different items
// collide and every pair be compared.
const uniqueKeyword = "x-uniqueItems"

// uniqueCompiler adds the keyword to v5.
type uniqueCompiler struct{}

// Compile implements [jsonschema.ExtCompiler].
func (uniqueCompiler) Compile(_ jsonschema.CompilerContext, m map[string]any) (jsonschema.ExtSchema, error) {
	if m[uniqueKeyword] == true {
		return uniqueSchema{}, nil
	}
	return nil, nil
}

type uniqueSchema struct{}

// Validate implements [jsonschema.ExtSchema]: items are equal if their keys are.
func (uniqueSchema) Validate(ctx jsonschema.ValidationContext, v any) error {
	items, ok := v.([]any)
	if !ok {
		return nil
	}
	seen := make(map[string]struct{}, len(items))
	var key []byte
	for _, item := range items {
		key = appendKey(key[:0], item)
		if _, ok := seen[string(key)]; ok {
			return ctx.Error(uniqueKeyword, "items are equal")
		}
		seen[string(key)] = struct{}{}
	}
	return nil
}

// appendKey writes a value so that two values have one key exactly if JSON Schema calls
// them equal: members in any order, 1 and 1.0 the same, true and 1 not.
func appendKey(dst []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(dst, 'n')
	case bool:
		return strconv.AppendBool(dst, v)
	case string:
		return appendText(append(dst, 's'), v)
	case json.Number:
		r, ok := new(big.Rat).SetString(string(v))
		if !ok {
			panic("schema: internal error: a parsed number isn't one")
		}
		return appendText(append(dst, '#'), r.RatString())
	case []any:
		dst = append(strconv.AppendInt(append(dst, '['), int64(len(v)), 10), ':')
		for _, e := range v {
			dst = appendKey(dst, e)
		}
		return dst
	case map[string]any:
		dst = append(strconv.AppendInt(append(dst, '{'), int64(len(v)), 10), ':')
		for _, name := range slices.Sorted(maps.Keys(v)) {
			dst = appendKey(appendText(dst, name), v[name])
		}
		return dst
	}
	panic("schema: internal error: a value of no kind")
}

func appendText(dst []byte, s string) []byte {
	dst = append(strconv.AppendInt(dst, int64(len(s)), 10), ':')
	return append(dst, s...)
}
