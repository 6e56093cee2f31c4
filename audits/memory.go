package audits

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Memory is a Recorder that keeps the last records in memory, for tests and
// for an inspector. Make one with [NewMemory]. Its methods may be called from
// many goroutines.
type Memory struct {
	mu    sync.Mutex
	ring  []Record
	total uint64
}

var _ Recorder = (*Memory)(nil)

// NewMemory returns a recorder of the last n records, at least one.
func NewMemory(n int) *Memory { return &Memory{ring: make([]Record, max(n, 1))} }

// Decide keeps the record of a decision. It never fails.
func (m *Memory) Decide(_ context.Context, r *Record) error { return m.keep(KindDecision, r) }

// Outcome keeps the record of how a call ended. It never fails.
func (m *Memory) Outcome(_ context.Context, r *Record) error { return m.keep(KindOutcome, r) }

// Event keeps the record of a change of what is permitted. It never fails.
func (m *Memory) Event(_ context.Context, r *Record) error { return m.keep(KindEvent, r) }

func (m *Memory) keep(kind string, r *Record) error {
	kept := *r
	kept.Version = lineVersion
	kept.Kind = kind
	kept.Rules, kept.Terms = slices.Clone(r.Rules), r.Terms.clone()
	if kept.Time.IsZero() {
		kept.Time = time.Now()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ring[m.total%uint64(len(m.ring))] = kept
	m.total++
	return nil
}

// Records returns copies of the records still kept, oldest first.
func (m *Memory) Records() []Record {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := min(m.total, uint64(len(m.ring)))
	out := make([]Record, 0, n)
	for i := m.total - n; i < m.total; i++ {
		r := m.ring[i%uint64(len(m.ring))]
		r.Rules, r.Terms = slices.Clone(r.Rules), r.Terms.clone()
		out = append(out, r)
	}
	return out
}

// Total returns how many records were ever kept, those that Records no longer
// returns included.
func (m *Memory) Total() uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.total
}

// clone returns Terms that share no list with t.
func (t *Terms) clone() *Terms {
	if t == nil {
		return nil
	}
	c := *t
	for _, list := range []*[]string{&c.Windows, &c.Origins, &c.Commands, &c.Args, &c.Sessions} {
		*list = slices.Clone(*list)
	}
	return &c
}
