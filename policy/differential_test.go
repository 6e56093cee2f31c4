package policy

import (
	"cmp"
	"context"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/sallyport/sallyport/schema"
)

// trio is one policy, evaluated by closures and by topdown.
type trio struct {
	closures, topdown *Policy
	texts             []string
	grammar           *grammar
}

func newTrio(texts ...string) (*trio, error) {
	a, err := Load(files(texts...), testConfig())
	if err != nil {
		return nil, err
	}
	b, err := Load(files(texts...), testConfig())
	if err != nil {
		return nil, err
	}
	b.interpreted = true
	return &trio{closures: a, topdown: b, texts: texts}, nil
}

// fuzzedPolicies are some that the grammar writes, the same each time.
func fuzzedPolicies(t testing.TB) []*trio {
	t.Helper()
	var all []*trio
	for seed := uint64(0); len(all) < 12; seed++ {
		g := &grammar{generator: generator{Rand: rand.New(rand.NewPCG(seed, 7))}}
		r, err := newTrio(g.capability(0))
		if err != nil {
			continue // a type error of the grammar's
		}
		r.grammar = g
		all = append(all, r)
	}
	return all
}

// tally counts what a comparison met.
type tally struct {
	cases, errors, stricter int
	effects                 [3]int
	policies, refused       int
	distrusted              int // by the guard, which takes an error that partial evaluation avoids for a difference
	lowered, left           int
	why                     map[string]int
}

func (c *tally) note(p *Policy, in Input) {
	e, err := p.prepared(context.Background(), &in)
	if err != nil {
		return
	}
	for i := range e.conditions {
		if why := e.conditions[i].why; why != "" {
			c.left++
			c.why[why]++
			continue
		}
		c.lowered++
	}
}

// compare fails where closures, the residual by topdown and the whole policy by topdown differ.
func (r *trio) compare(t *testing.T, in Input, c *tally, say func() string) {
	t.Helper()
	d, err := unguarded(r.closures, in)
	want, wantErr := unguarded(r.topdown, in)
	c.cases++
	if (err == nil) != (wantErr == nil) || err != nil && withoutValues(err) != withoutValues(wantErr) ||
		d.Effect != want.Effect || d.Reason != want.Reason || !slices.Equal(d.Rules, want.Rules) {
		t.Fatalf("by closures %s,\nby topdown %s\n%s", show(d, err), show(want, wantErr), say())
	}
	if err != nil {
		c.errors++
		return
	}
	got := reasonsOf(d)
	for _, indexing := range []bool{false, true} {
		effect, reasons, wholeErr := oracleBy(r.topdown, in, indexing)
		if wholeErr != nil {
			// Of a rule that ours never looks at: it is about another command.
			c.stricter++
			return
		}
		if d.Effect != effect || !slices.Equal(got, reasons) {
			t.Fatalf("by closures %s,\nby the whole policy (indexing %v) %v %q\n%s", show(d, err), indexing, effect, reasons, say())
		}
	}
	if indexed, err := r.indexed(in); err != nil || !slices.Equal(indexed.Rules, d.Rules) || indexed.Effect != d.Effect {
		t.Fatalf("by closures %s,\nby topdown with its rule index %s\n%s", show(d, nil), show(indexed, err), say())
	}
	c.effects[d.Effect]++
}

// unguarded decides by what is prepared alone: where the guard has found a difference, Decide evaluates
// in full, and nothing would be compared.
func unguarded(p *Policy, in Input) (Decision, error) {
	e, err := p.prepared(context.Background(), &in)
	if err != nil {
		return Decision{}, err
	}
	if e.plan == nil {
		return e.decision, nil
	}
	return p.evaluate(context.Background(), e, &in)
}

// indexed decides as topdown does with its rule index. That drops rules which could only fail, and
// with them their errors, so that it agrees where there is no error.
func (r *trio) indexed(in Input) (Decision, error) {
	p := r.topdown
	e, err := p.prepared(context.Background(), &in)
	if err != nil || e.plan == nil {
		return e.decision, err
	}
	input, err := e.plan.reads.input(e.known, &in)
	if err != nil {
		return Decision{}, err
	}
	f := newFrame()
	for i := range e.plan.parts {
		part := &e.plan.parts[i]
		q, done := p.query(context.Background(), part.question, e.plan.compiler, ast.NewTerm(input))
		err := q.WithIndexing(true).Iter(context.Background(), func(found topdown.QueryResult) error { return part.hits(f, found) })
		if done(); err != nil {
			return Decision{}, err
		}
	}
	return e.judged(f)
}

// withoutValues is an error without the list of values that topdown adds to a conflict.
func withoutValues(err error) string {
	text, _, _ := strings.Cut(err.Error(), ":\uFFFD")
	return text
}

func reasonsOf(d Decision) []string {
	var all []string
	for _, r := range d.Rules {
		all = append(all, r.Reason)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// differ compares on policies and calls that a seed makes, until a time.
func differ(t *testing.T, seed uint64, until time.Time, inputs int) *tally {
	c := &tally{why: make(map[string]int)}
	for n := uint64(0); time.Now().Before(until); n++ {
		g := &grammar{generator: generator{Rand: rand.New(rand.NewPCG(seed, n))}}
		texts := []string{g.capability(0)}
		if g.IntN(4) == 0 {
			texts = append(texts, g.capability(1))
		}
		r, err := newTrio(texts...)
		if err != nil {
			c.refused++
			if !strings.Contains(err.Error(), "rego_") && !strings.Contains(err.Error(), "scope.") {
				t.Fatal(err, texts)
			}
			continue
		}
		c.policies++
		for i := range inputs {
			args := g.args()
			in := Input{Window: "main", Local: true, Command: g.pick("a", "b", "c", "ab"), Session: g.pick("s1", "x"),
				Event: g.pick("", "x"), Target: g.pick("", "x", "xy"), Channel: g.pick("", "y"), Time: time.Unix(1767000000, 0)}
			if in.Args, err = schema.Parse([]byte(args), schema.DefaultLimits()); err != nil {
				t.Fatal(err, args)
			}
			if g.IntN(2) == 0 {
				in.User = parse(t, `{"name":"x"}`)
			}
			if i == 0 {
				for _, command := range []string{"a", "b", "c", "ab"} {
					at := in
					at.Command = command
					c.note(r.closures, at)
				}
			}
			r.compare(t, in, c, func() string {
				return strings.Join(append(texts, in.Command, args), "\n")
			})
		}
		if r.closures.Distrusted() {
			c.distrusted++
		}
	}
	return c
}

// duration is how long a random comparison takes: FUZZTIME, or seconds.
func duration(t *testing.T) time.Duration {
	text := cmp.Or(os.Getenv("FUZZTIME"), "3s")
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestClosuresAgreeWithTopdown(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	start := time.Now()
	c := differ(t, seed, start.Add(duration(t)), 200)
	rate := float64(c.cases) / time.Since(start).Seconds()
	t.Logf("%d cases, %.0f/s, on %d policies (%d refused, %d distrusted); %d errors, %d of the whole policy alone, %d denied, %d allowed, %d asked; %d of %d conditions lowered",
		c.cases, rate, c.policies, c.refused, c.distrusted, c.errors, c.stricter, c.effects[Deny], c.effects[Allow], c.effects[Ask], c.lowered, c.lowered+c.left)
	for why, n := range c.why {
		t.Logf("%4d %s", n, why)
	}
	if c.effects[Allow] == 0 || c.effects[Deny] == 0 || c.effects[Ask] == 0 || c.errors == 0 {
		t.Error("the generator missed a kind of decision")
	}
	if c.distrusted > c.policies/20 {
		t.Errorf("%d of %d policies are distrusted", c.distrusted, c.policies)
	}
	if c.lowered < 9*cmp.Or(c.left, 1) {
		t.Errorf("%d conditions were lowered and %d were not", c.lowered, c.left)
	}
}
