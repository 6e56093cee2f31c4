package isolation

import (
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// TestBothFamiliesAreBound asks the machine itself which families it has.
func TestBothFamiliesAreBound(t *testing.T) {
	l := serving(t, http.HandlerFunc(pageHandler), nil)
	families := 0
	for _, host := range []string{"127.0.0.1", "::1"} {
		probe, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
		if err != nil {
			continue
		}
		probe.Close()
		families++
		for _, s := range []*server{l.page, l.frame} {
			if squat, err := net.Listen("tcp", net.JoinHostPort(host, s.port)); err == nil {
				squat.Close()
				t.Errorf("port %s of %s is anybody's", s.port, host)
			}
		}
	}
	if families == 0 {
		t.Fatal("no family was tried")
	}
}

// TestSlowRequestsAreCutOff stops in the middle of a header.
func TestSlowRequestsAreCutOff(t *testing.T) {
	t.Parallel()
	l := serving(t, http.HandlerFunc(pageHandler), nil)
	for _, s := range []*server{l.page, l.frame} {
		if s.http.ReadTimeout != readWithin || s.http.IdleTimeout != idleWithin {
			t.Errorf("port %s has no time limits", s.port)
		}
	}
	c, err := net.Dial("tcp", "127.0.0.1:"+l.page.port)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\nX: ")
	start := time.Now()
	c.SetReadDeadline(start.Add(readHeaderWithin + 5*time.Second))
	_, err = io.ReadAll(c)
	if timeout := net.Error(nil); errors.As(err, &timeout) && timeout.Timeout() {
		t.Errorf("a header that never ends was waited for %v", time.Since(start))
	}
}

// TestHalfALoopbackIsNone takes one listener away under a running server.
func TestHalfALoopbackIsNone(t *testing.T) {
	l, err := ListenLoopback()
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- l.Serve(http.HandlerFunc(pageHandler), http.HandlerFunc(pageHandler), nil) }()
	time.Sleep(50 * time.Millisecond)
	l.frame.listeners[0].Close()
	select {
	case err := <-ended:
		if err == nil {
			t.Error("Serve says nothing of it")
		}
	case <-time.After(5 * time.Second):
		l.Close()
		t.Fatal("Serve goes on with half of it")
	}
}

func TestTicketsExpire(t *testing.T) {
	var b ticketBox
	w := new(window)
	now := time.Now()
	b.mint(ticket{window: w, expires: now}, 8)
	late := keyOfTicket(b.mint(ticket{window: w, expires: now.Add(time.Minute)}, 8))
	b.tickets[keyOfTicket(b.mint(ticket{window: w, expires: now}, 8))].used = true // its session lives
	b.expire(now.Add(time.Second))
	if len(b.tickets) != 2 || b.tickets[late] == nil {
		t.Errorf("%d tickets are left", len(b.tickets))
	}
}

func TestASocketIsNotOpenedAheadOrByAWorker(t *testing.T) {
	for _, name := range []string{"Sec-Purpose", "Purpose", "Service-Worker", "Service-Worker-Navigation-Preload"} {
		r := browser("GET", http.Header{
			"Origin": {"null"}, "Connection": {"Upgrade"}, "Upgrade": {"websocket"},
			"Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="}, name: {"x"},
		})
		if err := checkSocket(r, "null"); err != refusedPrefetch && err != refusedWorker {
			t.Errorf("%s: %v", name, err)
		}
	}
}
