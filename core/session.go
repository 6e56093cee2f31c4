package core

import (
	"log/slog"
	"sync"
	"time"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/isolation"
)

// A session is what the core keeps for one isolation.Session.
type session struct {
	app    *App
	link   *isolation.Session
	window *window
	budget *budget
	feed   feed
	ids    ids              // used by receive alone
	items  []isolation.Item // likewise: room for a batch

	plaintext int            // likewise: bytes of the batch
	hold      isolation.Hold // likewise: while it takes a batch of several
	user      *user          // nil where Config.User is

	resources resources

	mu       sync.Mutex
	calls    map[uint32]*call    // under way
	early    map[uint32]struct{} // cancelled before they came: the relay may turn the two round
	ended    map[uint32]bool     // uploads that were over before their calls came, likewise; true of those aborted
	speaking int                 // cheap refusals being recorded
	unsaid   uint64              // and those that were not
	alarm    alarm
}

// maxEarly bounds how many cancellations may wait for their call. No genuine
// frame comes near it.
const maxEarly = 64

// A receiver is the App as isolation sees it.
type receiver struct{ app *App }

// Opened makes room for a session whose handshake is done.
func (r receiver) Opened(link *isolation.Session) {
	s := &session{
		app:    r.app,
		link:   link,
		window: r.app.windows[link.Window()],
		ids:    newIDs(link.Carrier()),
		calls:  make(map[uint32]*call),
	}
	s.feed.session = s
	s.budget = s.window.borrow(r.app.limits)
	s.identify()
	r.app.sessions.Store(link, s)
	r.app.log.Info("core: session opened", "session", link.ID(), "window", s.window.label,
		"carrier", link.Carrier().String(), "pattern", link.Pattern().String())
}

// Receive takes one frame of a session.
func (r receiver) Receive(link *isolation.Session, f isolation.Sealed) {
	if s, ok := r.app.sessions.Load(link); ok {
		s.(*session).receive(f)
	}
}

// Ended forgets a session. Its calls learn of it from their contexts; those
// that don't listen go on counting in the budget.
func (r receiver) Ended(link *isolation.Session, reason isolation.Reason) {
	value, ok := r.app.sessions.LoadAndDelete(link)
	if !ok {
		return
	}
	s := value.(*session)
	s.sumUp()
	s.stopAlarm()
	s.feed.end()
	s.endResources()
	r.app.leaveGrants(s)
	s.window.giveBack(s.budget, time.Now())
	if s.app.answers != nil {
		s.app.answers.endSession(link.ID())
	}
	level := slog.LevelInfo
	if reason == isolation.EndProtocol || reason == isolation.EndTicket {
		level = slog.LevelWarn
	}
	r.app.log.Log(link.Context(), level, "core: session ended", "session", link.ID(), "window", s.window.label, "reason", string(reason))
}

// take handles one item of a batch. False says that it breaks a rule which no
// genuine frame breaks. lone says that it is all that its batch holds.
func (s *session) take(item isolation.Item, arrived, opened time.Time, lone bool) bool {
	switch item.Kind {
	case isolation.ItemCall, isolation.ItemEmit, isolation.ItemListen: // see isRequest
		if !s.ids.take(item.ID) {
			return false
		}
		s.admit(item, arrived, opened, lone)
		return s.catchUp(item.ID)
	case isolation.ItemCancel:
		s.cancel(item.ID)
		s.unlisten(item.ID) // after that, for the call may become one until it is cancelled
	case isolation.ItemUpload, isolation.ItemEnd:
		return s.upload(item)
	case isolation.ItemCredit:
		if known, genuine := s.creditListen(item); known {
			return genuine
		}
		return s.creditCall(item)
	case isolation.ItemReport, isolation.ItemHidden:
		if s.link.Pattern() == isolation.Brownfield { // no frame, no hook: the page made it up
			return false
		}
		if item.Kind == isolation.ItemHidden && !s.ids.used(item.ID) { // there was no such call to answer
			return false
		}
		return s.report(item)
	default:
		return false
	}
	return true
}

// enter makes c one that a cancellation finds. It reports whether one had come
// before it, and whether no other call is under way.
func (s *session) enter(c *call) (early, alone bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[c.number] = c
	s.setAlarm(c.context.deadline)
	_, early = s.early[c.number]
	delete(s.early, c.number)
	return early, len(s.calls) == 1
}

// letGo ends receive's own hold on the answers of a batch. Each quick call of it
// has one too.
func (s *session) letGo() {
	s.link.ReleaseLater(s.hold) // the carrier's goroutine goes on reading
	s.hold = 0
}

func (s *session) leave(c *call) {
	s.mu.Lock()
	delete(s.calls, c.number)
	s.mu.Unlock()
}

// cancel ends a call under way. One that is over is left alone; one that has
// not come yet will find itself cancelled.
func (s *session) cancel(number uint32) {
	s.mu.Lock()
	c := s.calls[number]
	if c == nil && !s.ids.used(number) && len(s.early) < maxEarly {
		if s.early == nil {
			s.early = make(map[uint32]struct{})
		}
		s.early[number] = struct{}{}
	}
	s.mu.Unlock()
	if c != nil {
		c.interrupt(cancelled)
	}
}

// underWay are the session's calls that fit.
func (s *session) underWay(fits func(*call) bool) []*call {
	s.mu.Lock()
	defer s.mu.Unlock()
	var calls []*call
	for _, c := range s.calls {
		if fits(c) {
			calls = append(calls, c)
		}
	}
	return calls
}

// sumUp puts on record how many refusals are not.
func (s *session) sumUp() {
	s.mu.Lock()
	n := s.unsaid
	s.unsaid = 0
	s.mu.Unlock()
	if n == 0 || !s.app.asides.enter() {
		return
	}
	c := &call{session: s}
	c.answered.Store(true)
	c.record = s.newRecord(0, nil)
	c.record.Stage = audits.StageLimits
	go func() {
		defer s.app.asides.leave()
		c.end(&refusal{code: CodeRateLimited, reason: unsaid(n)})
	}()
}
