package policy

import (
	"slices"
	"sync"
)

// The most entries of both caches of a policy. Commands that the policy names can't be made up
// by a page, nor can events that the core asks about; all others share the small one.
const (
	maxNamed = 8192
	maxOther = 256
)

// key is what is known before the arguments.
type key struct {
	window, origin, command, event, platform string
	local                                    bool
}

// cache keeps the entries used last, between size and half of it: when the young half is full it
// becomes the old one, and what was old and unused is dropped.
type cache struct {
	mu         sync.RWMutex
	young, old map[key]*entry
	half       int
}

func newCache(size int) *cache {
	return &cache{young: make(map[key]*entry), half: max(1, size/2)}
}

func (c *cache) get(k *key) *entry {
	c.mu.RLock()
	e, ok := c.young[*k]
	if !ok {
		e = c.old[*k]
	}
	c.mu.RUnlock()
	if e != nil && !ok {
		c.put(k, e)
	}
	return e
}

func (c *cache) put(k *key, e *entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.young) >= c.half {
		c.young, c.old = make(map[key]*entry), c.young
	}
	c.young[*k] = e
}

// inherit takes over what another policy's cache holds, where the same rules are still all that can be
// about a command.
func (c *cache) inherit(from *cache, candidates func(command string) []*rule) {
	from.mu.RLock()
	defer from.mu.RUnlock()
	now := make(map[string][]*rule)
	for _, half := range []map[key]*entry{from.old, from.young} {
		for k, e := range half {
			if _, ok := now[k.command]; !ok {
				now[k.command] = candidates(k.command)
			}
			if slices.Equal(e.candidates, now[k.command]) {
				c.put(&k, e)
			}
		}
	}
}

// each visits every entry once.
func (c *cache) each(visit func(*entry)) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	for _, e := range c.young {
		visit(e)
	}
	for k, e := range c.old {
		if c.young[k] == nil {
			visit(e)
		}
	}
}

func (c *cache) len() int {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return len(c.young) + len(c.old)
}
