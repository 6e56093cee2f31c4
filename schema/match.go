package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// What the translated schema calls pattern, enum and const. v5 runs a pattern on a text that
// maxLength has refused already, and without bound: a few hundred instructions over 1 MiB take
// a minute. And it compares a value with each number of an enum as fractions, one by one.
const (
	patternKeyword = "x-pattern"
	enumKeyword    = "x-enum"
	constKeyword   = "x-const"
)

// written is the keyword as the author wrote it.
func written(keyword string) string {
	switch keyword {
	case patternKeyword:
		return "pattern"
	case enumKeyword:
		return "enum"
	case constKeyword:
		return "const"
	case uniqueKeyword:
		return "uniqueItems"
	}
	return keyword
}

// translatedKeyword is the other way round.
func translatedKeyword(keyword string) string {
	switch keyword {
	case "pattern":
		return patternKeyword
	case "enum":
		return enumKeyword
	case "const":
		return constKeyword
	case "uniqueItems":
		return uniqueKeyword
	}
	return keyword
}

const (
	// maxMatching bounds the work of regular expressions on one value, in instructions times
	// bytes: about a second.
	maxMatching = 32 << 20
	// freeInstructions is the size of a pattern that stays within it on 1 MiB of text.
	freeInstructions = 32
)

// instructions is how many a regular expression has in RE2's words. Each may be tried at each
// byte of a text.
func instructions(pattern string) int {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return 0 // lint has refused it
	}
	program, err := syntax.Compile(re.Simplify())
	if err != nil {
		return 0
	}
	return len(program.Inst)
}

// matchingCost is the work of a regular expression on a text: all its instructions may be tried at
// each byte and at the end. An empty text isn't free, and a value may hold many.
func matchingCost(text string, instructions int) int { return (len(text) + 1) * instructions }

// patternCompiler adds pattern to v5. The meter is nil if the file's patterns are small.
type patternCompiler struct{ meter *meter }

// Compile implements [jsonschema.ExtCompiler].
func (c patternCompiler) Compile(_ jsonschema.CompilerContext, m map[string]any) (jsonschema.ExtSchema, error) {
	text, ok := m[patternKeyword].(string)
	if !ok {
		return nil, nil
	}
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, err
	}
	p := patternSchema{re: re, size: instructions(text), longest: -1, meter: c.meter}
	if n, ok := m["maxLength"].(json.Number); ok {
		longest, err := integer(string(n))
		if err != nil {
			return nil, fmt.Errorf("maxLength: %w", err)
		}
		p.longest = int(longest)
	}
	return p, nil
}

type patternSchema struct {
	re      *regexp.Regexp
	size    int // instructions
	longest int // the maxLength beside it; -1 if there is none
	meter   *meter
}

// Validate implements [jsonschema.ExtSchema].
func (p patternSchema) Validate(ctx jsonschema.ValidationContext, v any) error {
	text, ok := v.(string)
	if !ok || p.longest >= 0 && len(text) > p.longest && utf8.RuneCountInString(text) > p.longest {
		return nil // maxLength refuses it
	}
	if p.meter != nil {
		if p.meter.matching -= matchingCost(text, p.size); p.meter.matching < 0 {
			panic(errSteps)
		}
	}
	if !p.re.MatchString(text) {
		return ctx.Error(patternKeyword, "does not match")
	}
	return nil
}

// enumCompiler adds enum or const to v5.
type enumCompiler struct{ keyword string }

// Compile implements [jsonschema.ExtCompiler].
func (c enumCompiler) Compile(_ jsonschema.CompilerContext, m map[string]any) (jsonschema.ExtSchema, error) {
	rule, ok := m[c.keyword]
	if !ok {
		return nil, nil
	}
	list := []any{rule}
	if c.keyword == enumKeyword {
		if list, ok = rule.([]any); !ok || len(list) == 0 {
			return nil, errors.New("an enum without values")
		}
	}
	e := enumSchema{keyword: c.keyword, keys: make(map[string]struct{}, len(list))}
	for _, v := range list {
		key := string(appendKey(nil, v))
		e.keys[key] = struct{}{}
		e.longest = max(e.longest, len(key))
	}
	return e, nil
}

// enumSchema holds the keys of the values that are permitted.
type enumSchema struct {
	keyword string
	keys    map[string]struct{}
	longest int // bytes of a key
}

// Validate implements [jsonschema.ExtSchema].
func (e enumSchema) Validate(ctx jsonschema.ValidationContext, v any) error {
	var space [64]byte
	if _, ok := e.keys[string(appendKeyWithin(space[:0], v, e.longest))]; !ok {
		return ctx.Error(e.keyword, "is none of these")
	}
	return nil
}
