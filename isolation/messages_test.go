package isolation_test

import (
	"testing"

	"github.com/coder/websocket"

	"github.com/sallyport/sallyport/isolation"
)

// TestC8MessagesThatCanBeNoFramesAreCounted sends what is refused before it is
// a frame, to a session and in a hello's place.
func TestC8MessagesThatCanBeNoFramesAreCounted(t *testing.T) {
	v, r := host(t, func(c *isolation.Config) { c.Limits.MaxFrame = 2048 })
	for _, tt := range []struct {
		reason string
		kind   websocket.MessageType
		size   int
	}{
		{"text", websocket.MessageText, 400},
		{"too large", websocket.MessageBinary, 2049},
		{"too large", websocket.MessageBinary, 1 << 20},
		{"type", websocket.MessageBinary, 2048}, // the largest that is read
	} {
		_, live := v.handshake(v.frame(v.page().Frame))
		for where, conn := range map[string]*websocket.Conn{"session": live, "stranger": v.socket(v.frame(v.page().Frame))} {
			before := v.gate.Stats().Discarded[tt.reason]
			_ = conn.Write(t.Context(), tt.kind, make([]byte, tt.size)) // the core may close before it has all
			if frame, err := receive(t, conn); err == nil {
				t.Errorf("%s of %d bytes to a %s was answered: %x", tt.reason, tt.size, where, frame)
			} else if status := websocket.CloseStatus(err); status != -1 {
				t.Errorf("%s of %d bytes to a %s closed the socket with a reason: %v", tt.reason, tt.size, where, err)
			}
			want := before + 1
			if tt.reason == "type" && where == "stranger" {
				want = before // no hello at all
			}
			if got := v.gate.Stats().Discarded[tt.reason]; got != want {
				t.Errorf("%s of %d bytes to a %s was counted %d times", tt.reason, tt.size, where, got-before)
			}
		}
	}
	if n := r.calls(); n != 0 {
		t.Errorf("%d items arrived", n)
	}
}
