package isolation

import (
	"fmt"
	"time"
)

// Limits bound what a page, a frame or another program on this machine can
// make the boundary keep or do. A zero field means its default; a negative
// one is an error. There is no "unlimited".
type Limits struct {
	MaxFrame    int // bytes of one sealed frame, either way; default 4 MiB
	MaxPending  int // bytes waiting for a slow page: at a quarter streams wait, too, and beyond it its session ends; default 16 MiB
	MaxSessions int // confirmed sessions at once, all windows; default 4096
	MaxTickets  int // unused tickets and unanswered offers of one window, then the oldest go; default 1024
	MaxSockets  int // sockets at once that have not said hello, then the oldest goes; default 128

	RekeyAfter int // frames of one direction before new keys, at most 2^23; default 2^20

	TicketLife   time.Duration // from the page's response to the frame's request; default 30 s
	HelloWithin  time.Duration // from the frame document to its hello; default 30 s
	SocketHello  time.Duration // from a socket's start to its first message; default 5 s
	ResumeWithin time.Duration // a dropped socket's session waits this long; default 15 s
	Heartbeat    time.Duration // silence before a ping, and then before the end; default 15 s
	SendWithin   time.Duration // one frame to a page that does not read, which may get twice that; default 10 s
	PollWithin   time.Duration // the relay holds an empty request this long; default 20 s
	SessionLife  time.Duration // from ready to the end, whatever happens; default 24 h
}

// DefaultLimits are the limits that a zero Limits means.
func DefaultLimits() Limits {
	return Limits{
		MaxFrame:     4 << 20,
		MaxPending:   16 << 20,
		MaxSessions:  4096,
		MaxTickets:   1024,
		MaxSockets:   128,
		RekeyAfter:   1 << 20,
		TicketLife:   30 * time.Second,
		HelloWithin:  30 * time.Second,
		SocketHello:  5 * time.Second,
		ResumeWithin: 15 * time.Second,
		Heartbeat:    15 * time.Second,
		SendWithin:   10 * time.Second,
		PollWithin:   20 * time.Second,
		SessionLife:  24 * time.Hour,
	}
}

// withDefaults fills the zero fields, or names the field that can't be used.
func (l Limits) withDefaults() (Limits, error) {
	d := DefaultLimits()
	for _, f := range []struct {
		name            string
		value           *int
		def, least, max int
	}{
		{"MaxFrame", &l.MaxFrame, d.MaxFrame, 1 << 10, 64 << 20},
		{"MaxPending", &l.MaxPending, d.MaxPending, 1 << 10, 1 << 30},
		{"MaxSessions", &l.MaxSessions, d.MaxSessions, 1, 1 << 20},
		{"MaxTickets", &l.MaxTickets, d.MaxTickets, 1, 1 << 20},
		{"MaxSockets", &l.MaxSockets, d.MaxSockets, 1, 1 << 16},
		{"RekeyAfter", &l.RekeyAfter, d.RekeyAfter, 1, MaxFrames / 2},
	} {
		if *f.value == 0 {
			*f.value = f.def
		}
		if *f.value < f.least || *f.value > f.max {
			return Limits{}, fmt.Errorf("isolation: Limits.%s is %d; it must lie between %d and %d, or be 0 for %d", f.name, *f.value, f.least, f.max, f.def)
		}
	}
	for _, f := range []struct {
		name  string
		value *time.Duration
		def   time.Duration
	}{
		{"TicketLife", &l.TicketLife, d.TicketLife},
		{"HelloWithin", &l.HelloWithin, d.HelloWithin},
		{"SocketHello", &l.SocketHello, d.SocketHello},
		{"ResumeWithin", &l.ResumeWithin, d.ResumeWithin},
		{"Heartbeat", &l.Heartbeat, d.Heartbeat},
		{"SendWithin", &l.SendWithin, d.SendWithin},
		{"PollWithin", &l.PollWithin, d.PollWithin},
		{"SessionLife", &l.SessionLife, d.SessionLife},
	} {
		if *f.value == 0 {
			*f.value = f.def
		}
		if *f.value < 0 {
			return Limits{}, fmt.Errorf("isolation: Limits.%s is %v; it must be positive, or 0 for %v", f.name, *f.value, f.def)
		}
	}
	return l, nil
}
