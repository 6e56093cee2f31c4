package policylint

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/topdown"
	"github.com/open-policy-agent/regal/bundle"
	_ "github.com/open-policy-agent/regal/pkg/builtins" // what Regal's rules call
	"github.com/open-policy-agent/regal/pkg/roast/transform"
)

// unfit are the rules of Regal that say nothing about capability files.
func unfit() []string {
	return []string{
		"directory-package-mismatch", // a folder of capabilities is flat
		"no-defined-entrypoint",      // allow, deny, ask and limit are
		"messy-rule",                 // rules stand together by what they are about, not by their kind
		"rule-name-repeats-package",  // a capability may be called as what it allows
		"external-reference",         // each reads the input and the scope library
		"metasyntactic-variable",     // tests may call a note foo
	}
}

// regal is Regal's rules, compiled.
type regal struct {
	compiler *ast.Compiler
	store    storage.Store
	rules    []string // all that there are, unfit ones too
}

func newRegal() (*regal, error) {
	rules := bundle.Embedded()
	modules := make(map[string]*ast.Module, len(rules.Modules))
	for _, m := range rules.Modules {
		modules[m.Path] = m.Parsed
	}
	// Its functions are registered with OPA as a whole. Capability files are compiled with a list of their own.
	available := ast.CapabilitiesForThisVersion()
	c := ast.NewCompiler().WithCapabilities(available).WithDefaultRegoVersion(ast.RegoV1)
	if c.Compile(modules); c.Failed() {
		return nil, fmt.Errorf("policylint: compiling Regal's rules: %w", c.Errors)
	}
	provided, err := providedRules(rules.Data)
	if err != nil {
		return nil, err
	}
	var names []string
	run := make(map[string]map[string]bool)
	for category, titles := range provided {
		run[category] = make(map[string]bool)
		for title, rule := range titles {
			names = append(names, title)
			run[category][title] = rule["level"] != "ignore" && !slices.Contains(unfit(), title)
		}
	}
	r := &regal{compiler: c, rules: names}
	if r.store, err = regalStore(provided, run, available); err != nil {
		return nil, err
	}
	// Some rules say themselves that they are not for the language as it is now.
	var notices map[string]map[string][]any
	if err := r.query(context.Background(), "data.regal.notices.promoted_notices", ast.MustInterfaceToValue(map[string]any{
		"regal": map[string]any{"operations": []string{"prepare"}, "file": map[string]any{"name": "", "rego_version": "v1"}},
	}), &notices); err != nil {
		return nil, err
	}
	for category, titles := range notices {
		for title := range titles {
			delete(run[category], title)
		}
	}
	for _, titles := range run {
		maps.DeleteFunc(titles, func(_ string, wanted bool) bool { return !wanted })
	}
	r.store, err = regalStore(provided, run, available)
	return r, err
}

// regalRules are settings by category and title.
type regalRules = map[string]map[string]map[string]any

// providedRules are Regal's own settings.
func providedRules(data map[string]any) (regalRules, error) {
	var config struct {
		Regal struct {
			Config struct {
				Provided struct {
					Rules regalRules `json:"rules"`
				} `json:"provided"`
			} `json:"config"`
		} `json:"regal"`
	}
	err := through(data, &config)
	return config.Regal.Config.Provided.Rules, err
}

// regalStore holds what Regal's own program hands its rules: settings, and which of them to run.
func regalStore(rules regalRules, run map[string]map[string]bool, available *ast.Capabilities) (storage.Store, error) {
	type list = []string
	type object = map[string]any
	data := object{
		"eval": object{"params": object{
			"disable_all": false, "disable_category": list{}, "disable": list{},
			"enable_all": false, "enable_category": list{}, "enable": list{}, "ignore_files": list{},
		}},
		"internal": object{
			"combined_config": object{"rules": rules, "capabilities": object{
				"builtins": describeBuiltins(available), "future_keywords": available.FutureKeywords, "features": available.Features,
			}},
			"user_config":  object{"rules": object{}},
			"capabilities": object{},
			"path_prefix":  "",
			"prepared": object{
				"rules_to_run": run, "notices": object{}, "aggregate_keys": object{},
				"ignore_patterns": object{"global": list{}, "files": object{}},
			},
		},
	}
	var plain map[string]any
	err := through(data, &plain)
	return inmem.NewFromObject(plain), err
}

// through turns a value into another by way of JSON.
func through(from, to any) error {
	text, err := json.Marshal(from)
	if err == nil {
		err = json.Unmarshal(text, to)
	}
	if err != nil {
		return fmt.Errorf("policylint: Regal's configuration: %w", err)
	}
	return nil
}

func describeBuiltins(available *ast.Capabilities) map[string]any {
	all := make(map[string]any, len(available.Builtins))
	for _, b := range available.Builtins {
		args := []string{}
		for _, a := range b.Decl.FuncArgs().Args {
			args = append(args, a.String())
		}
		decl := map[string]any{"args": args}
		if r := b.Decl.Result(); r != nil {
			decl["result"] = r.String()
		}
		all[b.Name] = map[string]any{"decl": decl}
	}
	return all
}

// lint runs the rules on one file.
func (r *regal) lint(ctx context.Context, file, text string) ([]Finding, error) {
	m, err := ast.ParseModuleWithOpts(file, text, ast.ParserOptions{ProcessAnnotation: true, RegoVersion: ast.RegoV1})
	if err != nil {
		return nil, err // not reached: it was loaded
	}
	input, err := transform.ToAST(file, text, m, false)
	if err != nil {
		return nil, fmt.Errorf("policylint: %s: %w", file, err)
	}
	var violations []violation
	if err := r.query(ctx, "data.regal.main.lint.violations", input, &violations); err != nil {
		return nil, fmt.Errorf("policylint: Regal's rules on %s: %w", file, err)
	}
	var found []Finding
	for _, v := range violations {
		found = append(found, v.finding(file))
	}
	return found, nil
}

// query evaluates one reference and puts what it stands for into out.
func (r *regal) query(ctx context.Context, ref string, input ast.Value, out any) error {
	txn, err := r.store.NewTransaction(ctx)
	if err != nil {
		return err
	}
	defer r.store.Abort(ctx, txn)
	cancel := topdown.NewCancel()
	defer context.AfterFunc(ctx, cancel.Cancel)()
	q := topdown.NewQuery(ast.MustParseBody("result = " + ref)).WithCompiler(r.compiler).WithStore(r.store).WithTransaction(txn).
		WithInput(ast.NewTerm(input)).WithCancel(cancel)
	answers := 0
	err = q.Iter(ctx, func(result topdown.QueryResult) error {
		answers++
		plain, err := ast.JSON(result["result"].Value)
		if err != nil {
			return err
		}
		return through(plain, out)
	})
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err == nil && answers != 1:
		return fmt.Errorf("%s has %d answers", ref, answers)
	}
	return err
}

// violation is what a rule of Regal reports.
type violation struct {
	Title       string `json:"title"`
	Category    string `json:"category"`
	Description string `json:"description"`
	Location    struct {
		Row int `json:"row"`
	} `json:"location"`
}

func (v *violation) finding(file string) Finding {
	return Finding{
		File: file, Line: max(v.Location.Row, 1), Rule: v.Title, What: v.Description,
		Why: "Regal's " + v.Category + " rules",
		Do:  fmt.Sprintf("see https://www.openpolicyagent.org/projects/regal/rules/%s/%s", v.Category, v.Title),
	}
}
