package isolation_test

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport/isolation"
)

type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) count(part string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), part)
}

// A hook that throws while it loads leaves a frame that does nothing, and
// nothing but a log line to find that out by.
func TestAFrameWithoutAHelloIsToldOfOnce(t *testing.T) {
	log := new(lines)
	v, _ := host(t, func(c *isolation.Config) {
		c.Log = slog.New(slog.NewTextHandler(log, nil))
		c.Limits.HelloWithin = 20 * time.Millisecond
	})
	gone := func() bool { return v.gate.Stats().Offers == 0 }
	if _, err := v.gate.Offer("main", isolation.Direct); err != nil { // nobody fetched a document
		t.Fatal(err)
	}
	eventually(t, "the offer's end", gone)
	if n := log.count("said no hello"); n != 0 {
		t.Errorf("told %d times of a frame that nobody fetched", n)
	}
	for range 3 {
		v.frame(v.page().Frame)
		eventually(t, "the end of the frame's offer", gone)
	}
	if n := log.count("said no hello"); n != 1 {
		t.Errorf("told %d times of frames without a hello, want once", n)
	}
}
