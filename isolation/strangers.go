package isolation

import (
	"slices"
	"sync"

	"github.com/coder/websocket"
)

// strangers are the sockets that have not said hello. When there are too many
// the oldest goes: a genuine frame says hello at once, so that whoever holds
// sockets open without a word pushes out his own.
type strangers struct {
	max int

	mu      sync.Mutex
	sockets []*websocket.Conn
}

// enter takes a socket in and reports whether another had to go for it.
func (s *strangers) enter(conn *websocket.Conn) (crowded bool) {
	s.mu.Lock()
	var oldest *websocket.Conn
	if len(s.sockets) == s.max {
		oldest, s.sockets = s.sockets[0], slices.Clone(s.sockets[1:])
	}
	s.sockets = append(s.sockets, conn)
	s.mu.Unlock()
	if oldest == nil {
		return false
	}
	_ = oldest.CloseNow() // closed either way
	return true
}

// leave forgets a socket: it has said who it is, or has gone.
func (s *strangers) leave(conn *websocket.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.Index(s.sockets, conn); i >= 0 {
		s.sockets = slices.Delete(s.sockets, i, i+1)
	}
}
