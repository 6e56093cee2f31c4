package policy

import (
	"hash/maphash"
	"sync/atomic"
)

// hot keeps the entries that were asked for last where they are found without a lock and by one hash
// of one text. It holds no more than its slots; what it forgets, the caches behind it still have.
type hot struct {
	seed maphash.Seed
	sets [512][4]atomic.Pointer[kept]
}

// kept is an entry with the key that it is for.
type kept struct {
	key
	*entry
}

func newHot() *hot { return &hot{seed: maphash.MakeSeed()} }

// place is where the entry of a key may be. Windows of one length share the places of a command; whose an
// entry is, the key says.
func (h *hot) place(k *key) (set *[4]atomic.Pointer[kept], way uint64) {
	n := maphash.String(h.seed, k.command) + uint64(len(k.window))*31 + uint64(len(k.origin))
	if k.event != "" { // all events share two commands
		n += maphash.String(h.seed, k.event)
	}
	return &h.sets[n%uint64(len(h.sets))], n >> 32 % 4
}

func (h *hot) get(k *key) *entry {
	set, _ := h.place(k)
	for i := range set {
		if found := set[i].Load(); found != nil && found.key == *k {
			return found.entry
		}
	}
	return nil
}

// put takes a free place or that of the same key, else one that the hash says.
func (h *hot) put(k *key, e *entry) {
	set, in := h.place(k)
	for i := range set {
		if found := set[i].Load(); found == nil || found.key == *k {
			in = uint64(i)
			break
		}
	}
	set[in].Store(&kept{*k, e})
}
