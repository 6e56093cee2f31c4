package policy

// Stats says what a policy keeps. It is safe for concurrent use.
type Stats struct {
	Capabilities int
	Prepared     int // combinations of window, origin and command whose answers are prepared; at most 8,448
	Conditional  int // of them those whose answer depends on the call
	ByOPA        int // of the conditional ones those with a condition that OPA evaluates
	Distrusted   bool
}

// Stats counts what is prepared now. Its cost grows with that.
func (p *Policy) Stats() Stats {
	s := Stats{Capabilities: len(p.units), Distrusted: p.Distrusted()}
	for _, c := range []*cache{p.named, p.other} {
		c.each(func(e *entry) {
			s.Prepared++
			if e.plan == nil {
				return
			}
			s.Conditional++
			if e.plan.compiler != nil {
				s.ByOPA++
			}
		})
	}
	return s
}
