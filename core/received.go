package core

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"

	"github.com/sallyport/sallyport/schema"
)

// Received is an event as a listener in the core gets it.
type Received[T any] struct {
	Event   string
	Payload T // the listener's own

	// Who emitted it, from the session and never from the message. All are empty
	// where the core did.
	Window  string // the window's label
	Origin  string // the page's origin
	Session string // the session's id

	// Missed is how many events the listener did not get since the one before,
	// because they came faster than it took them.
	Missed uint64
}

// A Listener is what Listen and Once return. The zero Listener listens to nothing.
type Listener struct{ hearer *hearer }

// Unlisten ends the listener: no event that it has not begun with reaches it any
// more. It does not wait for one that it is busy with, so that a listener may
// end itself. To end it again does nothing.
func (l Listener) Unlisten() {
	if l.hearer != nil {
		l.hearer.close()
	}
}

// Unlisten ends a listener, as its own method does.
func (app *App) Unlisten(l Listener) { l.Unlisten() }

// Listen calls fn with each event from now on that the core emits to all, and
// each that a page emits to no window in particular: one at a time, in order, in
// a goroutine of its own. Up to Limits.EventQueue events and
// Limits.EventQueueBytes wait for fn; beyond that the event's Overflow says what
// is dropped, and with CloseListener the listener ends. A panic of fn is logged,
// and the next event comes.
//
// The context ends when the app shuts down. It may be called before the app
// starts and while it runs. It panics if fn is nil, or nothing can be decoded
// into a T.
func (e *EventOf[T]) Listen(fn func(ctx context.Context, r Received[T])) Listener {
	return e.listen(fn, false)
}

// Once is Listen for one event, after which the listener ends.
func (e *EventOf[T]) Once(fn func(ctx context.Context, r Received[T])) Listener {
	return e.listen(fn, true)
}

func (e *EventOf[T]) listen(fn func(ctx context.Context, r Received[T]), once bool) Listener {
	if fn == nil {
		panic(fmt.Sprintf("core: a listener to event %q has no function", e.event.name))
	}
	decoder, err := schema.NewDecoder[T]()
	if err != nil {
		panic(fmt.Sprintf("core: a listener to event %q: %v", e.event.name, err))
	}
	return e.event.hear(once, func(ctx context.Context, m *message, missed uint64) error {
		value, err := m.own()
		if err != nil {
			return err
		}
		payload, err := decoder.Decode(value)
		if err == nil {
			fn(ctx, receivedFrom(m, payload, missed))
		}
		return err
	})
}

// Listen is EventOf.Listen for the payload as it was judged, which is read-only.
// It panics if no such event is declared, or fn is nil.
func (app *App) Listen(event string, fn func(ctx context.Context, r Received[schema.Value])) Listener {
	return app.listen(event, fn, false)
}

// Once is App.Listen for one event, after which the listener ends.
func (app *App) Once(event string, fn func(ctx context.Context, r Received[schema.Value])) Listener {
	return app.listen(event, fn, true)
}

func (app *App) listen(name string, fn func(ctx context.Context, r Received[schema.Value]), once bool) Listener {
	e, err := app.declared(name)
	if err != nil {
		panic(fmt.Sprintf("core: Listen: %v", err))
	}
	if fn == nil {
		panic(fmt.Sprintf("core: a listener to event %q has no function", name))
	}
	return e.hear(once, func(ctx context.Context, m *message, missed uint64) error {
		fn(ctx, receivedFrom(m, m.value, missed))
		return nil
	})
}

func receivedFrom[T any](m *message, payload T, missed uint64) Received[T] {
	return Received[T]{Event: m.event.name, Payload: payload, Window: m.from.window, Origin: m.from.origin, Session: m.from.session, Missed: missed}
}

// A hearer is a listener in the core.
type hearer struct {
	event *event
	once  bool
	call  func(ctx context.Context, m *message, missed uint64) error

	mu      sync.Mutex
	waiting backlog
	heard   uint64 // number of the last that fn was called with
	running bool   // there is a goroutine that calls fn
	closed  bool
}

func (e *event) hear(once bool, call func(context.Context, *message, uint64) error) Listener {
	h := &hearer{event: e, once: once, call: call}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.hearers = append(slices.Clip(e.hearers), h)
	return Listener{h}
}

// hear queues a message, and starts a goroutine where none is at work.
func (h *hearer) hear(m *message) {
	app := h.event.app
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.closed:
		return
	case !h.waiting.add(m, h.event.options.Overflow, &app.limits):
		h.closed = true
		h.waiting.drop()
		go h.giveUp() // the caller holds locks, and a log may emit what it is told
		return
	}
	if !h.running && h.waiting.n > 0 && app.hearing.enter() {
		h.running = true
		go h.run()
	}
}

func (h *hearer) close() {
	h.mu.Lock()
	h.closed = true
	h.waiting.drop()
	h.mu.Unlock()
	h.forget()
}

func (h *hearer) giveUp() {
	h.forget()
	h.event.app.log.Warn("core: a listener is too slow, and is closed", "event", h.event.name)
}

// forget takes the hearer from its event.
func (h *hearer) forget() {
	e := h.event
	e.mu.Lock()
	defer e.mu.Unlock()
	if i := slices.Index(e.hearers, h); i >= 0 {
		e.hearers = append(e.hearers[:i:i], e.hearers[i+1:]...)
	}
}

// run calls fn until nothing waits. Where fn exits the goroutine, another goes on.
func (h *hearer) run() {
	over := false
	defer func() {
		if !over {
			go h.run()
		}
	}()
	for h.next() {
	}
	over = true
	h.event.app.hearing.leave()
}

// next calls fn with the oldest message. False says that there is none, and that
// the goroutine has nothing to do any more.
func (h *hearer) next() (more bool) {
	app := h.event.app
	h.mu.Lock()
	if h.closed || h.waiting.n == 0 || app.life.Err() != nil {
		h.running = false
		h.mu.Unlock()
		return false
	}
	q := h.waiting.take()
	missed := q.number - h.heard - 1
	h.heard = q.number
	h.closed = h.once
	h.mu.Unlock()
	if h.once {
		h.forget()
	}
	defer func() {
		if value := recover(); value != nil {
			more = true
			app.log.Error("core: panic of a listener", "event", h.event.name, "panic", panicText(value), "stack", string(debug.Stack()))
		}
	}()
	if err := h.call(app.life, q.message, missed); err != nil {
		app.log.Error("core: bug: an event fits its schema and not the listener's Go type; a listener gets no such event",
			"event", h.event.name, "err", errorTypes(err))
	}
	return true
}
