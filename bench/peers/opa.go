package main

import (
	"context"
	"encoding/json"
	"strconv"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/topdown/cache"
)

// authz finds the grants of a call under its keys, so that its cost does not
// grow with their number. The last three lines of the second rule are the
// question that all engines are asked.
const authz = `package authz

default allow := false

allow if {
	some grant in data.grants[input.window][input.origin][input.command]
	not grant.paths
}

allow if {
	some grant in data.grants[input.window][input.origin][input.command]
	input.args.size <= grant.size
	not contains(input.args.path, "..")
	some pattern in grant.paths
	glob.match(pattern, ["/"], input.args.path)
}`

// newOPA is OPA as it is, with what a careful user sets: a prepared query,
// data kept as OPA's own values, input made as such, and a cache of globs
// that outlives the query.
func newOPA(grants []grant) (engine, error) {
	ctx := context.Background()
	store := inmem.NewFromObjectWithOpts(map[string]any{"grants": byKeys(grants)},
		inmem.OptRoundTripOnWrite(false), inmem.OptReturnASTValuesOnRead(true))
	query, err := rego.New(rego.Query("data.authz.allow"), rego.Module("authz.rego", authz), rego.Store(store)).PrepareForEval(ctx)
	if err != nil {
		return nil, err
	}
	config, err := cache.ParseCachingConfig([]byte(`{"inter_query_builtin_value_cache": {"max_num_entries": 10000}}`))
	if err != nil {
		return nil, err
	}
	values := cache.NewInterQueryValueCache(ctx, config)
	return func(c *call) (bool, error) {
		results, err := query.Eval(ctx, rego.EvalParsedInput(inputOf(c)), rego.EvalInterQueryBuiltinValueCache(values))
		if err != nil {
			return false, err
		}
		return results.Allowed(), nil
	}, nil
}

func inputOf(c *call) ast.Value {
	return ast.NewObject(
		ast.Item(ast.InternedTerm("window"), ast.StringTerm(c.Window)),
		ast.Item(ast.InternedTerm("origin"), ast.StringTerm(c.Origin)),
		ast.Item(ast.InternedTerm("command"), ast.StringTerm(c.Command)),
		ast.Item(ast.InternedTerm("args"), ast.ObjectTerm(
			ast.Item(ast.InternedTerm("path"), ast.StringTerm(c.Path)),
			ast.Item(ast.InternedTerm("size"), ast.NumberTerm(fmtNumber(c.Size))),
		)),
	)
}

// byKeys is the grants by window, origin and command.
func byKeys(grants []grant) map[string]any {
	under := func(m map[string]any, key string) map[string]any {
		next, ok := m[key].(map[string]any)
		if !ok {
			next = make(map[string]any)
			m[key] = next
		}
		return next
	}
	all := make(map[string]any)
	for _, g := range grants {
		for _, command := range g.Commands {
			commands := under(under(all, g.Window), g.Origin)
			one := map[string]any{}
			if g.Paths != nil {
				paths := make([]any, len(g.Paths))
				for i, p := range g.Paths {
					paths[i] = p
				}
				one["paths"], one["size"] = paths, fmtNumber(g.Size)
			}
			list, _ := commands[command].([]any)
			commands[command] = append(list, one)
		}
	}
	return all
}

func fmtNumber(n int64) json.Number { return json.Number(strconv.FormatInt(n, 10)) }
