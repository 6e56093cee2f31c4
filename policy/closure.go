package policy

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/sallyport/sallyport/schema"
)

// closure goes on with the evaluation of a call from one place of a rule to its end. It is taken
// once for each way in which what stands before can hold, so it takes the next closure never, once
// or often. An error ends the evaluation, as the first one does in OPA's topdown.
type closure func(f *frame) error

// never is the closure where nothing can hold.
func never(*frame) error { return nil }

// errFound is no error: it ends the search for further ways in which the body of an every can
// hold. The every that it belongs to takes it for success.
var errFound = errors.New("found")

// layout counts what a frame must have room for.
type layout struct{ slots, refs, memos, flags, lists, answers int }

// frame is the evaluation of one call by closures. It is used again for other calls.
type frame struct {
	ctx   context.Context
	env   *environment
	in    Input
	ticks int
	fault error // of a value that could not be made; the decision is this error then

	slots []value       // local variables, by number
	refs  []fetched     // arguments that were looked up
	memos []memo        // of rules
	flags []bool        // what a nested body found
	lists [][]*ast.Term // what a comprehension has collected
	// What functions answered that are asked the same in several places.
	answers []answered

	held uint64 // constant outcomes that hold, by number
	hits []hit  // other conditions that hold

	terms map[schema.Value]*ast.Term // arrays and objects of the arguments as OPA's values
	cuts  [4]cut                     // paths among the arguments
	cut   int                        // how many were cut; the oldest gives way
	took  *ast.Term                  // what OPA's function answered
	take  func(*ast.Term) error
	// cancel ends functions of OPA's that take long. They do otherwise without one.
	cancel topdown.Cancel
	stop   func() bool
}

// hit is a condition that holds, with its message.
type hit struct {
	condition int
	message   *ast.Term
}

// memo is what is known of a rule: its value, if it was evaluated.
type memo struct {
	state   memoState
	yielded bool // the body that was evaluated last held
	found   bool // errFound came from what follows the rule
	value   value
	next    closure // what follows the rule where it is being evaluated
}

type memoState uint8

const (
	notYet memoState = iota
	isUndefined
	isDefined
)

type answered uint8

const (
	notAsked answered = iota
	no
	yes
)

type fetched struct {
	state memoState
	value value
}

func newFrame() *frame {
	f := &frame{}
	f.take = func(t *ast.Term) error { f.took = t; return nil }
	return f
}

// start makes a frame ready for a call.
func (f *frame) start(ctx context.Context, env *environment, in *Input, l layout) {
	f.ctx, f.env, f.in = ctx, env, *in
	f.slots = slices.Grow(f.slots, l.slots)[:l.slots]
	f.refs = slices.Grow(f.refs, l.refs)[:l.refs]
	f.memos = slices.Grow(f.memos, l.memos)[:l.memos]
	f.flags = slices.Grow(f.flags, l.flags)[:l.flags]
	f.lists = slices.Grow(f.lists, l.lists)[:l.lists]
	f.answers = slices.Grow(f.answers, l.answers)[:l.answers]
}

// end lets go of everything that belongs to the call.
func (f *frame) end() {
	clear(f.slots)
	clear(f.refs)
	clear(f.memos)
	clear(f.flags)
	clear(f.lists)
	clear(f.answers)
	clear(f.hits)
	f.ctx, f.in, f.ticks, f.fault, f.held, f.hits, f.terms, f.took = nil, Input{}, 0, nil, 0, f.hits[:0], nil, nil
	for i := range min(f.cut, len(f.cuts)) {
		f.cuts[i].forget()
	}
	f.cut = 0
	if f.stop != nil {
		f.stop()
		f.cancel, f.stop = nil, nil
	}
}

// patience is after how many turns of loops the context is looked at.
const patience = 256

// tick counts n turns of a loop and fails when nobody waits for the answer any more.
func (f *frame) tick(n int) error {
	if f.ticks += n; f.ticks >= patience {
		f.ticks = 0
		return f.ctx.Err()
	}
	return nil
}

// now is the time of the call.
func (f *frame) now() value {
	if f.in.Time.IsZero() {
		f.in.Time = time.Now()
	}
	return value{own: ast.Number(nanoseconds(f.in.Time))}
}

// call asks one of OPA's functions, or of ours, as topdown does.
func (f *frame) call(b topdown.BuiltinFunc, at *ast.Location, operands []getter) (value, bool, error) {
	terms := make([]*ast.Term, len(operands))
	for i, o := range operands {
		var err error
		if terms[i], err = f.term(o.value(f)); err != nil {
			return value{}, false, err
		}
	}
	if f.cancel == nil {
		f.cancel = topdown.NewCancel()
		f.stop = context.AfterFunc(f.ctx, f.cancel.Cancel)
	}
	f.took = nil
	if err := b(topdown.BuiltinContext{Context: f.ctx, Cancel: f.cancel, Location: at}, terms, f.take); err != nil {
		if halt, ok := err.(topdown.Halt); ok {
			err = halt.Err
		}
		return value{}, false, err
	}
	if f.took == nil {
		return value{}, false, nil
	}
	return value{own: f.took.Value}, true, nil
}
