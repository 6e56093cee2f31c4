package core

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sync"

	"github.com/sallyport/sallyport/internal/manifest"
	"github.com/sallyport/sallyport/schema"
)

// An Overflow says what becomes of an event for a listener whose queue is full.
// The zero value is DropOldest.
type Overflow uint8

// What an event may do where there is no room for it. Whatever is dropped is
// counted, and the listener is told how many it has missed.
const (
	DropOldest    Overflow = iota // the oldest that wait make room: a listener that is late sees the latest
	DropNewest                    // it is not queued: a listener that is late sees where things began
	CloseListener                 // the listener hears no more: one that would miss something had better begin anew
)

// EventOptions are what an event is declared with. The zero value is complete.
type EventOptions struct {
	Overflow Overflow // for all its listeners, in pages and in the core
}

// An EventOf is a declared event whose payload is a T. Its methods are safe for
// concurrent use.
type EventOf[T any] struct {
	event   *event
	encoder *schema.Encoder[T]
}

// An event is one that was declared.
type event struct {
	app     *App
	name    string
	options EventOptions
	payload goType // the zero goType where only a file says

	mu      sync.RWMutex
	pages   []*listener // of all sessions, each at its place
	hearers []*hearer   // of the core, in the order of Listen; what it points to never changes
}

// Event declares an event with payloads of type T, so that the app and its pages
// can emit it and listen to it. The payload is encoded as schema.Encoder does.
// Without a schema file, <event>.event.json, it has the schema that
// schema.Written makes of T; Run and Start refuse an event whose file and T
// contradict each other. options are none or one.
//
// It panics as App.Declare does, and on a T that has no JSON.
func Event[T any](app *App, name string, options ...EventOptions) *EventOf[T] {
	encoder, err := schema.NewEncoder[T]()
	if err != nil {
		panic(fmt.Sprintf("core: event %q: %v", name, err))
	}
	if len(options) > 1 {
		panic(fmt.Sprintf("core: event %q has options twice", name))
	}
	payload := goType{schema.Event, reflect.TypeFor[T]().String(), schema.Written[T], driftOf[T](schema.Event)}
	return &EventOf[T]{app.declare(name, payload, append(options, EventOptions{})[0]), encoder}
}

// Declare declares an event of which a schema file alone says what it carries,
// for App.Emit and App.Listen. It panics if the name can't name an event (it is
// formed as a command's is; sallyport: is a prefix of the core's alone), is
// taken, the overflow rule is none, or the app has started: mistakes in the
// program, found when it first runs.
func (app *App) Declare(name string, o EventOptions) { app.declare(name, goType{}, o) }

func (app *App) declare(name string, payload goType, o EventOptions) *event {
	if !manifest.ValidCommand(name) {
		panic(fmt.Sprintf("core: %q can't name an event; want %s", name, manifest.CommandForm))
	}
	if o.Overflow > CloseListener {
		panic(fmt.Sprintf("core: event %q: %d is no overflow rule; want DropOldest, DropNewest or CloseListener", name, o.Overflow))
	}
	app.mu.Lock()
	defer app.mu.Unlock()
	if app.frozen {
		panic(fmt.Sprintf("core: event %q is declared after the app has started", name))
	}
	if app.events[name] != nil {
		panic(fmt.Sprintf("core: event %q is declared twice", name))
	}
	e := &event{app: app, name: name, options: o, payload: payload}
	app.events[name] = e
	return e
}

// Events lists the declared events, sorted.
func (app *App) Events() []string {
	app.mu.Lock()
	defer app.mu.Unlock()
	return slices.Sorted(maps.Keys(app.events))
}

// Name is the event's name.
func (e *EventOf[T]) Name() string { return e.event.name }

// declared finds an event. That there is none is a mistake in the program.
func (app *App) declared(name string) (*event, error) {
	app.mu.Lock()
	defer app.mu.Unlock()
	if e := app.events[name]; e != nil {
		return e, nil
	}
	return nil, fmt.Errorf("no event %q is declared; declare it with core.Event or App.Declare before the app starts", name)
}
