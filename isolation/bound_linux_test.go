package isolation

import (
	"bytes"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestEveryListenerChecksItsPeer has a Loopback take this user for another.
func TestEveryListenerChecksItsPeer(t *testing.T) {
	l, err := ListenLoopback()
	if err != nil {
		t.Fatal(err)
	}
	l.peers.uid++
	var log bytes.Buffer // read after Serve
	ended := make(chan error, 1)
	go func() {
		ended <- l.Serve(http.HandlerFunc(pageHandler), http.HandlerFunc(pageHandler), slog.New(slog.NewTextHandler(&log, nil)))
	}()
	n := uint64(0)
	for _, s := range []*server{l.page, l.frame} {
		for _, listener := range s.listeners {
			c, err := net.Dial("tcp", listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
			c.SetDeadline(time.Now().Add(5 * time.Second))
			if answer, _ := io.ReadAll(c); len(answer) > 0 {
				t.Errorf("%s answered another user: %.40q", listener.Addr(), answer)
			}
			c.Close()
			n++
		}
	}
	if got := l.Refused(); got != n {
		t.Errorf("%d connections were refused, want %d", got, n)
	}
	l.Close()
	<-ended
	if got := strings.Count(log.String(), "level=WARN"); got != 1 || strings.Contains(log.String(), "127.0.0.1") {
		t.Errorf("the first is not what is told of, or with an address: %s", &log)
	}
}
