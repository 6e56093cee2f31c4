package policy

// unless leaves out a body that can't fail, where it could say nothing new.
func unless(bit uint64, body closure) closure {
	return func(f *frame) error {
		if f.held&bit != 0 {
			return nil
		}
		return body(f)
	}
}

// risks are what may fail in a body.
type risks struct {
	asked   map[string]bool // functions, by the call, that are asked in the body itself, or where it is true below it
	other   bool
	nesting int // of bodies in the body
}

// ask notes the call of a function that has errors.
func (r *risks) ask(call string) {
	if call == "" {
		r.other = true
	} else if r.nesting == 0 || !r.asked[call] {
		r.asked[call] = r.nesting == 0
	}
}

// none says that a body can't fail where another one has held: it asks what all of them have asked.
func (r *risks) none(others []*risks) bool {
	for call := range r.asked {
		for _, o := range others {
			if !o.asked[call] {
				return false
			}
		}
	}
	return !r.other
}
