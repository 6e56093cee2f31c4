package fuzz

// choices is a stream of decisions read from a fuzzer's bytes: the same bytes
// make the same scenario, and a change of one byte changes one decision. Past
// its end every decision is the first.
type choices struct{ rest []byte }

// below picks a number from 0 to n-1.
func (c *choices) below(n int) int {
	if n <= 1 || len(c.rest) == 0 {
		return 0
	}
	picked := int(c.rest[0])
	c.rest = c.rest[1:]
	if n > 256 && len(c.rest) > 0 {
		picked = picked<<8 | int(c.rest[0])
		c.rest = c.rest[1:]
	}
	return picked % n
}

// chance is true once in n, and never past the end.
func (c *choices) chance(n int) bool { return len(c.rest) > 0 && c.below(n) == n-1 }

func (c *choices) more() bool { return len(c.rest) > 0 }
