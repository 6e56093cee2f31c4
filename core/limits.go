package core

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/sallyport/sallyport/internal/manifest"
	"github.com/sallyport/sallyport/isolation"
	"github.com/sallyport/sallyport/schema"
)

// Limits bound what one session may use. Every zero field takes the default
// named beside it; there is no way to say "unlimited", only a large number.
//
// They count in the core, not in the frame: a page can always ask for a fresh
// frame. A session that ends leaves what it used up, and the handlers it still
// has running, to the next session of its window.
type Limits struct {
	// CallsPerSecond is the sustained rate of calls. Default 1,000: sixteen
	// calls per drawn frame at 60 Hz, and at some 15 µs each 1.5 % of a core.
	CallsPerSecond float64

	// Burst is how many calls may come at once after a pause. Default 1,000,
	// or CallsPerSecond where that is set: a page loading a long list may ask
	// for a second's worth at a time.
	Burst int

	// Concurrency is how many calls may be under way, from admission until the
	// handler has returned, also when the page was told "timeout" long before.
	// Default 256, one full batch.
	Concurrency int

	// PendingBytes bounds the arguments of all calls under way together, and what
	// was uploaded to them and not received yet. Default 16 MiB. It has no meaning
	// for a single command.
	PendingBytes int

	// PendingResults bounds the results of all calls under way together, as
	// JSON text, from their encoding until they are the boundary's to send,
	// where Boundary.MaxPending bounds them. A handler's result waits until
	// there is room for ResultBytes, for no longer than its call's deadline:
	// then the page gets "timeout", although the handler has run. Default
	// 64 MiB; a result that is larger alone waits until it is the only one. It
	// has no meaning for a single command.
	PendingResults int

	// ArgsBytes bounds one call's arguments, as JSON text. Default 1 MiB.
	ArgsBytes int

	// ResultBytes bounds one result, as JSON text. Default 4 MiB, less if a
	// frame can't hold that.
	ResultBytes int

	// Depth bounds the nesting of arguments and results. Default 64: deeper
	// documents are made by attackers, and validators recurse.
	Depth int

	// BinaryBytes bounds the raw bytes of one message, all its sections together:
	// of arguments, a result, an event or an item of a stream. Default 2 MiB, which
	// with ArgsBytes fits a frame.
	BinaryBytes int

	// ItemBytes bounds one item of a stream, as JSON text. Default 256 KiB, less if
	// a frame can't hold that.
	ItemBytes int

	// StreamWithin ends a call that streams, for which Deadline begins anew with
	// every item. Default 1 h.
	StreamWithin time.Duration

	// EventBytes bounds what an event carries, as JSON text. Default 64 KiB. This
	// and what follows has no meaning for a single command.
	EventBytes int

	// Listeners is how many listens of one session may stand. Default 256.
	Listeners int

	// EventQueue and EventQueueBytes bound the events that wait for one listener, of
	// a page or in the core, that does not take them as fast as they come. Default
	// 1,024, and 1 MiB; an event that is larger alone waits alone.
	EventQueue      int
	EventQueueBytes int

	// Resources is how many resources of one session may be open. Default 1,024.
	Resources int

	// Deadline ends a call; a page may ask for less, never for more. Default
	// 30 s, after which a user has given up anyway. Handlers that take longer
	// need a limit of their own.
	Deadline time.Duration
}

// DefaultLimits are the values that zero fields take.
func DefaultLimits() Limits {
	return Limits{
		CallsPerSecond: 1000,
		Burst:          1000,
		Concurrency:    256,
		PendingBytes:   16 << 20,
		PendingResults: 64 << 20,
		ArgsBytes:      1 << 20,
		ResultBytes:    4 << 20,
		Depth:          64,
		Deadline:       30 * time.Second,

		BinaryBytes:     2 << 20,
		ItemBytes:       256 << 10,
		StreamWithin:    time.Hour,
		EventBytes:      64 << 10,
		Listeners:       256,
		EventQueue:      1024,
		EventQueueBytes: 1 << 20,
		Resources:       1024,
	}
}

// check refuses negative fields; where names the struct in the error.
func (l Limits) check(where string) error {
	for _, field := range []struct {
		name  string
		value float64
	}{
		{"CallsPerSecond", l.CallsPerSecond},
		{"Burst", float64(l.Burst)},
		{"Concurrency", float64(l.Concurrency)},
		{"PendingBytes", float64(l.PendingBytes)},
		{"PendingResults", float64(l.PendingResults)},
		{"ArgsBytes", float64(l.ArgsBytes)},
		{"ResultBytes", float64(l.ResultBytes)},
		{"Depth", float64(l.Depth)},
		{"Deadline", float64(l.Deadline)},
		{"BinaryBytes", float64(l.BinaryBytes)},
		{"ItemBytes", float64(l.ItemBytes)},
		{"StreamWithin", float64(l.StreamWithin)},
		{"EventBytes", float64(l.EventBytes)},
		{"Listeners", float64(l.Listeners)},
		{"EventQueue", float64(l.EventQueue)},
		{"EventQueueBytes", float64(l.EventQueueBytes)},
		{"Resources", float64(l.Resources)},
	} {
		if !(field.value >= 0) { // also refuses NaN
			return fmt.Errorf("core: %s.%s is %v; a limit is positive, or zero for the default", where, field.name, field.value)
		}
	}
	if l.Burst > 0 && l.CallsPerSecond == 0 && where != "Limits" {
		return fmt.Errorf("core: %s.Burst is set without CallsPerSecond, which it belongs to", where)
	}
	return nil
}

// completeLimits checks all limits, against each other too, and fills those of
// sessions.
func (c *Config) completeLimits(said *manifest.Manifest) (Limits, error) {
	room := c.room()
	check := func(l Limits, where string) error {
		if l.ResultBytes > room {
			return fmt.Errorf("core: %s.ResultBytes is %d, and a frame holds %d; raise Boundary.MaxFrame", where, l.ResultBytes, room)
		}
		if l.BinaryBytes > room {
			return fmt.Errorf("core: %s.BinaryBytes is %d, and a frame holds %d; raise Boundary.MaxFrame", where, l.BinaryBytes, room)
		}
		if room := c.itemRoom(); l.ItemBytes > room {
			return fmt.Errorf("core: %s.ItemBytes is %d, and there is room for %d in a frame and among what may wait; raise Boundary.MaxFrame or Boundary.MaxPending", where, l.ItemBytes, room)
		}
		return l.check(where)
	}
	if err := check(c.Limits, "Limits"); err != nil {
		return Limits{}, err
	}
	for _, name := range slices.Sorted(maps.Keys(c.CommandLimits)) {
		l := c.CommandLimits[name]
		if at := "/limits/" + name + "/result_bytes"; said != nil && said.Given(at) && l.ResultBytes > room {
			return Limits{}, fmt.Errorf("core: %w", said.Errorf(at, "a frame holds %d bytes; ask for less, or raise core.Config.Boundary.MaxFrame", room))
		}
		if err := check(l, fmt.Sprintf("CommandLimits[%q]", name)); err != nil {
			return Limits{}, err
		}
	}
	if most := c.eventRoom(); c.Limits.EventBytes > most {
		return Limits{}, fmt.Errorf("core: Limits.EventBytes is %d, and a frame and three quarters of what may wait for a page have room for %d; raise Boundary.MaxFrame and MaxPending", c.Limits.EventBytes, most)
	}
	l := c.Limits.withDefaults()
	l.ResultBytes, l.BinaryBytes, l.ItemBytes = min(l.ResultBytes, room), min(l.BinaryBytes, room), min(l.ItemBytes, c.itemRoom())
	l.EventBytes = min(l.EventBytes, c.eventRoom())
	return l, nil
}

// room is what a frame has for the body of one result.
func (c *Config) room() int {
	return cmp.Or(c.Boundary.MaxFrame, isolation.DefaultLimits().MaxFrame) - answerOverhead
}

// itemRoom is what there is for the body of one item of a stream: it waits where
// answers do, and leaves a quarter of that room to them.
func (c *Config) itemRoom() int {
	pending := cmp.Or(c.Boundary.MaxPending, isolation.DefaultLimits().MaxPending)
	return min(c.room()-(isolation.ItemStart-isolation.ResultStart), pending-pending/4-isolation.ItemStart)
}

// takeLimits makes CommandLimits those of the configuration and of
// sallyport.json together. A limit that both set is an error: one of them would
// not hold, and nobody could tell which.
func (c *Config) takeLimits(said *manifest.Manifest) error {
	limits := maps.Clone(c.CommandLimits)
	if limits == nil {
		limits = make(map[string]Limits)
	}
	if said != nil {
		for _, name := range slices.Sorted(maps.Keys(said.Limits)) {
			written := said.Limits[name]
			given := limits[name]
			for _, field := range []struct {
				name, config string
				twice        bool
			}{
				{"args_bytes", "ArgsBytes", written.ArgsBytes != 0 && given.ArgsBytes != 0},
				{"result_bytes", "ResultBytes", written.ResultBytes != 0 && given.ResultBytes != 0},
				{"depth", "Depth", written.Depth != 0 && given.Depth != 0},
				{"deadline_ms", "Deadline", written.DeadlineMS != 0 && given.Deadline != 0},
			} {
				if field.twice {
					return fmt.Errorf("core: %w", said.Errorf("/limits/"+name+"/"+field.name,
						"Config.CommandLimits[%q].%s is set too; say it in one place", name, field.config))
				}
			}
			limits[name] = given.or(Limits{
				ArgsBytes: written.ArgsBytes, ResultBytes: written.ResultBytes, Depth: written.Depth,
				Deadline: time.Duration(written.DeadlineMS) * time.Millisecond,
			})
		}
	}
	c.CommandLimits = limits
	return nil
}

// answerOverhead is what a frame with one result has beside its body's JSON and
// sections: the
// frame's header, IV and tag, and what an item has before its JSON.
const answerOverhead = isolation.HeaderSize + 12 + 16 + isolation.ResultStart

// withDefaults fills the zero fields.
func (l Limits) withDefaults() Limits {
	d := DefaultLimits()
	if l.CallsPerSecond > 0 {
		d.Burst = max(1, int(l.CallsPerSecond))
	}
	return l.or(d)
}

// or fills l's zero fields from d.
func (l Limits) or(d Limits) Limits {
	return Limits{
		CallsPerSecond: cmp.Or(l.CallsPerSecond, d.CallsPerSecond),
		Burst:          cmp.Or(l.Burst, d.Burst),
		Concurrency:    cmp.Or(l.Concurrency, d.Concurrency),
		PendingBytes:   cmp.Or(l.PendingBytes, d.PendingBytes),
		PendingResults: cmp.Or(l.PendingResults, d.PendingResults),
		ArgsBytes:      cmp.Or(l.ArgsBytes, d.ArgsBytes),
		ResultBytes:    cmp.Or(l.ResultBytes, d.ResultBytes),
		Depth:          cmp.Or(l.Depth, d.Depth),
		Deadline:       cmp.Or(l.Deadline, d.Deadline),

		BinaryBytes:     cmp.Or(l.BinaryBytes, d.BinaryBytes),
		ItemBytes:       cmp.Or(l.ItemBytes, d.ItemBytes),
		StreamWithin:    cmp.Or(l.StreamWithin, d.StreamWithin),
		EventBytes:      cmp.Or(l.EventBytes, d.EventBytes),
		Listeners:       cmp.Or(l.Listeners, d.Listeners),
		EventQueue:      cmp.Or(l.EventQueue, d.EventQueue),
		EventQueueBytes: cmp.Or(l.EventQueueBytes, d.EventQueueBytes),
		Resources:       cmp.Or(l.Resources, d.Resources),
	}
}

// parseArgs are the bounds of the strict parser for a call's arguments.
func (l Limits) parseArgs() schema.Limits {
	return parseLimits(l.ArgsBytes, l.Depth)
}

// parseResult are the bounds of the strict parser for a handler's result.
func (l Limits) parseResult() schema.Limits {
	return parseLimits(l.ResultBytes, l.Depth)
}

// parseItem are the bounds of the strict parser for an item of a stream.
func (l Limits) parseItem() schema.Limits {
	return parseLimits(l.ItemBytes, l.Depth)
}

// parseEvent are the bounds of the strict parser for what the core emits.
func (l Limits) parseEvent() schema.Limits {
	return parseLimits(l.EventBytes, l.Depth)
}

// parseLimits lets a document that may be large hold as many more values.
func parseLimits(size, depth int) schema.Limits {
	return schema.Limits{Size: size, Depth: depth, Nodes: max(size/10, schema.DefaultLimits().Nodes)}
}
