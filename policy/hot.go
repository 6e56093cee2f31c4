package policy

import (
	"hash/maphash"
	"sync/atomic"
)

// hot keeps the entries that were asked for last where they are found without a lock and by one hash
// of one text. It holds no more than its slots; what it forgets, the caches behind it still have.
type hot struct {
	seed  maphash.Seed
	slots [512]atomic.Pointer[kept]
}

// kept is an entry with the key that it is for.
type kept struct {
	key
	*entry
}

func newHot() *hot { return &hot{seed: maphash.MakeSeed()} }

// slot is where the entry of a key may be. Windows of one length share the slots of a command; whose the
// entry is, the key says.
func (h *hot) slot(k *key) *atomic.Pointer[kept] {
	n := maphash.String(h.seed, k.command) + uint64(len(k.window))*31 + uint64(len(k.origin))
	return &h.slots[n%uint64(len(h.slots))]
}

func (h *hot) get(k *key) *entry {
	if found := h.slot(k).Load(); found != nil && found.key == *k {
		return found.entry
	}
	return nil
}

func (h *hot) put(k *key, e *entry) { h.slot(k).Store(&kept{*k, e}) }
