package isolation_test

import (
	"bytes"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/sallyport/sallyport/internal/peer"
	"github.com/sallyport/sallyport/isolation"
)

// A call that is run where it was read must not keep anything after it
// waiting, whatever its handler does.
func TestC9ALoneCallDoesNotKeepItsSocket(t *testing.T) {
	for _, test := range []struct {
		name     string
		first    func(release <-chan struct{})
		answered bool
	}{
		{"it takes long", func(release <-chan struct{}) { <-release }, true},
		{"it ends its goroutine", func(<-chan struct{}) { runtime.Goexit() }, false},
		{"it takes long, then ends its goroutine", func(release <-chan struct{}) { <-release; runtime.Goexit() }, false},
		{"it is quick", func(<-chan struct{}) {}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			release := make(chan struct{})
			v, r := host(t, func(c *isolation.Config) { c.Limits.ResumeWithin = 50 * time.Millisecond })
			r.lend = func(id uint32) {
				if id == 1 {
					test.first(release)
				}
			}
			c := v.dial(v.frame(v.page().Frame))
			first, err := c.Start("notes.list", []byte("1"))
			if err != nil {
				t.Fatal(err)
			}
			for range 3 {
				call(t, c, "2")
			}
			close(release)
			if test.answered {
				if _, err := c.Await(t.Context(), first); err != nil {
					t.Error(err)
				}
			}
			call(t, c, "3")
			if n := r.lent.Load(); n != 5 {
				t.Errorf("%d calls were run where they were read, want 5", n)
			}
			if n := r.written.Load(); n > 5 {
				t.Errorf("%d answers to 5 calls", n)
			}
			c.Close()
			eventually(t, "the end of a session whose socket has closed", func() bool { return len(r.ends()) == 1 })
		})
	}
}

// Only a carrier with a goroutine to itself has one to lend.
func TestNothingElseLendsItsGoroutine(t *testing.T) {
	g, r := newGate(t, nil)
	r.lend = func(uint32) {}
	call(t, connect(t, g), "1")
	if n := r.lent.Load(); n != 0 {
		t.Errorf("%d calls were run by a carrier in this process", n)
	}
}

// A page that reads nothing holds a send up for SendWithin, then its socket is
// closed.
func TestC9ASocketThatIsNotReadIsClosed(t *testing.T) {
	v, r := host(t, func(c *isolation.Config) {
		c.Limits.SendWithin = 50 * time.Millisecond
		c.Limits.ResumeWithin = 50 * time.Millisecond
		c.Limits.MaxPending = 1 << 30
	})
	h := v.frame(v.page().Frame)
	p, hello, err := peer.New(h)
	if err != nil {
		t.Fatal(err)
	}
	conn := v.socket(h)
	send(t, conn, hello)
	ready, err := receive(t, conn)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := p.Open(ready); err != nil {
		t.Fatal(err)
	}
	large := bytes.Repeat([]byte("1"), 1<<20)
	for id := range uint32(32) { // more than the kernel takes
		frame := p.Seal(isolation.TypeBatch, peer.AppendCall(nil, id+1, 0, "notes.list", large))
		if err := conn.Write(t.Context(), websocket.MessageBinary, frame); err != nil {
			break // closed already
		}
	}
	eventually(t, "the end of a session whose page reads nothing", func() bool {
		return slices.Equal(r.ends(), []isolation.Reason{isolation.EndDropped})
	})
}
