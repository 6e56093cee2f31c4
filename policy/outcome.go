package policy

import (
	"sync"
	"sync/atomic"
)

// outcomes keeps decisions by the conditions that held. Those with messages that are made of
// the call's arguments are not among them.
type outcomes struct {
	kept atomic.Pointer[[]outcome]
	mu   sync.Mutex // of those who add
}

type outcome struct {
	held     uint64
	decision Decision
}

// maxOutcomes bounds what is kept of one entry. A rule set of a few conditions has no more, and a
// page gains nothing by making up others.
const maxOutcomes = 32

func (o *outcomes) get(held uint64) (*Decision, bool) {
	kept := o.kept.Load()
	if kept == nil {
		return nil, false
	}
	for i := range *kept {
		if k := &(*kept)[i]; k.held == held {
			return &k.decision, true
		}
	}
	return nil, false
}

func (o *outcomes) put(held uint64, d Decision) {
	o.mu.Lock()
	defer o.mu.Unlock()
	var all []outcome
	if kept := o.kept.Load(); kept != nil {
		all = *kept
	}
	if len(all) < maxOutcomes {
		all = append(all[:len(all):len(all)], outcome{held, d})
		o.kept.Store(&all)
	}
}
