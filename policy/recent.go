package policy

import "sync"

// recent keeps what was made of the texts that were asked for last, between size and half of it. An
// error is kept too. Safe for concurrent use.
type recent[V any] struct {
	mu         sync.RWMutex
	young, old map[string]made[V]
	half       int
	build      func(text string) (V, error)
}

type made[V any] struct {
	value V
	err   error
}

func newRecent[V any](size int, build func(string) (V, error)) *recent[V] {
	return &recent[V]{young: make(map[string]made[V]), half: max(1, size/2), build: build}
}

// maxKept is the longest text, in bytes, whose value is kept: a page may choose it.
const maxKept = 1 << 10

// get makes a text's value unless it is there.
func (r *recent[V]) get(text string) (V, error) {
	if len(text) > maxKept {
		return r.build(text)
	}
	r.mu.RLock()
	m, ok := r.young[text]
	known := ok
	if !known {
		m, known = r.old[text]
	}
	r.mu.RUnlock()
	if ok {
		return m.value, m.err
	}
	if !known {
		m.value, m.err = r.build(text)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.young) >= r.half {
		r.young, r.old = make(map[string]made[V]), r.young
	}
	r.young[text] = m
	return m.value, m.err
}

func (r *recent[V]) len() int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return len(r.young) + len(r.old)
}
