package core

import (
	"iter"
	"maps"
	"slices"
	"strconv"

	"github.com/sallyport/sallyport/isolation"
	"github.com/sallyport/sallyport/policy"
	"github.com/sallyport/sallyport/schema"
)

// The built-in commands: to emit an event and to listen to one are requests as
// calls are, and go through the same pipeline under these names. No app can
// register them, for a colon is in no command's name.
const (
	emitName   = policy.EmitCommand
	listenName = policy.ListenCommand
)

// key tells commands apart that share a name: each event has its own emit and
// listen, with limits and decisions of their own.
func (c *command) key() string {
	if c.event == "" {
		return c.name
	}
	return c.name + " " + c.event
}

// builtin is the emit or the listen of one event.
func (app *App) builtin(name, event string, run func(*call, *Request) (any, error)) *command {
	c := &command{name: name, event: event, run: run, limits: app.limits}
	c.limits.ArgsBytes = app.limits.EventBytes
	return c
}

// takes judges a request's arguments. Those of a listen are the core's own.
func (c *command) takes(schemas *schema.Set, args schema.Value) error {
	switch c.name {
	case emitName:
		return schemas.Validate(schema.Event, c.event, args)
	case listenName:
		return nil
	}
	return schemas.ValidateInput(c.name, args)
}

// find is the command that an item asks for; nil if there is none of that name.
func (app *App) find(kind isolation.ItemKind, name []byte) *command {
	switch kind {
	case isolation.ItemEmit:
		return app.emits[string(name)]
	case isolation.ItemListen:
		return app.listens[string(name)]
	}
	return app.commands[string(name)]
}

// all lists the commands by key, those of events included.
func (app *App) all() iter.Seq2[string, *command] {
	return func(yield func(string, *command) bool) {
		for _, commands := range []map[string]*command{app.commands, app.emits, app.listens} {
			for _, name := range slices.Sorted(maps.Keys(commands)) {
				if c := commands[name]; !yield(c.key(), c) {
					return
				}
			}
		}
	}
}

// subject is what the request asks for as one text, for sums of what it asks.
func (c *call) subject() string {
	if c.command == nil {
		return c.record.Command
	}
	if c.command.event == "" {
		return c.command.name
	}
	target := c.target
	if target != "" && c.record.Target == "" { // the page's own text, with any byte in it
		target = strconv.Quote(target)
	}
	return c.command.key() + " " + target // no label has a space or a quote in it, nor has an event
}

// channel is which streams the call will have, as the policy sees it: those of the
// command that its frame is ready for.
func (c *call) channel() string {
	return streamsName(c.wants & c.command.streams)
}

// nameOf is how record and policy name what an item of that kind asks for,
// where the name that it gives is not known.
func nameOf(kind isolation.ItemKind) string {
	switch kind {
	case isolation.ItemEmit:
		return emitName
	case isolation.ItemListen:
		return listenName
	}
	return ""
}
