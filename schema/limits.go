package schema

import "math"

// Limits bound what [Parse] accepts. A field that is zero or negative stands for its
// value in [DefaultLimits]; there is no way to say "unlimited".
type Limits struct {
	Size     int // bytes of the whole document, white space included; 4 GiB at most
	Depth    int // arrays and objects inside one another; [[]] has depth 2
	Nodes    int // values in the document, containers included, member names not
	Keys     int // members of one object
	Number   int // bytes of one number's literal
	Exponent int // absolute value of a number's written exponent
}

// DefaultLimits are the bounds that hold unless the caller gives its own.
//
// Exponents stop short of what makes exact arithmetic on a number expensive: a schema
// that looks at 1e999999 spends some 30 ms on these eight bytes, and one that looks at
// 1e1000001 panics. ±400 still covers every float64.
func DefaultLimits() Limits {
	return Limits{Size: 1 << 20, Depth: 64, Nodes: 100_000, Keys: 4096, Number: 128, Exponent: 400}
}

// filled returns l with its unset fields taken from DefaultLimits.
func (l Limits) filled() Limits {
	d := DefaultLimits()
	fill := func(n *int, other int) {
		if *n <= 0 {
			*n = other
		}
	}
	fill(&l.Size, d.Size)
	fill(&l.Depth, d.Depth)
	fill(&l.Nodes, d.Nodes)
	fill(&l.Keys, d.Keys)
	fill(&l.Number, d.Number)
	fill(&l.Exponent, d.Exponent)
	// Offsets in the tape are 32 bits wide.
	if uint64(l.Size) > math.MaxUint32 {
		l.Size = int(uint64(math.MaxUint32) & math.MaxInt)
	}
	return l
}
