package isolation

import (
	"context"
	"time"
)

// takeOverAfter is how long a lent goroutine may be away before another one
// reads its socket, at least; see watch. A page does not notice it, and a call
// that takes longer has better things to wait for.
const takeOverAfter = 4 * time.Millisecond

// A socketReader takes the frames off one socket until the socket closes. It is one
// goroutine at a time, but not always the same: the one that reads a lone call
// runs it too (see Session.Lend), and another reads on if that takes long, so
// that a call can always be cancelled.
type socketReader struct {
	session *Session
	socket  *socket
	room    int   // for the next frame
	away    watch // of the lent goroutine
}

func newSocketReader(s *Session, from *socket) *socketReader {
	r := &socketReader{session: s, socket: from, room: ordinaryFrame}
	r.away = watch{within: takeOverAfter, late: r.run}
	return r
}

// run reads until the socket closes, by hangUp at the latest, or another
// goroutine has taken over.
func (r *socketReader) run() {
	for {
		frame, err := r.session.gate.read(context.Background(), r.socket.conn, r.room)
		if err != nil {
			break
		}
		r.room = roomAfter(len(frame))
		lent, authentic := r.session.deliverTo(frame, true)
		if lent != nil && !r.lend(lent) {
			return
		}
		if !authentic {
			break
		}
	}
	r.session.detach(r.socket)
	r.socket.close(false)
}

// lend runs t. It reports whether this goroutine is still the one that reads.
func (r *socketReader) lend(t Task) (still bool) {
	r.away.begin()
	done := false
	defer func() {
		if still = r.away.end(); still && !done { // t has ended this goroutine, which can't read on
			go r.run()
		}
	}()
	t.Run()
	done = true
	return
}
