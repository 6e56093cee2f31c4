package bench

import (
	"context"
	"encoding/json"
	"path"
	"runtime"
	"time"

	"github.com/sallyport/sallyport/policy"
	"github.com/sallyport/sallyport/schema"
)

// A contender answers the calls of one workload.
type contender interface {
	// verdicts answers each call once.
	verdicts(calls []call) ([]bool, error)
	// round takes n decisions on the hot calls, in turns, and fails if one of
	// them is not an allow.
	round(n int) (cost, error)
}

// A cost is what n decisions took.
type cost struct {
	Ns     float64 `json:"ns"` // of all n
	Allocs float64 `json:"allocs"`
	Bytes  float64 `json:"bytes"`
}

// A local contender runs in this process.
type local struct {
	decide func(*question) (bool, error)
	hot    []*question
	next   int // of hot; kept over rounds, so that rounds of few decisions ask all in turn
}

// A question is a call as the core has it when policy is asked: parsed, and
// everything but the arguments known for long.
type question struct {
	call call
	args schema.Value
}

func ask(c call) (*question, error) {
	text, err := json.Marshal(struct {
		Path string `json:"path"`
		Size int64  `json:"size"`
	}{c.Path, c.Size})
	if err != nil {
		return nil, err
	}
	args, err := schema.Parse(text, schema.DefaultLimits())
	return &question{c, args}, err
}

func newLocal(hot []call, decide func(*question) (bool, error)) (*local, error) {
	l := &local{decide: decide}
	for _, c := range hot {
		q, err := ask(c)
		if err != nil {
			return nil, err
		}
		l.hot = append(l.hot, q)
	}
	return l, nil
}

func (l *local) verdicts(calls []call) ([]bool, error) {
	all := make([]bool, len(calls))
	for i, c := range calls {
		q, err := ask(c)
		if err != nil {
			return nil, err
		}
		if all[i], err = l.decide(q); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (l *local) round(n int) (cost, error) {
	if err := l.turn(n / warmUp); err != nil {
		return cost{}, err
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := time.Now()
	if err := l.turn(n); err != nil {
		return cost{}, err
	}
	took := time.Since(began)
	runtime.ReadMemStats(&after)
	return cost{float64(took.Nanoseconds()), float64(after.Mallocs - before.Mallocs), float64(after.TotalAlloc - before.TotalAlloc)}, nil
}

// warmUp is the part of a round that is run once more before it, untimed: the
// others' rounds have taken the processor's caches.
const warmUp = 8

// turn takes n decisions.
func (l *local) turn(n int) error {
	for range n {
		allowed, err := l.decide(l.hot[l.next])
		if err != nil || !allowed {
			return wrongVerdict(l.hot[l.next].call, allowed, err)
		}
		if l.next++; l.next == len(l.hot) {
			l.next = 0
		}
	}
	return nil
}

// ours asks a policy as the core does.
func ours(p *policy.Policy, now time.Time) func(*question) (bool, error) {
	ctx := context.Background()
	return func(q *question) (bool, error) {
		d, err := p.Decide(ctx, policy.Input{
			Window: q.call.Window, Origin: q.call.Origin, Command: q.call.Command,
			Local: q.call.Origin == pageOrigin, Args: q.args, Time: now,
		})
		return d.Effect == policy.Allow, err
	}
}

// A handMap is what a careful developer writes without any engine: the grants
// in one map by window, origin and command, the globs by path.Match, and no
// path that is not in its plainest form.
type handMap map[place]limits

type place struct{ window, origin, command string }

type limits struct {
	paths []string // nil: no condition
	size  int64
}

func newHandMap(w workload) handMap {
	m := make(handMap, 3*len(w.Grants)/2)
	for _, g := range w.Grants {
		for _, command := range g.Commands {
			m[place{g.Window, g.Origin, command}] = limits{g.Paths, g.Size}
		}
	}
	return m
}

func (m handMap) decide(q *question) (bool, error) {
	found, ok := m[place{q.call.Window, q.call.Origin, q.call.Command}]
	if !ok || found.paths == nil {
		return ok, nil
	}
	file, ok := q.args.Field("path")
	if !ok || file.Kind() != schema.String {
		return false, nil
	}
	size, ok := q.args.Field("size")
	if !ok || size.Kind() != schema.Number {
		return false, nil
	}
	bytes, err := size.Number().Int64()
	if err != nil || bytes > found.size {
		return false, nil
	}
	name := file.Text()
	if !path.IsAbs(name) || path.Clean(name) != name {
		return false, nil
	}
	for _, glob := range found.paths {
		if fits, err := path.Match(glob, name); fits && err == nil {
			return true, nil
		}
	}
	return false, nil
}
