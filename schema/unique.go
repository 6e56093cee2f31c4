package schema

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

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
func appendKey(dst []byte, v any) []byte { return appendKeyWithin(dst, v, math.MaxInt) }

// appendKeyWithin may leave off once dst is longer than most, where the key can't be one that
// is looked for any more.
func appendKeyWithin(dst []byte, v any, most int) []byte {
	switch v := v.(type) {
	case nil:
		return append(dst, 'n')
	case bool:
		return strconv.AppendBool(dst, v)
	case string:
		return appendText(append(dst, 's'), v)
	case json.Number:
		return appendText(append(dst, '#'), canonicalNumber(string(v)))
	case []any:
		dst = append(strconv.AppendInt(append(dst, '['), int64(len(v)), 10), ':')
		for _, e := range v {
			if len(dst) > most {
				return dst
			}
			dst = appendKeyWithin(dst, e, most)
		}
		return dst
	case map[string]any:
		dst = append(strconv.AppendInt(append(dst, '{'), int64(len(v)), 10), ':')
		if len(dst)+3*len(v) > most { // no member is shorter
			return append(dst, make([]byte, 3*len(v))...)
		}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if dst = appendText(dst, name); len(dst) > most {
				return dst
			}
			dst = appendKeyWithin(dst, v[name], most)
		}
		return dst
	}
	panic("schema: internal error: a value of no kind")
}

// canonicalNumber writes equal numbers alike: a whole one of few digits with all of them, as
// most are written anyway; another one as the digits from the first to the last that isn't
// zero and the power of ten that they are taken times.
func canonicalNumber(literal string) string {
	digits, negative := strings.CutPrefix(literal, "-")
	if len(digits) < 20 && strings.Trim(digits, digitSet) == "" && digits[0] != '0' {
		return literal
	}
	exponent := 0
	if at := strings.IndexAny(digits, "eE"); at >= 0 {
		n, err := strconv.Atoi(digits[at+1:])
		if err != nil || n > 1<<20 || n < -1<<20 {
			panic("schema: internal error: a number that Parse lets nobody write")
		}
		exponent, digits = n, digits[:at]
	}
	if whole, fraction, ok := strings.Cut(digits, "."); ok {
		exponent -= len(fraction)
		digits = whole + fraction
	}
	digits = strings.TrimLeft(digits, "0")
	significant := strings.TrimRight(digits, "0")
	exponent += len(digits) - len(significant)
	switch {
	case significant == "":
		return "0"
	case exponent >= 0 && len(significant)+exponent < 20:
		significant += strings.Repeat("0", exponent)
	default:
		significant += "e" + strconv.Itoa(exponent)
	}
	if negative {
		return "-" + significant
	}
	return significant
}

func appendText(dst []byte, s string) []byte {
	dst = append(strconv.AppendInt(dst, int64(len(s)), 10), ':')
	return append(dst, s...)
}
