package schema

import (
	"hash/maphash"
	"math/bits"
)

// names finds two members of one name. The zero value is ready; its buffers serve all
// objects of one document.
type names struct {
	seed  maphash.Seed
	slots []slot
	text  []byte // an unescaped name
}

// A slot of the hash table stands for a member; at is one more than its index.
type slot struct{ hash, at uint32 }

// inDoubt is said of an object in which two members may have one name, so that it must be looked at.
const inDoubt = 1<<64 - 1

// few are compared each with each, which for so many is faster than a table.
const few = 8

// twin returns a member whose name an earlier one has, or nil.
func (s *names) twin(members []node) *node {
	if len(members) > few {
		return s.search(members)
	}
	for i := range members {
		m := &members[i]
		if m.nameEsc {
			return s.search(members)
		}
		name := m.rawName()
		for j := range i {
			if members[j].rawName() == name {
				return m
			}
		}
	}
	return nil
}

// search finds one with a hash table, whose seed no one can know beforehand, so that no one
// can choose names that collide.
func (s *names) search(members []node) *node {
	size := 1 << bits.Len(uint(2*len(members)-1))
	if len(s.slots) < size {
		if s.slots == nil {
			s.seed = maphash.MakeSeed()
		}
		s.slots = make([]slot, size)
	}
	table := s.slots[:size]
	clear(table)
	for i := range members {
		m := &members[i]
		hash := s.hash(m)
		at := hash & uint32(size-1)
		for table[at].at > 0 {
			if other := &members[table[at].at-1]; table[at].hash == hash && other.name() == m.name() {
				return m
			}
			at = (at + 1) & uint32(size-1)
		}
		table[at] = slot{hash, uint32(i + 1)}
	}
	return nil
}

func (s *names) hash(m *node) uint32 {
	if !m.nameEsc {
		return uint32(maphash.String(s.seed, m.rawName()))
	}
	s.text = appendUnescaped(s.text[:0], m.rawName())
	return uint32(maphash.Bytes(s.seed, s.text))
}
