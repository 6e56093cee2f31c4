package schema

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// address is where v5 believes a schema file lives. Every $ref that leads elsewhere is
// refused before v5 sees it, and once more by LoadURL.
const address = "sallyport:///schema.json"

// compile turns one file into a contract. The error is what is wrong with it first.
func compile(file string, source []byte) (*contract, error) {
	c, faults := compileWhole(file, source)
	if len(faults) > 0 {
		return nil, faults[0]
	}
	return c, nil
}

// compileWhole is compile that goes on to all that is wrong.
func compileWhole(file string, source []byte) (*contract, []*FileError) {
	fail := func(offset int, err error) *FileError {
		return &FileError{file, line(source, offset), err}
	}
	only := func(offset int, err error) (*contract, []*FileError) {
		return nil, []*FileError{fail(offset, err)}
	}
	doc, err := Parse(source, schemaLimits())
	if err != nil {
		var syntax *SyntaxError
		if errors.As(err, &syntax) {
			return only(int(syntax.Offset), fmt.Errorf("not acceptable JSON: %s", syntax.Problem))
		}
		return only(0, err)
	}
	l := newLint(doc)
	var faults []*FileError
	for _, err := range l.run() {
		at := &lintError{}
		errors.As(err, &at)
		faults = append(faults, fail(at.offset, err))
	}
	if len(faults) > 0 {
		slices.SortStableFunc(faults, func(a, b *FileError) int { return cmp.Compare(a.Line, b.Line) })
		return nil, faults
	}
	c := &contract{file: file, source: bytes.Clone(source), words: l.words, known: l.known, schemas: len(l.schemas), load: l.load()}
	text := l.translated()
	if c.doc, err = Parse(text, schemaLimits()); err != nil {
		return only(0, fmt.Errorf("the translated schema is not acceptable: %w", err))
	}
	c.metered = newJudges(text)
	c.shared, err = newJudge(text, false)
	if err == nil {
		c.fast = compileFast(c)
		return c, nil
	}
	var invalid *jsonschema.ValidationError
	if errors.As(err, &invalid) {
		// v5 judged the schema by the draft's own schema and found it wanting.
		leaf := deepest(invalid)
		at, _ := walk(doc, leaf.InstanceLocation)
		return only(offset(at), fmt.Errorf("not a valid schema at %q: %s", leaf.InstanceLocation, leaf.Message))
	}
	return only(0, fmt.Errorf("not a usable schema: %w", err))
}

// A judge is v5 with one compiled schema. One with a meter serves one value at a time.
type judge struct {
	schema *jsonschema.Schema
	meter  *meter
}

// newJudge runs v5's compiler with everything pinned that it would take from globals.
func newJudge(text []byte, metered bool) (j *judge, err error) {
	defer func() {
		if r := recover(); r != nil {
			j, err = nil, fmt.Errorf("the judge stopped on it: %v", r)
		}
	}()
	compiler := jsonschema.NewCompiler()
	compiler.Draft = jsonschema.Draft2020
	compiler.AssertFormat = true
	compiler.LoadURL = func(url string) (io.ReadCloser, error) {
		return nil, fmt.Errorf("nothing is loaded from %q; a schema must be complete in its own file", url)
	}
	for name, check := range formats() {
		compiler.Formats[name] = func(v any) bool {
			text, ok := v.(string)
			return !ok || check(text)
		}
	}
	j = &judge{}
	if metered {
		j.meter = &meter{}
		compiler.RegisterExtension("meter", nil, j.meter)
	}
	compiler.RegisterExtension("unique", nil, uniqueCompiler{})
	compiler.RegisterExtension("enum", nil, enumCompiler{enumKeyword})
	compiler.RegisterExtension("const", nil, enumCompiler{constKeyword})
	compiler.RegisterExtension("pattern", nil, patternCompiler{j.meter})
	if err := compiler.AddResource(address, bytes.NewReader(text)); err != nil {
		return nil, err
	}
	j.schema, err = compiler.Compile(address)
	return j, err
}

// validate accepts what the fast path is sure of, and asks v5 about all else. v5's panics end
// here: whatever happens inside, only a clean verdict is an acceptance.
func (c *contract) validate(v Value) error {
	if v == nil || v.Kind() == None {
		return errors.New("schema: there is no value to validate")
	}
	opinion := unknown
	if n, ok := v.(*node); ok && c.fast != nil {
		opinion = c.fast.opinion(n)
	}
	if opinion == yes {
		return nil
	}
	return c.judge(v, opinion == no)
}

// judge asks v5, which only has to find words if the value is known to be wrong. What would
// cost more than it may is refused under "limits".
func (c *contract) judge(v Value, wrong bool) (err error) {
	size := measure(v)
	units := 20_000 + min(8*size.values*c.schemas, maxJudging+4*size.values)
	tooMuch := "a value that takes the schema fewer steps to judge"
	if wrong {
		units = min(units, c.wording)
		tooMuch = "a value that fits its schema; this one doesn't, and is too large for saying where"
	}
	if reason := c.load.refusal(size); reason != "" {
		return &Invalid{Keyword: "limits", Expected: reason}
	}
	if !c.load.begins(size, units) {
		return &Invalid{Keyword: "limits", Expected: tooMuch}
	}
	j := c.shared
	if !c.load.fits(size, units) || c.load.largest > freeInstructions {
		if j, err = c.metered.take(); err != nil {
			return fmt.Errorf("schema: %s: no further judge: %w", c.file, err)
		}
		*j.meter = meter{left: units, matching: maxMatching, each: c.load.each(size)}
		defer c.metered.giveBack(j)
	}
	defer func() {
		switch r := recover(); r {
		case nil:
		case errSteps:
			err = &Invalid{Keyword: "limits", Expected: tooMuch}
		default:
			// The panic's text may hold the page's.
			err = fmt.Errorf("schema: %s: the judge stopped on a value (%T); this is a bug in it", c.file, r)
		}
	}()
	err = j.schema.Validate(tree(v))
	if err == nil {
		return nil
	}
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return fmt.Errorf("schema: %s: the judge gave no verdict (%T)", c.file, err)
	}
	return c.explain(v, invalid)
}

// tree is what v5 reads. It is built anew for every judgement, so that nothing that
// keeps or changes it can reach the policy or the handler.
func tree(v Value) any {
	switch v.Kind() {
	case Null:
		return nil
	case Bool:
		return v.Bool()
	case Number:
		return v.Number()
	case String:
		return v.Text()
	case Array:
		list := make([]any, 0, v.Len())
		for e := range v.Elements() {
			list = append(list, tree(e))
		}
		return list
	case Object:
		object := make(map[string]any, v.Len())
		for name, member := range v.Fields() {
			object[name] = tree(member)
		}
		return object
	}
	// A Value of an unknown kind must not become a nil that some schema accepts.
	panic("schema: internal error: a value of no kind")
}

// offset is where a value begins in its document, 0 if that isn't known.
func offset(v Value) int {
	if n, ok := v.(*node); ok && n != nil {
		return int(n.start)
	}
	return 0
}
