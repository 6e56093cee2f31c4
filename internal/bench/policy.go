package bench

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"runtime"
	"testing/fstest"
	"time"

	"github.com/sallyport/sallyport/policy"
)

// A policyCase is one number of capabilities.
type policyCase struct {
	name         string
	capabilities int
	peers        bool // take part; the map always does, since the ratios are to it
}

// A policyEffort says how much is measured.
type policyEffort struct {
	cases  []policyCase
	rounds int
	round  time.Duration // of one contender; one decision at least
	loads  int           // of a case up to 1,000 capabilities; those above are loaded once
}

func fullPolicyEffort() policyEffort {
	return policyEffort{
		cases: []policyCase{
			{"10", 10, false}, {"50", 50, true}, {"100", 100, false}, {"1000", 1000, true}, {"10000", 10_000, true},
		},
		// Short rounds: most of them are over before a busy machine gives the processor away.
		rounds: 41, round: 2 * time.Millisecond, loads: 3,
	}
}

// Policy measures one decision: ours, a hand-written Go map, and where peers
// has the program that knows them, other engines, all on the same capabilities,
// in interleaved rounds, after all of them gave the right answers to calls
// around the edges of the policy. The ratio is to the map of the same case.
//
// The row "sallyport" is a call with five globs on one argument, of which the
// last lets it through, and a bound on another. "sallyport-unconditional" is a
// command whose rule reads no argument. "sallyport-topdown" is the first again,
// in words that are left to OPA's evaluation of the residual.
func Policy(ctx context.Context, peers PeersProgram, progress func(string)) (Report, error) {
	return measurePolicy(ctx, fullPolicyEffort(), peers, progress)
}

func measurePolicy(ctx context.Context, effort policyEffort, program PeersProgram, progress func(string)) (Report, error) {
	if progress == nil {
		progress = func(string) {}
	}
	report := Report{Name: "policy", Peers: &Peers{}}
	progress("building the peers")
	peers, err := program.start(ctx)
	unavailable, missing := errors.AsType[*PeersUnavailable](err)
	switch {
	case missing:
		report.Peers.Reason = unavailable.Error()
	case err != nil:
		return Report{}, err
	default:
		report.Peers.Measured = true
		defer peers.close()
	}
	for _, c := range effort.cases {
		progress(c.name + " capabilities")
		b := &policyBench{policyEffort: effort, policyCase: c}
		if c.peers && peers != nil {
			b.peerProcess = peers
		}
		if err := b.measure(ctx); err != nil {
			return Report{}, err
		}
		report.Rows = append(report.Rows, b.rows()...)
		report.Setup = append(report.Setup, b.setup...)
	}
	return report, nil
}

// A policyBench is one case while it is measured.
type policyBench struct {
	policyEffort
	policyCase
	peerProcess *peerProcess
	entries     []*entrant
	setup       []Setup
}

// An entrant is a contender with its figures.
type entrant struct {
	variant string
	contender
	checks []call
	n      int // decisions in each round
	costs  []cost
}

func (b *policyBench) measure(ctx context.Context) error {
	w := newWorkload(b.capabilities)
	if err := b.enter(ctx, w); err != nil {
		return err
	}
	for _, e := range b.entries {
		if err := agree(e.variant, e.contender, e.checks); err != nil {
			return fmt.Errorf("bench: %s capabilities: %w", b.name, err)
		}
		if err := e.calibrate(b.round); err != nil {
			return fmt.Errorf("bench: %s: %w", e.variant, err)
		}
	}
	runtime.GC() // what loading left
	for round := range b.rounds {
		for i := range b.entries {
			e := b.entries[(i+round)%len(b.entries)] // nobody always comes after the same
			if err := ctx.Err(); err != nil {
				return err
			}
			c, err := e.round(e.n)
			if err != nil {
				return fmt.Errorf("bench: %s: %w", e.variant, err)
			}
			e.costs = append(e.costs, c)
		}
	}
	return nil
}

// enter loads everything that takes part.
func (b *policyBench) enter(ctx context.Context, w workload) error {
	files := w.capabilities()
	p, took, err := b.load(files)
	if err != nil {
		return err
	}
	s, err := prepared(ctx, p, w)
	if err != nil {
		return err
	}
	s.Case, s.Variant, s.LoadMs = b.name, "sallyport", took
	if s.ReloadMs, err = b.reload(p, files); err != nil {
		return err
	}
	b.setup = append(b.setup, s)

	now := time.Now()
	list, export := reworded(w.Hot, "list"), reworded(w.Hot, "export")
	for _, v := range []struct {
		variant string
		hot     []call
		checks  []call
	}{
		{"sallyport", w.Hot, w.Checks},
		{"sallyport-unconditional", list, list},
		{"sallyport-topdown", export, exported(w.Checks)},
	} {
		l, err := newLocal(v.hot, ours(p, now))
		if err != nil {
			return err
		}
		b.entries = append(b.entries, &entrant{variant: v.variant, contender: l, checks: v.checks})
	}
	m, err := newLocal(w.Hot, newHandMap(w).decide)
	if err != nil {
		return err
	}
	b.entries = append(b.entries, &entrant{variant: "map", contender: m, checks: w.Checks})
	if b.peerProcess == nil {
		return nil
	}
	loaded, err := b.peerProcess.load(w)
	if err != nil {
		return err
	}
	for _, peer := range loaded {
		b.setup = append(b.setup, Setup{Case: b.name, Variant: peer.Variant, LoadMs: peer.LoadMs})
		b.entries = append(b.entries, &entrant{variant: peer.Variant, contender: &remote{b.peerProcess, peer.Variant}, checks: w.Checks})
	}
	return nil
}

// load is a policy of the files, and the median time that loading took.
func (b *policyBench) load(files fs.FS) (p *policy.Policy, ms float64, err error) {
	var times []float64
	for range max(1, b.loads) {
		began := time.Now()
		if p, err = policy.Load(files, policy.Config{Platform: "linux"}); err != nil {
			return nil, 0, fmt.Errorf("bench: %w", err)
		}
		times = append(times, time.Since(began).Seconds()*1e3)
		if b.capabilities > 1000 {
			break
		}
	}
	return p, median(times), nil
}

// reload is the median time that a change of one file takes.
func (b *policyBench) reload(p *policy.Policy, files fstest.MapFS) (ms float64, err error) {
	changed := maps.Clone(files)
	name := spaceOf(b.capabilities/2) + ".rego"
	var times []float64
	for i := range max(1, b.loads) {
		changed[name] = &fstest.MapFile{Data: fmt.Appendf(nil, "%s\n# change %d\n", files[name].Data, i)}
		began := time.Now()
		if p, err = p.Reload(changed); err != nil {
			return 0, fmt.Errorf("bench: %w", err)
		}
		times = append(times, time.Since(began).Seconds()*1e3)
	}
	return median(times), nil
}

// maxFirst bounds how many first decisions are measured.
const maxFirst = 400

// prepared asks about windows and commands for the first time.
func prepared(ctx context.Context, p *policy.Policy, w workload) (Setup, error) {
	decide := ours(p, time.Now())
	n := min(maxFirst, len(w.Grants)/2)
	questions := make([]*question, n)
	for i := range questions {
		q, err := ask(lastGlob(i*(len(w.Grants)/2)/n, "save"))
		if err != nil {
			return Setup{}, err
		}
		questions[i] = q
	}
	before := heap()
	times := make([]float64, n)
	for i, q := range questions {
		if err := ctx.Err(); err != nil {
			return Setup{}, err
		}
		began := time.Now()
		allowed, err := decide(q)
		times[i] = float64(time.Since(began).Nanoseconds()) / 1e3
		if err != nil || !allowed {
			return Setup{}, wrongVerdict(q.call, allowed, err)
		}
	}
	kept := heap() - before
	runtime.KeepAlive(p)
	runtime.KeepAlive(questions)
	return Setup{FirstDecisionUs: median(times), EntryBytes: max(0, kept/float64(n))}, nil
}

func heap() float64 {
	runtime.GC()
	runtime.GC() // what the first left to finalizers
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

// calibrate finds how many decisions fill a round, when every hot call has been
// decided once: what is made for the first of its kind is measured elsewhere.
func (e *entrant) calibrate(round time.Duration) error {
	if _, err := e.round(hotCalls); err != nil {
		return err
	}
	for e.n = 1; e.n < 1<<24; e.n *= 2 {
		fastest := math.Inf(1) // one that the machine interrupts would make all rounds short
		for range 3 {
			c, err := e.round(e.n)
			if err != nil {
				return err
			}
			fastest = min(fastest, c.Ns)
			if time.Duration(c.Ns) > 20*round {
				break // a slow one, whatever interrupts it
			}
		}
		if time.Duration(fastest)*2 > round {
			return nil
		}
	}
	return nil
}

func (b *policyBench) rows() []Row {
	base := 0.0
	all := make([]Row, len(b.entries))
	for i, e := range b.entries {
		all[i] = e.row(b.name)
		if e.variant == "map" {
			base = all[i].NsPerOp
		}
	}
	for i := range all {
		all[i].Ratio = all[i].NsPerOp / base
	}
	return all
}

// row is the medians of all rounds. A single decision is too short for a
// clock: P50 and P95 are of the rounds' means.
func (e *entrant) row(name string) Row {
	var ns, allocs, bytes []float64
	for _, c := range e.costs {
		n := float64(e.n)
		ns, allocs, bytes = append(ns, c.Ns/n), append(allocs, c.Allocs/n), append(bytes, c.Bytes/n)
	}
	r := Row{Case: name, Variant: e.variant, NsPerOp: median(ns), AllocsPerOp: median(allocs), BytesPerOp: median(bytes)}
	r.P50, r.P95, r.PerSecond = r.NsPerOp/1e3, nearest(ns, 0.95)/1e3, 1e9/r.NsPerOp
	return r
}
