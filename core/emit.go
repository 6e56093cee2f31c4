package core

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/schema"
)

// A Target is a page that EmitFilter may choose.
type Target struct {
	Window  string // the window's label
	Origin  string // the page's origin
	Session string // the session's id
}

// Emit sends the event to every page that listens to it, and to the core's own
// listeners. The payload is encoded, read again as strictly as a page's message
// and judged by the event's schema, once, however many listen.
//
// It waits for nobody: what a slow listener has no room for, the event's
// Overflow drops. An event reaches a listener once or not at all, and those that
// were emitted one after the other in that order.
//
// An error says that the payload does not fit, or that the app does not run:
// before Run or Start, and after Shutdown was called. Then nobody gets it. What
// the core emits is not on record.
func (e *EventOf[T]) Emit(payload T) error {
	return e.emit("Emit", payload, toAll)
}

// EmitTo is Emit to the pages of one window alone. A label that no window has is
// an error; a window that has no page open, or none that listens, is not.
func (e *EventOf[T]) EmitTo(window string, payload T) error {
	return e.emit("EmitTo", payload, toWindow(window))
}

// EmitFilter is Emit to the pages alone that fits says yes to. fits is called for
// each page that listens, before EmitFilter returns, and may call what it likes.
func (e *EventOf[T]) EmitFilter(fits func(Target) bool, payload T) error {
	return e.emit("EmitFilter", payload, audience{fits: fits})
}

func (e *EventOf[T]) emit(verb string, payload T, to audience) error {
	err := e.event.emit(to, func(limit int) ([]byte, []schema.Section, error) {
		return e.encoder.AppendMessage(nil, &payload, limit)
	})
	return explained(verb, e.event.name, err)
}

// Emit is EventOf.Emit for a declared event by name. The payload is encoded as
// the result of a Handler is. An event that was not declared is an error.
func (app *App) Emit(event string, payload any) error {
	return app.emit("Emit", event, payload, toAll)
}

// EmitTo is EventOf.EmitTo for a declared event by name.
func (app *App) EmitTo(window, event string, payload any) error {
	return app.emit("EmitTo", event, payload, toWindow(window))
}

// EmitFilter is EventOf.EmitFilter for a declared event by name.
func (app *App) EmitFilter(fits func(Target) bool, event string, payload any) error {
	return app.emit("EmitFilter", event, payload, audience{fits: fits})
}

func (app *App) emit(verb, name string, payload any, to audience) error {
	e, err := app.declared(name)
	if err == nil {
		err = e.emit(to, func(limit int) ([]byte, []schema.Section, error) { return app.encode(nil, payload, limit) })
	}
	return explained(verb, name, err)
}

func explained(verb, event string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("core: %s of event %q: %w", verb, event, err)
}

// An audience says who an event is for. The zero audience is nobody.
type audience struct {
	all    bool // every page, and the core
	window string
	fits   func(Target) bool
}

var toAll = audience{all: true}

func toWindow(label string) audience { return audience{window: label} }

// emit is the core's own. It goes through what a page's payload goes through,
// but for the policy and the record.
func (e *event) emit(to audience, encode func(limit int) ([]byte, []schema.Section, error)) error {
	app := e.app
	switch {
	case app.gate.Load() == nil:
		return errors.New("the app does not run yet; emit once Run or Start has opened it")
	case app.work.closed.Load():
		return errors.New("the app is shutting down, and nobody listens any more")
	case !to.all && to.fits == nil && app.windows[to.window] == nil:
		return fmt.Errorf("no window has the label %q; there are %s", to.window, strings.Join(slices.Sorted(maps.Keys(app.windows)), ", "))
	}
	text, sections, err := encode(app.limits.EventBytes)
	if errors.Is(err, schema.ErrTooLarge) || errors.Is(err, errResultSize) {
		return fmt.Errorf("its JSON text has more than %d bytes, which Limits.EventBytes says is the most", app.limits.EventBytes)
	}
	if err != nil {
		return err
	}
	body, err := app.eventBody(text, sections) // a copy: the sections are still the caller's
	if err != nil {
		return err
	}
	value, err := e.judge(text, sections)
	if err != nil {
		return fmt.Errorf("the payload does not fit %s: %w", app.place(schema.Event, e.name), err)
	}
	e.publish(&message{event: e, body: body, value: value, sections: sections}, to)
	return nil
}

func (e *event) judge(text []byte, sections []schema.Section) (schema.Value, error) {
	for i := range sections {
		sections[i].Bytes = bytes.Clone(sections[i].Bytes) // a listener may hear it late
	}
	value, err := schema.ParseMessage(text, sections, e.app.limits.parseEvent())
	if err == nil {
		err = e.app.schemas.Validate(schema.Event, e.name, value)
	}
	return value, err
}

// publish queues a message for everybody that it is for.
func (e *event) publish(m *message, to audience) {
	if to.fits != nil {
		m.forgetValue()
		for _, l := range e.chosen(to.fits) {
			l.hear(m)
		}
		return
	}
	e.mu.RLock()
	defer e.mu.RUnlock()
	hearers := e.hearers
	if !to.all {
		hearers = nil
	}
	if len(hearers) == 0 {
		m.forgetValue()
	}
	for _, h := range hearers {
		h.hear(m)
	}
	for _, l := range e.pages {
		if to.all || l.feed.session.window.label == to.window {
			l.hear(m)
		}
	}
}

// chosen asks a filter, which is the app's and may call back, without a lock.
func (e *event) chosen(fits func(Target) bool) []*listener {
	e.mu.RLock()
	pages := slices.Clone(e.pages)
	e.mu.RUnlock()
	return slices.DeleteFunc(pages, func(l *listener) bool {
		s := l.feed.session
		return !fits(Target{Window: s.window.label, Origin: s.window.origin, Session: s.link.ID()})
	})
}
