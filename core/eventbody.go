package core

import (
	"cmp"

	"github.com/sallyport/sallyport/isolation"
	"github.com/sallyport/sallyport/schema"
)

// eventOverhead is what a frame with one event has beside its body: the frame's
// header, IV and tag, and what an item has before its JSON.
const eventOverhead = isolation.HeaderSize + 12 + 16 + eventStart + isolation.MaxCommand + bodyStart

// bodyStart is what a body has before its JSON.
const bodyStart = 1 + 4

// eventRoom is how large the body of an event may be to be sent at all: it fits a
// frame, and what may wait for a page beside the quarter that events wait behind.
func (c *Config) eventRoom() int {
	d := isolation.DefaultLimits()
	pending := cmp.Or(c.Boundary.MaxPending, d.MaxPending)
	return min(cmp.Or(c.Boundary.MaxFrame, d.MaxFrame), pending-pending/4) - eventOverhead
}

// eventBody is what an event carries as it goes into items: a copy. Or why it
// can't.
func (app *App) eventBody(text []byte, sections []schema.Section) ([]byte, error) {
	if err := app.limits.fits(len(text), sections, app.config.eventRoom()); err != nil {
		return nil, err
	}
	raw := make([]isolation.Section, len(sections))
	for i, s := range sections {
		raw[i] = isolation.Section(s)
	}
	return isolation.AppendBody(make([]byte, 0, bodyStart+len(text)+sectionsSize(sections)), text, raw), nil
}
