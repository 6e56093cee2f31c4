package core

import (
	"context"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/sallyport/sallyport/audits"
)

// Against floods: one question is shown at a time, and few wait behind it. A
// window may raise six in quick succession and then one every ten seconds;
// one that does not end in a yes counts for three.
const (
	maxPrompts       = 16 // shown and waiting
	maxWindowPrompts = 4
	promptBurst      = 6
	promptsPerSecond = 0.1
	unwelcome        = 2 // tokens more

	promptTimeout = time.Minute

	// returnWithin is how long a prompter may take to notice that nobody waits
	// any more.
	returnWithin = time.Second
)

// newPromptRate is one window's bucket. It is the window's and not the
// session's, so that a page can't have another by being loaded anew.
func newPromptRate() *rate.Limiter { return rate.NewLimiter(promptsPerSecond, promptBurst) }

// prompts puts questions to the user, one after the other.
type prompts struct {
	prompter Prompter
	timeout  time.Duration // of one question, from when it is shown
	log      *slog.Logger

	mu      sync.Mutex
	queue   []*prompt     // the first is shown, or about to be
	idle    chan struct{} // closed when the goroutine that shows them has ended; nil if there is none
	stuck   bool          // the prompter does not return
	stopped bool
}

// A prompt is one question with the calls that wait for its answer.
type prompt struct {
	session  *session
	bindings []binding
	question Question

	// shown is the digest of all arguments of the call that the question shows. A
	// call that waits with it may differ in what its rules don't remember.
	shown string

	// Guarded by prompts.mu.
	waiters []waiter
	hide    context.CancelFunc // while it is shown
}

// A waiter is a call that waits for an answer.
type waiter struct {
	told chan verdict
	args string // as prompt.shown
}

// A verdict is what became of a question for one call.
type verdict struct {
	answer Answer
	asked  string // see audits
	reason string // of a no
	code   Code   // of a no; "" is CodeDenied
}

func refused(asked, reason string, code Code) verdict { return verdict{AnswerNo, asked, reason, code} }

// ask waits for the answer to a question. Equal calls that come while it waits
// or is shown wait with it.
func (p *prompts) ask(ctx context.Context, s *session, bindings []binding, args string, question Question) verdict {
	waiting, no := p.join(s, bindings, args, question)
	if waiting == nil {
		return no
	}
	select {
	case v := <-waiting:
		return v
	case <-ctx.Done():
		p.leave(waiting)
		return refused(audits.AskedWithdrawn, "the call ended before the user answered", "")
	}
}

func (p *prompts) join(s *session, bindings []binding, args string, question Question) (waiting chan verdict, no verdict) {
	p.mu.Lock()
	defer p.mu.Unlock()
	waiting = make(chan verdict, 1)
	ofWindow := 0
	for _, q := range p.queue {
		if q.session == s && len(q.waiters) > 0 && slices.EqualFunc(q.bindings, bindings, func(a, b binding) bool { return a.digest == b.digest }) {
			q.waiters = append(q.waiters, waiter{waiting, args})
			return waiting, verdict{}
		}
		if q.session.window == s.window {
			ofWindow++
		}
	}
	switch {
	case p.stopped:
		return nil, refused(audits.AskedRefused, "the app is shutting down", CodeClosed)
	case p.stuck:
		return nil, refused(audits.AskedFailed, "the prompter has not returned from an earlier question", "")
	case len(p.queue) >= maxPrompts, ofWindow >= maxWindowPrompts:
		return nil, refused(audits.AskedRefused, "too many questions wait for the user", CodeBusy)
	case !s.window.prompts.Allow():
		return nil, refused(audits.AskedRefused, "the window raises too many questions", CodeRateLimited)
	}
	p.queue = append(p.queue, &prompt{session: s, bindings: bindings, question: question, shown: args, waiters: []waiter{{waiting, args}}})
	if p.idle == nil {
		p.idle = make(chan struct{})
		go p.run(p.idle)
	}
	return waiting, verdict{}
}

// leave takes a call away from its question, and the question from the user
// once nobody waits for it.
func (p *prompts) leave(waiting chan verdict) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, q := range p.queue {
		at := slices.IndexFunc(q.waiters, func(w waiter) bool { return w.told == waiting })
		if at < 0 {
			continue
		}
		q.waiters = slices.Delete(q.waiters, at, at+1)
		switch {
		case len(q.waiters) > 0:
		case q.hide != nil:
			q.hide()
		default:
			p.queue = slices.Delete(p.queue, i, i+1)
		}
		return
	}
}

// run shows the questions of the queue until there are none.
func (p *prompts) run(done chan struct{}) {
	defer close(done)
	for {
		ctx, q := p.next()
		if q == nil {
			return
		}
		p.show(ctx, q)
		q.hide()
	}
}

// next marks the first of the queue as shown.
func (p *prompts) next() (context.Context, *prompt) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.queue) == 0 {
		p.idle = nil
		return nil, nil
	}
	ctx, hide := context.WithTimeout(context.Background(), p.timeout)
	p.queue[0].hide = hide
	return ctx, p.queue[0]
}

// said is what a prompter returned. ok is false where it panicked.
type said struct {
	answer Answer
	err    error
	ok     bool
}

func (p *prompts) show(ctx context.Context, q *prompt) {
	app := q.session.app
	if answer, asked, settled := app.settled(q.bindings, q.session.link.ID()); settled { // by the question before
		p.settle(q, verdict{answer: answer, asked: asked, reason: keptNo})
		return
	}
	answered := make(chan said, 1)
	go p.put(ctx, q.question, answered)
	select {
	case s := <-answered:
		p.settle(q, p.judge(ctx, q, s))
	case <-ctx.Done():
		p.settle(q, p.judge(ctx, q, said{}))
		p.reclaim(answered)
	}
}

// put asks the prompter. Whatever that does, there is an answer.
func (p *prompts) put(ctx context.Context, question Question, answered chan<- said) {
	var s said
	defer func() {
		if value := recover(); value != nil {
			p.log.Error("core: the prompter panicked; the call is refused", "command", question.Command,
				"panic", panicText(value), "stack", string(debug.Stack()))
		}
		answered <- s
	}()
	answer, err := p.prompter.Ask(ctx, question)
	s = said{answer, err, true}
}

// judge makes of what a prompter said what counts, and keeps it.
func (p *prompts) judge(ctx context.Context, q *prompt, s said) verdict {
	switch {
	case ctx.Err() == context.DeadlineExceeded:
		return refused(audits.AskedTimeout, "the user did not answer in time", "")
	case ctx.Err() != nil:
		return refused(audits.AskedWithdrawn, "the call ended before the user answered", "")
	case !s.ok:
		return refused(audits.AskedFailed, "the prompter panicked", "")
	case s.err != nil:
		attrs := []any{"command", q.question.Command, "err", errorTypes(s.err)}
		if q.session.app.development {
			attrs[3] = quoted(s.err) // a prompter's error may repeat the question
		}
		p.log.Error("core: the user could not be asked; the call is refused", attrs...)
		return refused(audits.AskedFailed, "the prompter failed: an error of type "+errorTypes(s.err), "")
	case s.answer != AnswerNo && !slices.Contains(q.question.Answers, s.answer):
		p.log.Error("core: the prompter gave an answer that the question does not offer; the call is refused",
			"command", q.question.Command, "answer", s.answer.String())
		return refused(audits.AskedFailed, "the prompter gave an answer that the question does not offer", "")
	}
	q.session.app.keepAnswer(q, s.answer)
	if s.answer == AnswerNo {
		return refused(audits.AskedNo, "the user said no", "")
	}
	return verdict{answer: s.answer, asked: s.answer.String()}
}

// settle takes a question off the queue and tells the calls that wait for it.
// A yes to one call has the first of those whose arguments the user saw.
func (p *prompts) settle(q *prompt, v verdict) {
	if v.answer == AnswerNo && v.asked != audits.AskedKeptNo {
		q.session.window.prompts.ReserveN(time.Now(), unwelcome)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(p.queue, q); i >= 0 {
		p.queue = slices.Delete(p.queue, i, i+1)
	}
	used := false
	for _, w := range q.waiters {
		if v.answer == AnswerOnce && (used || w.args != q.shown) {
			w.told <- refused(audits.AskedOnce, "the user allowed one such call, and it was another", "")
			continue
		}
		used = true
		w.told <- v
	}
	q.waiters = nil
}

// reclaim waits for a prompter that nobody waits for. Where it stays away, the
// questions behind are refused: two must never be shown at once.
func (p *prompts) reclaim(answered <-chan said) {
	select {
	case <-answered:
		return
	case <-time.After(returnWithin):
	}
	p.log.Error("core: the prompter does not return although its context has ended; nothing is asked until it does")
	p.refuseAll(&p.stuck, refused(audits.AskedFailed, "the prompter has not returned from an earlier question", ""))
	<-answered
	p.mu.Lock()
	p.stuck = false
	p.mu.Unlock()
}

// refuseAll sets a flag that keeps questions from coming, and refuses those
// that wait.
func (p *prompts) refuseAll(flag *bool, v verdict) {
	p.mu.Lock()
	defer p.mu.Unlock()
	*flag = true
	for _, q := range p.queue {
		for _, w := range q.waiters {
			w.told <- v
		}
		q.waiters = nil
		if q.hide != nil {
			q.hide()
		}
	}
	p.queue = nil
}

// stop withdraws every question and takes no more.
func (p *prompts) stop() {
	p.refuseAll(&p.stopped, refused(audits.AskedWithdrawn, "the app is shutting down", CodeClosed))
}

// wait waits a moment for the prompter to be through. Only after stop.
func (p *prompts) wait() {
	p.mu.Lock()
	idle := p.idle
	p.mu.Unlock()
	if idle == nil {
		return
	}
	select {
	case <-idle:
	case <-time.After(2 * returnWithin):
	}
}
