package policy

import (
	"fmt"
	"strings"
)

// shared is the answer of a function that is asked the same in several places: below 0 while there
// is one place.
type shared struct{ at int }

// asked makes the closure of a call that holds or not. What is asked a second time in a call, of
// constants and arguments alone, is answered from memory.
func (s *scope) asked(name string, known []getter, a *answer, opa closure, holds func(f *frame) (holds, known bool)) closure {
	memory := s.memory(name, known)
	return func(f *frame) error {
		if memory != nil && memory.at >= 0 && f.answers[memory.at] != notAsked {
			return a.is(f, f.answers[memory.at] == yes)
		}
		answer, known := holds(f)
		if !known {
			return opa(f)
		}
		if memory != nil && memory.at >= 0 {
			f.answers[memory.at] = no
			if answer {
				f.answers[memory.at] = yes
			}
		}
		return a.is(f, answer)
	}
}

func (s *scope) memory(name string, known []getter) *shared {
	key := memoryKey(name, known)
	if key == "" {
		return nil
	}
	m := s.shared[key]
	switch {
	case m == nil:
		m = &shared{-1}
		s.shared[key] = m
	case m.at < 0:
		m.at = claim(&s.answers)
	}
	return m
}

// memoryKey is one text for calls that are the same throughout a call's evaluation, "" where the operands
// may differ.
func memoryKey(name string, known []getter) string {
	var key strings.Builder
	key.WriteString(name)
	for _, o := range known {
		switch o := o.(type) {
		case looked:
			fmt.Fprintf(&key, " #%d", int(o))
		case fixed:
			fmt.Fprintf(&key, " %v", o.own)
		default:
			return ""
		}
	}
	return key.String()
}
