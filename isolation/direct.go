package isolation

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// statusOver closes a socket whose session is over: the frame must not come
// back. Any other end of a socket is one it may resume from.
const statusOver = websocket.StatusCode(4001)

// A socket is the direct carrier's link.
type socket struct {
	passing
	conn    *websocket.Conn
	writing sync.Mutex
	slow    watch // of one write; closes the socket
}

func newSocket(conn *websocket.Conn, within time.Duration) *socket {
	s := &socket{conn: conn}
	s.slow = watch{within: within, late: func() { _ = conn.CloseNow() }} // closed either way
	return s
}

func (s *socket) send(frame []byte) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	s.slow.begin()
	defer s.slow.end()
	return s.conn.Write(context.Background(), websocket.MessageBinary, frame)
}

func (s *socket) prompt() bool { return true }

func (s *socket) paced() bool { return true }

func (s *socket) close(over bool) {
	defer s.slow.stop()
	if over {
		_ = s.conn.Close(statusOver, "") // closed either way
		return
	}
	_ = s.conn.CloseNow() // closed either way
}

// serveSocket is one WebSocket from its upgrade to its end. The first message
// must be a hello or a resume, soon; whatever is wrong closes the socket
// without a word. Only sessions of the window in are served, if it is given.
func (g *Gate) serveSocket(w http.ResponseWriter, r *http.Request, in *window) {
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		InsecureSkipVerify: true, // Host and Origin were compared exactly before
		CompressionMode:    websocket.CompressionDisabled,
	})
	if err != nil {
		g.counters.discard("upgrade")
		return
	}
	crowd := &g.strangers
	if in != nil { // the page makes these sockets itself, and must not push out another window's
		crowd = &in.strangers
	}
	if crowd.enter(conn) {
		g.counters.discard("too many sockets")
	}
	conn.SetReadLimit(-1) // read sees to it, since the library would answer
	to := newSocket(conn, g.limits.SendWithin)
	s, err := g.greet(conn, to, in)
	crowd.leave(conn)
	if err != nil {
		to.close(false)
		return
	}
	newSocketReader(s, to).run()
}

// greet gets a socket to a session, by hello or by resume.
func (g *Gate) greet(conn *websocket.Conn, to *socket, in *window) (*Session, error) {
	ctx, cancel := context.WithTimeout(g.ctx, g.limits.SocketHello)
	defer cancel()
	frame, err := g.read(ctx, conn, ordinaryFrame)
	if err != nil {
		g.counters.discard("no hello")
		return nil, errDiscard
	}
	if typeOf(frame) == TypeResume {
		return g.greetAgain(ctx, conn, to, in, frame)
	}
	id, ok := helloSession(frame, TypeHello)
	o := g.pending(id)
	if !ok || o == nil || o.carrier != Direct || in != nil && o.window != in {
		g.counters.discard("hello")
		return nil, errDiscard
	}
	return o.accept(frame, to)
}

func (g *Gate) greetAgain(ctx context.Context, conn *websocket.Conn, to *socket, in *window, frame []byte) (*Session, error) {
	r, challenge, err := g.beginResume(frame, in)
	if err != nil {
		return nil, err
	}
	if err := to.send(challenge); err != nil {
		return nil, errDiscard
	}
	proof, err := g.read(ctx, conn, ordinaryFrame)
	if err != nil {
		return nil, errDiscard
	}
	if typeOf(proof) == TypeBye { // sealed in advance, for a page that leaves now
		r.session.deliver(proof)
		return nil, errDiscard
	}
	return r.session, r.prove(proof, to)
}

// ordinaryFrame is room for most frames, so that reading one does not grow its
// buffer step by step. What follows a large one is likely to be as large, and is
// given as much room, but no more than largeFrame.
const (
	ordinaryFrame = 2 << 10
	largeFrame    = 2 << 20
)

// roomAfter is the room for what follows a frame of that size. A buffer has to
// have some left over to see the end of what it reads.
func roomAfter(size int) int { return min(max(ordinaryFrame, size+size/8+bytes.MinRead), largeFrame) }

// read takes one binary message of at most MaxFrame bytes; text is not part of
// the format. What is something else is counted here, and nobody told.
func (g *Gate) read(ctx context.Context, conn *websocket.Conn, room int) ([]byte, error) {
	kind, message, err := conn.Reader(ctx)
	if err != nil {
		return nil, errDiscard
	}
	if kind != websocket.MessageBinary {
		g.counters.discard("text")
		return nil, errDiscard
	}
	frame := bytes.NewBuffer(make([]byte, 0, room))
	_, err = frame.ReadFrom(io.LimitReader(message, int64(g.limits.MaxFrame)+1))
	switch {
	case err != nil:
		return nil, errDiscard
	case frame.Len() > g.limits.MaxFrame:
		g.counters.discard("too large")
		return nil, errDiscard
	}
	return frame.Bytes(), nil
}
