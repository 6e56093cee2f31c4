package policytest

import (
	"encoding/json"
	"strconv"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/sallyport/sallyport/policy"
	"github.com/sallyport/sallyport/schema"
)

// inputTerm is the whole input of a call as a rule sees it.
func inputTerm(in policy.Input) *ast.Term {
	pairs := [][2]*ast.Term{
		{ast.StringTerm("window"), ast.StringTerm(in.Window)},
		{ast.StringTerm("origin"), ast.StringTerm(in.Origin)},
		{ast.StringTerm("command"), ast.StringTerm(in.Command)},
		{ast.StringTerm("platform"), ast.StringTerm(in.Platform)},
		{ast.StringTerm("local"), ast.BooleanTerm(in.Local)},
		{ast.StringTerm("session"), ast.StringTerm(in.Session)},
		{ast.StringTerm("time"), ast.NumberTerm(json.Number(strconv.FormatInt(in.Time.UnixNano(), 10)))},
	}
	for name, text := range map[string]string{"event": in.Event, "target": in.Target, "channel": in.Channel} {
		if text != "" {
			pairs = append(pairs, [2]*ast.Term{ast.StringTerm(name), ast.StringTerm(text)})
		}
	}
	for name, v := range map[string]schema.Value{"args": in.Args, "user": in.User} {
		if v == nil {
			continue
		}
		pairs = append(pairs, [2]*ast.Term{ast.StringTerm(name), term(v)})
	}
	return ast.ObjectTerm(pairs...)
}

func term(v schema.Value) *ast.Term {
	switch v.Kind() {
	case schema.Bool:
		return ast.BooleanTerm(v.Bool())
	case schema.String:
		return ast.StringTerm(v.Text())
	case schema.Number:
		return ast.NumberTerm(json.Number(v.Number()))
	case schema.Array:
		var all []*ast.Term
		for e := range v.Elements() {
			all = append(all, term(e))
		}
		return ast.ArrayTerm(all...)
	case schema.Object:
		var all [][2]*ast.Term
		for name, m := range v.Fields() {
			all = append(all, [2]*ast.Term{ast.StringTerm(name), term(m)})
		}
		return ast.ObjectTerm(all...)
	}
	return ast.NullTerm()
}
