package isolation

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"
)

// A Window is one label that the core mints: an origin of its own, a page, and
// what that page may load.
type Window struct {
	Label  string // [a-z][a-z0-9-]{0,31}
	Origin string // of its page; one that no other window has

	// Page is index.html and what it needs; nil serves no page. Symbolic links
	// in it are refused, as far as it can tell (os.DirFS can: fs.ReadLinkFS).
	Page     fs.FS
	PageName string // of the page's folder, for errors

	Policy PagePolicy // loosens the page's Content-Security-Policy; the zero value loosens nothing

	// Carriers are the carriers that this window may use: the first is what
	// its pages get, a second is a fallback they may ask for. Nil means
	// Direct alone.
	Carriers []Carrier
}

// Clone returns a Window that shares no list with w. Page is the same.
func (w Window) Clone() Window {
	p := &w.Policy
	for _, list := range []*[]string{&p.ConnectSrc, &p.ImgSrc, &p.FontSrc, &p.MediaSrc, &p.TrustedTypes, &p.InsecureFeatures} {
		*list = slices.Clone(*list)
	}
	w.Carriers = slices.Clone(w.Carriers)
	return w
}

// Config says what a Gate serves. The zero value of each field is its safe
// default or, where there is none, an error of New.
type Config struct {
	Pattern     Pattern
	FrameOrigin string // of frame documents and their socket; shared with no window
	Windows     []Window

	Hook     []byte // JavaScript of the isolation hook; required by the isolation pattern
	HookName string // its file name, for errors
	// HookTimeout is how long an asynchronous hook may think; default 5 s.
	HookTimeout time.Duration

	FrameScript  []byte // the frame's runtime, from sandbox-iframe
	ClientScript []byte // the page's client, a classic script
	ClientModule []byte // the same as an ES module

	Limits Limits
	// Development serves source maps and reads the pages' files anew for each
	// request, also those that came after New. It is the one field that loosens
	// without Insecure in its name.
	Development bool
	Log         *slog.Logger // nil discards
}

// A Receiver is what sits behind the boundary. None of its methods may block
// for long; they run on the carrier's goroutine.
type Receiver interface {
	// Opened reports a session whose handshake is done.
	Opened(*Session)
	// Receive gets each batch frame, one at a time for one session. The
	// session's Open tells whether it is genuine.
	Receive(*Session, Sealed)
	// Ended reports, once, that a session is over.
	Ended(*Session, Reason)
}

// A Gate is the boundary: it hands out documents, makes sessions of their
// hellos and carries frames. It is safe for concurrent use.
type Gate struct {
	pattern     Pattern
	limits      Limits
	hookTimeout time.Duration
	development bool
	log         *slog.Logger
	receiver    Receiver
	counters    counters

	ctx    context.Context
	cancel context.CancelFunc
	done   chan struct{} // closed when the sweeper has gone

	farewells sync.WaitGroup // sessions whose last answers are going out

	windows map[string]*window // by label; fixed
	pages   *pageHost
	frames  *frameHost

	strangers strangers // sockets of the frame host that have not said hello

	mu        sync.Mutex
	sessions  map[sessionID]*Session
	documents map[documentID]*Session // the newest session of each document
	offers    map[sessionID]*Offer
	tickets   ticketBox
	docKey    [32]byte
}

// A window is a Window made ready.
type window struct {
	Window
	origin    origin
	carriers  []Carrier
	strangers strangers // brownfield: of this window alone
	missed    bool      // a frame without a hello was told of; guarded by Gate.mu
}

// New checks the configuration and makes a Gate, which holds a goroutine until
// Close. Errors name the field. What is checked is a copy: changing a list of
// the Config afterwards changes nothing.
func New(c Config, r Receiver) (*Gate, error) {
	if r == nil {
		return nil, errors.New("isolation: New needs a Receiver")
	}
	limits, err := c.Limits.withDefaults()
	if err != nil {
		return nil, err
	}
	if c.HookTimeout == 0 {
		c.HookTimeout = 5 * time.Second
	}
	if c.HookTimeout < time.Millisecond {
		return nil, fmt.Errorf("isolation: HookTimeout is %v; it must be at least 1ms, or 0 for 5s", c.HookTimeout)
	}
	if c.Pattern != Isolation && c.Pattern != Brownfield {
		return nil, fmt.Errorf("isolation: Pattern is %d; it must be Isolation or Brownfield", c.Pattern)
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	windows, err := checkWindows(c)
	if err != nil {
		return nil, err
	}
	g := &Gate{
		pattern: c.Pattern, limits: limits, hookTimeout: c.HookTimeout,
		development: c.Development, log: c.Log, receiver: r,
		done: make(chan struct{}), windows: windows,
		sessions: map[sessionID]*Session{}, documents: map[documentID]*Session{}, offers: map[sessionID]*Offer{},
	}
	for _, w := range windows {
		w.strangers.max = limits.MaxSockets
	}
	g.strangers.max = limits.MaxSockets
	g.docKey = newDocumentKey()
	if g.frames, err = newFrameHost(g, c); err != nil {
		return nil, err
	}
	if g.pages, err = newPageHost(g, c); err != nil {
		return nil, err
	}
	g.ctx, g.cancel = context.WithCancel(context.Background())
	go g.sweep()
	return g, nil
}

// checkWindows refuses windows that would share what must be each one's own.
func checkWindows(c Config) (map[string]*window, error) {
	if len(c.Windows) == 0 {
		return nil, errors.New("isolation: Config.Windows is empty; name at least one window")
	}
	frame, err := parseOrigin(c.FrameOrigin)
	if err != nil {
		return nil, fmt.Errorf("%w (Config.FrameOrigin)", err)
	}
	hosts := map[string]string{frame.host: "FrameOrigin"}
	windows := make(map[string]*window, len(c.Windows))
	for _, w := range c.Windows {
		w = w.Clone() // before it is looked at
		if err := checkLabel(w.Label); err != nil {
			return nil, err
		}
		if windows[w.Label] != nil {
			return nil, fmt.Errorf("isolation: window %q is named twice", w.Label)
		}
		o, err := parseOrigin(w.Origin)
		if err != nil {
			return nil, fmt.Errorf("%w (Origin of window %q)", err, w.Label)
		}
		if other, taken := hosts[o.host]; taken {
			return nil, fmt.Errorf("isolation: window %q has the host of %s; cookies cross ports, so each needs a host of its own", w.Label, other)
		}
		hosts[o.host] = fmt.Sprintf("window %q", w.Label)
		carriers, err := checkCarriers(w.Carriers)
		if err != nil {
			return nil, fmt.Errorf("isolation: window %q: %w", w.Label, err)
		}
		windows[w.Label] = &window{Window: w, origin: o, carriers: carriers}
	}
	return windows, nil
}

func checkCarriers(carriers []Carrier) ([]Carrier, error) {
	switch {
	case carriers == nil:
		return []Carrier{Direct}, nil
	case len(carriers) == 0 || len(carriers) > 2:
		return nil, errors.New("its Carriers must name one carrier and at most one fallback, or be nil for Direct")
	case len(carriers) == 2 && (carriers[0] != Direct || carriers[1] != Relay):
		return nil, errors.New("its Carriers with a fallback must be Direct, then Relay")
	case carriers[0] != Direct && carriers[0] != Relay:
		return nil, fmt.Errorf("its Carriers name carrier %d; it must be Direct or Relay", carriers[0])
	}
	return carriers, nil
}

// Offer makes a handshake for a window as its document would get it: what
// tests, the fuzz kit and benchmarks start an in-process session with.
func (g *Gate) Offer(label string, carrier Carrier) (*Offer, error) {
	w := g.windows[label]
	if w == nil {
		return nil, fmt.Errorf("isolation: no window has the label %q", label)
	}
	return g.offer(&Offer{id: newSessionID(), window: w, document: g.newDocument(w), carrier: carrier})
}

// offer completes o with keys and waits for its hello.
func (g *Gate) offer(o *Offer) (*Offer, error) {
	var err error
	if o.pair, err = newKeyPair(); err != nil {
		return nil, err
	}
	o.gate, o.expires = g, time.Now().Add(g.limits.HelloWithin)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.ctx.Err() != nil {
		return nil, errors.New("isolation: the gate is closed")
	}
	if t := g.tickets.tickets[o.ticket]; t != nil && t.again {
		g.tickets.forget(o.ticket)
		return nil, errDiscard
	}
	g.evictOffers(o.window)
	g.offers[o.id] = o
	return o, nil
}

// evictOffers makes room among one window's offers: a page that asks for
// frames and never uses them hurts itself alone.
func (g *Gate) evictOffers(w *window) {
	var oldest *Offer
	n := 0
	for _, o := range g.offers {
		if o.window == w {
			n++
			if oldest == nil || o.expires.Before(oldest.expires) {
				oldest = o
			}
		}
	}
	if n >= g.limits.MaxTickets {
		g.dropOffer(oldest)
	}
}

// dropOffer ends an offer that was not accepted. Called with mu held.
func (g *Gate) dropOffer(o *Offer) {
	o.drop()
	delete(g.offers, o.id)
	g.tickets.forget(o.ticket)
}

func (g *Gate) pending(id sessionID) *Offer {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.offers[id]
}

func (g *Gate) session(id sessionID) *Session {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.sessions[id]
}

// admit enters a confirmed session, ending the older one of its document.
func (g *Gate) admit(s *Session) error {
	g.mu.Lock()
	if g.offers[s.id] == nil { // dropped meanwhile: expired, or its ticket came twice
		g.mu.Unlock()
		g.counters.discard("hello")
		return errDiscard
	}
	delete(g.offers, s.id)
	if g.ctx.Err() != nil || len(g.sessions) >= g.limits.MaxSessions {
		g.tickets.forget(s.ticket)
		g.mu.Unlock()
		g.counters.discard("too many sessions")
		return errDiscard
	}
	older := g.documents[s.document]
	g.sessions[s.id] = s
	g.documents[s.document] = s
	g.mu.Unlock()
	if older != nil {
		older.End(EndReplaced)
	}
	return nil
}

// remove forgets an ended session.
func (g *Gate) remove(s *Session, reason Reason) {
	g.counters.end(reason)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.sessions[s.id] == s {
		delete(g.sessions, s.id)
	}
	if g.documents[s.document] == s {
		delete(g.documents, s.document)
	}
	g.tickets.forget(s.ticket)
}

// EndWindow ends every session of a window.
func (g *Gate) EndWindow(label string, reason Reason) {
	for _, s := range g.all() {
		if s.Window() == label {
			s.End(reason)
		}
	}
}

func (g *Gate) all() []*Session {
	g.mu.Lock()
	defer g.mu.Unlock()
	all := make([]*Session, 0, len(g.sessions))
	for _, s := range g.sessions {
		all = append(all, s)
	}
	return all
}

// Stats counts what the gate holds and has discarded.
func (g *Gate) Stats() Stats {
	g.mu.Lock()
	s := Stats{Sessions: len(g.sessions), Offers: len(g.offers), Tickets: g.tickets.unused()}
	g.mu.Unlock()
	g.counters.fill(&s)
	return s
}

// Close ends every session and stops handing out documents; answers that wait
// are sent first, if their pages read them within a second. It returns when
// the gate's goroutine has gone; the HTTP handlers then refuse everything.
func (g *Gate) Close() {
	g.mu.Lock()
	g.cancel()
	for _, o := range g.offers {
		g.dropOffer(o)
	}
	g.mu.Unlock()
	g.pages.launches.close()
	for _, s := range g.all() {
		s.End(EndShutdown)
	}
	<-g.done
	sent := make(chan struct{})
	go func() { g.farewells.Wait(); close(sent) }()
	select {
	case <-sent:
	case <-time.After(time.Second):
	}
}

// Windows lists the labels of all windows, sorted.
func (g *Gate) Windows() []string { return slices.Sorted(maps.Keys(g.windows)) }
