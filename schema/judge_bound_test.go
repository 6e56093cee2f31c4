package schema

import (
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A hostilePair is a schema as a developer may write it, and the document of about 1 MiB
// that makes it work hardest.
type hostilePair struct{ name, schema, text string }

func hostilePairs() []hostilePair {
	rep := strings.Repeat
	arr := func(item string, n int) string { return "[" + rep(item+",", n-1) + item + "]" }
	keys := func(n int, format, value string) string {
		var b strings.Builder
		for i := range n {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, `"`+format+`":%s`, i, value)
		}
		return "{" + b.String() + "}"
	}
	alternatives := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			if i > 0 {
				b.WriteByte(',')
			}
			if strings.Contains(format, "%d") {
				fmt.Fprintf(&b, format, i)
			} else {
				b.WriteString(format)
			}
		}
		return b.String()
	}
	deep := func(open, inner, close string, n int) string { return rep(open, n) + inner + rep(close, n) }
	digits := rep("9", 120)
	tree := `{"type":"object","required":["n"],"additionalProperties":false,"properties":{"n":{"type":"string"},"c":{"type":"array","items":{"$ref":"#"}}}}`
	return []hostilePair{
		{"wrong scalars", `{"items":{"type":"string"}}`, arr("1", 99_000)},
		{"right scalars", `{"items":{"type":"integer"}}`, arr("1", 99_000)},
		{"wrong in three ways", `{"items":{"type":"integer","minimum":5,"multipleOf":7,"enum":[1,2]}}`, arr("3", 99_000)},
		{"missing members", `{"items":{"type":"object","required":["a","b","c","d"]}}`, arr("{}", 99_000)},
		{"unknown members", `{"items":{"additionalProperties":false}}`, arr(keys(100, "k%d", "1"), 900)},
		{"unevaluated members", `{"allOf":[{"properties":{"a":true}}],"items":{"unevaluatedProperties":false}}`, arr(keys(100, "k%d", "1"), 900)},
		{"unevaluated members of types", `{"items":{"anyOf":[{"properties":{"k1":true}},{"properties":{"k2":true}}],"unevaluatedProperties":{"type":"string"}}}`, arr(keys(4000, "k%d", "1"), 20)},
		{"unevaluated items", `{"anyOf":[{"prefixItems":[true]},{"contains":{"const":2}}],"unevaluatedItems":{"type":"string"}}`, arr("1", 99_000)},
		{"wide choices of one many", `{"items":{"anyOf":[` + alternatives(500, `{"type":"string","const":"x%d"}`) + `]}}`, arr("1", 99_000)},
		{"wide choices on one array", `{"anyOf":[` + alternatives(500, `{"type":"string"}`) + `]}`, arr("1", 99_000)},
		{"wide choices on objects", `{"items":{"oneOf":[` + alternatives(200, `{"properties":{"t":{"const":%d}},"required":["t"]}`) + `]}}`, arr(keys(100, "k%d", "1"), 900)},
		{"wide choices of false", `{"anyOf":[` + alternatives(2000, `false`) + `]}`, arr("1", 99_000)},
		{"consts in choices", `{"items":{"anyOf":[` + alternatives(500, `{"const":7.5}`) + `]}}`, arr("1e-400", 90_000)},
		{"bounds in choices", `{"items":{"anyOf":[` + alternatives(100, `{"minimum":1%de380}`) + `]}}`, arr("1e-400", 90_000)},
		{"a tower of choices", deep(`{"anyOf":[{"type":"string"},`, `{"type":"null"}`, `]}`, 40), arr("1", 99_000)},
		{"a tower of choices per item", `{"items":` + deep(`{"anyOf":[{"type":"string"},`, `{"type":"null"}`, `]}`, 40) + `}`, arr("1", 99_000)},
		{"a tower of nots per item", `{"items":` + deep(`{"not":`, `{"type":"null"}`, `}`, 60) + `}`, arr("[1]", 49_000)},
		{"large decimals", `{"items":{"multipleOf":1e-400}}`, arr(digits, 8_000)},
		{"small decimals", `{"items":{"multipleOf":7e-400}}`, arr("1e400", 99_000)},
		{"long fractions", `{"items":{"type":"integer"}}`, arr("1."+digits+"e-400", 8_000)},
		{"bounds", `{"items":{"minimum":1e400,"maximum":1e-400}}`, arr("1e-400", 99_000)},
		{"an enum of numbers", `{"items":{"enum":[` + alternatives(4000, "%d") + `]}}`, arr("1e-400", 99_000)},
		{"a const of much", `{"items":{"const":` + arr(`{"a":1e-400}`, 500) + `}}`, arr(arr(`{"a":1e-400}`, 499), 95)},
		{"const and almost that", `{"anyOf":[` + alternatives(20, `{"const":`+arr("1e-400", 4000)+`}`) + `]}`, arr("1e-400", 4000)},
		{"many unique numbers", `{"uniqueItems":true}`, arr("1e-400,1e400", 45_000)},
		{"unique large objects", `{"uniqueItems":true}`, arr(keys(4000, "k%d", "1"), 20)},
		{"unique inside unique", `{"uniqueItems":true,"items":{"uniqueItems":true,"items":{"uniqueItems":true}}}`, arr(arr(arr("1", 30), 30), 100)},
		{"unique at every depth", `{"uniqueItems":true,"items":{"$ref":"#"}}`, deep("[", arr("1", 99_000), "]", 60)},
		{"patterns on many members", `{"patternProperties":{` + alternatives(100, `"^[a-z]+%d$":{"type":"string"}`) + `}}`, keys(4000, strings.Repeat("k", 200)+"%d", "1")},
		{"patterns on many objects", `{"items":{"patternProperties":{` + alternatives(50, `"^k%d":{"type":"string"}`) + `}}}`, arr(keys(100, "k%d", "1"), 900)},
		{"names", `{"items":{"propertyNames":{"maxLength":1}}}`, arr(keys(100, "kk%d", "1"), 900)},
		{"formats", `{"items":{"format":"idn-hostname"}}`, arr(`"ä.é.中文.xn--nxasmq6b"`, 10_000)},
		{"formats of e-mail", `{"items":{"format":"idn-email"}}`, arr(`"ä.é.中文.xn--nxasmq6b"`, 10_000)},
		{"a uri", `{"format":"iri"}`, `"http://a/` + rep("é%41", 200_000) + `"`},
		{"a regex", `{"format":"regex"}`, `"` + rep("(?<n>a)", 140_000) + `"`},
		{"a regex of many groups", `{"format":"regex"}`, `"` + regexGroups(70_000) + `"`},
		{"a regex of many properties", `{"format":"regex"}`, `"` + rep(`\\p{sc=Zzzy}`, 80_000) + `"`},
		{"a template", `{"format":"uri-template"}`, `"` + rep("{a,b}", 200_000) + `"`},
		{"a pattern", `{"pattern":"^(a|aa)+$"}`, `"` + rep("a", 1_000_000) + `b"`},
		{"dependent schemas", `{"items":{"dependentSchemas":{` + alternatives(100, `"k%d":{"required":["x"]}`) + `}}}`, arr(keys(100, "k%d", "1"), 900)},
		{"required of many", `{"items":{"required":[` + alternatives(1000, `"r%d"`) + `]}}`, arr("{}", 50_000)},
		{"contains", `{"contains":{"type":"string"}}`, arr("1", 99_000)},
		{"contains at each item", `{"items":{"contains":{"type":"string"}}}`, arr("[1,1]", 33_000)},
		{"a tree, wrong at the end", tree, deep(`{"n":"","c":[`, arr(`{"n":1}`, 90_000/2), `]}`, 30)},
		{"a tree, wrong everywhere", tree, deep(`{"x":"","c":[`, arr(`{"x":1}`, 90_000/2), `]}`, 30)},
		{"a deep choice of trees", `{"anyOf":[{"type":"string"},{"items":{"$ref":"#"},"type":"array"},{"type":"object","additionalProperties":{"$ref":"#"}}]}`, deep("[", arr("1", 99_000), "]", 60)},
		{"a choice of trees, twice", `{"anyOf":[{"items":{"$ref":"#"},"type":"array"},{"items":{"$ref":"#"},"minItems":1,"type":"array"}]}`, deep("[", arr("1", 1000), "]", 60)},
		{"long ways of references", refChain(90, `{"items":{"$ref":"#"},"type":"array"}`), deep("[", arr("1", 90_000), "]", 60)},
		{"long names", `{"additionalProperties":{"additionalProperties":{"type":"string"}}}`, keys(1, rep("k", 2000)+"%d", keys(4000, rep("j", 200)+"%d", "1"))},
		{"long names at each depth", `{"additionalProperties":{"anyOf":[{"$ref":"#"},{"type":"string"}]}}`, deep(`{"`+rep("k", 10_000)+`":`, arr("1", 50), "}", 60)},
		{"if of many", `{"items":{"if":{"type":"string"},"then":{"maxLength":1},"else":{"minimum":9}}}`, arr("1", 99_000)},
		{"all of many", `{"items":{"allOf":[` + alternatives(100, `{"minimum":%d}`) + `]}}`, arr("-1", 99_000)},
	}
}

func regexGroups(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "(?<a%d>)", i)
	}
	return b.String()
}

func refChain(n int, last string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `"d%d":{"$ref":"#/$defs/d%d"},`, i, i+1)
	}
	return fmt.Sprintf(`{"$ref":"#/$defs/d0","$defs":{%s"d%d":%s}}`, b.String(), n, last)
}

// hang is longer than a busy machine needs for anything here. What is bounded without it is counted.
const hang = 2 * time.Minute

// heldBy runs f and says how much of the heap it asked for in all, which doesn't depend on what else
// the machine does, and how long it took, which does.
func heldBy(f func()) (took time.Duration, all uint64) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	f()
	took = time.Since(start)
	runtime.ReadMemStats(&after)
	return took, after.TotalAlloc - before.TotalAlloc
}

// Whatever the schema, a document of the default limits costs half a second, as the log shows where
// nothing else runs, and 192 MiB in all at most, and mostly a fraction of it.
func TestHostilePairsAreBounded(t *testing.T) {
	for _, h := range hostilePairs() {
		s := mustCompile(t, "a.input.json", h.schema)
		v, err := Parse([]byte(h.text), Limits{})
		if err != nil {
			t.Errorf("%s: %v", h.name, err)
			continue
		}
		var verdict error
		took, all := heldBy(func() { verdict = s.ValidateInput("a", v) })
		word := "accepted"
		var invalid *Invalid
		if errors.As(verdict, &invalid) {
			word = invalid.Keyword
		} else if verdict != nil {
			t.Errorf("%s: no verdict: %v", h.name, verdict)
		}
		t.Logf("%6d ms %4d MiB %8d bytes  %-28s %s", took.Milliseconds(), all>>20, len(h.text), h.name, word)
		if took > hang || all > 192<<20 {
			t.Errorf("%s: it took %v and %d MiB", h.name, took, all>>20)
		}
	}
}

func TestKeysStopWhereTheyCanNoLongerFit(t *testing.T) {
	many := make([]any, 1000)
	object := map[string]any{}
	for i := range many {
		many[i] = strings.Repeat("a", 100)
		object[strconv.Itoa(i)] = many[i]
	}
	for name, v := range map[string]any{"a list": many, "lists": []any{many, many}, "an object": object, "an object in a list": []any{object}} {
		if n := len(appendKeyWithin(nil, v, 50)); n <= 50 || n > 4000 {
			t.Errorf("%s: %d bytes of a key that no key of 50 equals", name, n)
		}
	}
}

func TestAMissingKindOfItemIsSaidByContains(t *testing.T) {
	var invalid *Invalid
	err := mustCompile(t, "a.input.json", `{"contains":{"type":"string"}}`).ValidateInput("a", mustParse(t, `[1]`))
	if !errors.As(err, &invalid) || invalid.Keyword != "contains" || !strings.Contains(invalid.Expected, "that contains describes") {
		t.Errorf("got %v", err)
	}
}

// What is worded or judged at all must not be refused for its size alone.
func TestLargeValuesAreStillJudged(t *testing.T) {
	rows := mustCompile(t, "a.input.json", sampleSchema)
	good := mustParse(t, string(sample(300<<10)))
	if err := rows.JudgeOnly().ValidateInput("a", good); err != nil {
		t.Errorf("many rows, judged by v5: %v", err)
	}
	text := strings.TrimSuffix(string(sample(100<<10)), "]}") + `,{"id":-1,"name":"","done":true}]}`
	var invalid *Invalid
	if err := rows.Patient().ValidateInput("a", mustParse(t, text)); !errors.As(err, &invalid) || invalid.Keyword != "minimum" || !strings.HasSuffix(invalid.Pointer, "/id") {
		t.Errorf("a wrong row behind many: %v", err)
	}
	if err := rows.ValidateInput("a", mustParse(t, text)); !errors.As(err, &invalid) || invalid.Keyword != "limits" {
		t.Errorf("the same, where nobody is to wait for words: %v", err)
	}
	text = strings.TrimSuffix(string(sample(12<<10)), "]}") + `,{"id":-1,"name":"","done":true}]}`
	if err := rows.ValidateInput("a", mustParse(t, text)); !errors.As(err, &invalid) || invalid.Keyword != "minimum" {
		t.Errorf("a wrong row behind some: %v", err)
	}
	scalars := mustCompile(t, "a.input.json", `{"items":{"type":"integer"}}`)
	if err := scalars.JudgeOnly().ValidateInput("a", mustParse(t, "["+strings.Repeat("1,", 90_000)+"1]")); err != nil {
		t.Errorf("many integers, judged by v5: %v", err)
	}
}
