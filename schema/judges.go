package schema

import "sync/atomic"

// maxJudges is how many judges with a meter one file may have. A page that asks for more at a
// time waits for one, as long as the meter lets it work: to compile a large schema once more
// takes longer, and could be had for every call.
const maxJudges = 4

// Judges are those of one file that have a meter and so serve one value at a time. They are
// compiled when they are first needed, for few files ever need one.
type judges struct {
	text []byte // of the schema
	idle chan *judge
	made atomic.Int32
}

func newJudges(text []byte) *judges {
	return &judges{text: text, idle: make(chan *judge, maxJudges)}
}

// take returns a judge that nobody else uses until it is given back.
func (p *judges) take() (*judge, error) {
	select {
	case j := <-p.idle:
		return j, nil
	default:
	}
	if p.made.Add(1) > maxJudges {
		p.made.Add(-1)
		return <-p.idle, nil
	}
	j, err := newJudge(p.text, true)
	if err != nil {
		p.made.Add(-1)
	}
	return j, err
}

func (p *judges) giveBack(j *judge) { p.idle <- j } // there is room for all that were made
