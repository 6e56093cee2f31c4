package isolation

import (
	"errors"
	"maps"
	"sync"
)

// errDiscard is all that anybody learns of a frame or request that was not
// authentic: why stands in the counters alone.
var errDiscard = errors.New("isolation: discarded")

// A Reason says why a session ended. It is a fixed phrase, safe to log.
type Reason string

// The reasons for a session's end.
const (
	EndShutdown   Reason = "shutdown"       // the core stopped
	EndBye        Reason = "bye"            // the frame said so: its page went away
	EndReplaced   Reason = "replaced"       // a newer session of the same document
	EndTicket     Reason = "ticket reused"  // its ticket was presented again
	EndSilent     Reason = "silent"         // no answer to a ping: closed, or its hook blocks
	EndDropped    Reason = "not resumed"    // the socket dropped and none came back
	EndSlow       Reason = "slow reader"    // more answers waiting than MaxPending
	EndKeys       Reason = "keys used up"   // the frame did not take new keys in time
	EndProtocol   Reason = "protocol error" // authentic, and yet against the wire format
	EndExpired    Reason = "expired"        // SessionLife is over
	EndRevoked    Reason = "revoked"        // the app ended it
	EndNavigation Reason = "navigation"     // its window left the app
)

// Stats is a count of what the boundary holds and has thrown away.
type Stats struct {
	Sessions  int               // confirmed and alive
	Offers    int               // frame documents that have not said hello
	Tickets   int               // pages whose frame was not fetched yet
	Discarded map[string]uint64 // by reason, since the start; the reasons are fixed phrases
	Ended     map[Reason]uint64 // by reason, since the start
}

// counters are Stats' sums. The zero value is ready; safe for concurrent use.
type counters struct {
	mu        sync.Mutex
	discarded map[string]uint64
	ended     map[Reason]uint64
}

func (c *counters) discard(reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.discarded == nil {
		c.discarded = make(map[string]uint64)
	}
	c.discarded[reason]++
}

func (c *counters) end(reason Reason) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended == nil {
		c.ended = make(map[Reason]uint64)
	}
	c.ended[reason]++
}

func (c *counters) fill(s *Stats) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s.Discarded, s.Ended = maps.Clone(c.discarded), maps.Clone(c.ended)
}
