package policy

import (
	"fmt"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
	"github.com/open-policy-agent/opa/v1/types"
)

// allowedBuiltins are the functions of Rego that capability files may call: those
// that compute from their operands alone. Left out on purpose are all that reach
// the network, the environment, the host or the evaluation itself (http.send, net.*,
// opa.runtime, trace, print, rego.*), that answer differently each time (rand.intn,
// time.now_ns, uuid.rfc4122), that turn a short argument into much work
// which no deadline stops (numbers.range, bits.lsh, graph.reachable_paths, units.*, yaml.*,
// json.match_schema, crypto.x509.*) and all tokens and keys.
const allowedBuiltins = `
	eq equal assign neq lt lte gt gte internal.member_2 internal.member_3 internal.template_string
	plus minus mul div rem abs ceil floor round bits.and bits.negate bits.or bits.rsh bits.xor
	count sum product max min sort
	and or intersection union
	array.concat array.flatten array.reverse array.slice
	object.filter object.get object.keys object.remove object.subset object.union object.union_n
	json.filter json.remove json.is_valid json.marshal json.unmarshal walk
	is_array is_boolean is_null is_number is_object is_set is_string type_name to_number
	concat contains endswith startswith format_int indexof indexof_n lower upper replace split sprintf substring
	strings.any_prefix_match strings.any_suffix_match strings.count strings.replace_n strings.reverse strings.split_n
	trim trim_left trim_prefix trim_right trim_space trim_suffix
	regex.find_all_string_submatch_n regex.find_n regex.is_valid regex.match regex.replace regex.split
	glob.match glob.quote_meta semver.compare semver.is_valid
	base64.decode base64.encode base64.is_valid base64url.decode base64url.encode base64url.encode_no_pad
	hex.decode hex.encode urlquery.decode urlquery.decode_object urlquery.encode urlquery.encode_object
	uri.is_valid uri.parse uuid.parse crypto.md5 crypto.sha1 crypto.sha256
	graph.reachable
	time.add_date time.clock time.date time.diff time.format time.parse_duration_ns time.parse_ns
	time.parse_rfc3339_ns time.weekday`

// Names of our own functions. No capability file can write them: the load step
// refuses the prefix and puts them in place of what the file says.
const (
	ownPrefix        = "sallyport"
	comparisonPrefix = "order_"
)

func scopeRef() ast.Ref {
	return ast.Ref{ast.DefaultRootDocument, ast.StringTerm("sallyport"), ast.StringTerm("scope")}
}

func ownRef(name string) ast.Ref {
	return ast.Ref{ast.VarTerm(ownPrefix), ast.StringTerm(name)}
}

// capabilities is the list that OPA's parser and compiler hold files to.
//
// With loose set, functions take operands of any type. OPA's partial evaluation drops
// a rule body that fails its type check, for it could never succeed; but a body with
// a wrong-typed operand must fail with an error, or a deny would be gone in silence.
func capabilities(own map[string]*topdown.Builtin, loose bool) *ast.Capabilities {
	c := &ast.Capabilities{
		FutureKeywords: []string{"contains", "every", "if", "in"},
		Features:       []string{ast.FeatureRegoV1, ast.FeatureRegoV1Import, ast.FeatureKeywordsInRefs, ast.FeatureTemplateStrings},
		AllowNet:       []string{},
	}
	for name := range strings.FieldsSeq(allowedBuiltins) {
		c.Builtins = append(c.Builtins, ast.BuiltinMap[name])
	}
	for _, b := range own {
		c.Builtins = append(c.Builtins, b.Decl)
	}
	if !loose {
		return c
	}
	for i, b := range c.Builtins {
		b := *b
		operands := make([]types.Type, b.Decl.Arity())
		for i := range operands {
			operands[i] = types.A
		}
		b.Decl = types.NewFunction(operands, b.Decl.Result())
		c.Builtins[i] = &b
	}
	return c
}

// ownBuiltins are the scope library and the strict comparisons.
func ownBuiltins(x *lexicon) map[string]*topdown.Builtin {
	own := make(map[string]*topdown.Builtin)
	add := func(name string, f topdown.BuiltinFunc) {
		full := ownPrefix + "." + name
		own[full] = &topdown.Builtin{
			Decl: &ast.Builtin{Name: full, Decl: types.NewFunction(types.Args(types.A, types.A), types.B)},
			Func: f,
		}
	}
	for name, f := range scopeFunctions() {
		for _, s := range []side{certainly, possibly, plainly} {
			add(string(s)+name, x.builtin(name, f, s))
		}
	}
	for name, holds := range comparisons() {
		add(comparisonPrefix+name, orderFunc(holds))
	}
	return own
}

// comparisons are Rego's orderings by their names in the syntax tree.
func comparisons() map[string]func(int) bool {
	return map[string]func(int) bool{
		ast.LessThan.Name:      func(c int) bool { return c < 0 },
		ast.LessThanEq.Name:    func(c int) bool { return c <= 0 },
		ast.GreaterThan.Name:   func(c int) bool { return c > 0 },
		ast.GreaterThanEq.Name: func(c int) bool { return c >= 0 },
	}
}

// builtin is a scope function on one side of a policy.
func (x *lexicon) builtin(name string, f scopeFunction, s side) topdown.BuiltinFunc {
	return func(c topdown.BuiltinContext, operands []*ast.Term, yield func(*ast.Term) error) error {
		a, b := f.operand(0, operands[0]), f.operand(1, operands[1])
		answer, known := s.answer(f.holds(x, a, b))
		if !known {
			return &topdown.Error{Code: topdown.TypeErr, Location: c.Location, Message: fmt.Sprintf(
				"scope.%s can't judge this argument, nor know here whether that speaks for the call or against it: "+
					"written as a condition of its own in allow, deny or ask it counts against the call", name)}
		}
		return yield(ast.InternedTerm(answer))
	}
}

// orderFunc compares two numbers or two strings. Rego orders values of all types, null
// before every number, so that a limit on an argument would hold for null.
func orderFunc(holds func(int) bool) topdown.BuiltinFunc {
	return func(c topdown.BuiltinContext, operands []*ast.Term, yield func(*ast.Term) error) error {
		a, b := operands[0].Value, operands[1].Value
		_, numbers := a.(ast.Number)
		_, texts := a.(ast.String)
		if numbers {
			_, numbers = b.(ast.Number)
		}
		if texts {
			_, texts = b.(ast.String)
		}
		if !numbers && !texts {
			return &topdown.Error{Code: topdown.TypeErr, Location: c.Location, Message: fmt.Sprintf(
				"can't order %s and %s: only two numbers or two strings", ast.ValueName(a), ast.ValueName(b))}
		}
		return yield(ast.InternedTerm(holds(a.Compare(b))))
	}
}
