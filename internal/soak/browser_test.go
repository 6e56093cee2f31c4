package soak

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/browser"
)

// A stage is the browser with its windows.
type stage struct {
	process *browser.Process
	tools   *devtools
	say     func(string)

	mu     sync.Mutex
	frames map[string]string           // of a page's session: that of its isolation frame
	chunks map[string]*strings.Builder // heap snapshots that are being taken, by session
}

// openStage starts Chromium.
func openStage(t *testing.T, say func(string)) *stage {
	t.Helper()
	b, err := browser.Find(browser.Chromium)
	if errors.Is(err, browser.ErrNotFound) && os.Getenv("SALLYPORT_REQUIRE_BROWSERS") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	empty := filepath.Join(t.TempDir(), "empty.html")
	if err := os.WriteFile(empty, []byte("<!doctype html>"), 0o600); err != nil {
		t.Fatal(err)
	}
	process, err := b.Open(t.Context(), empty, browser.Options{Headless: true, DevTools: true})
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{process: process, say: say, frames: map[string]string{}, chunks: map[string]*strings.Builder{}}
	s.tools = newDevtools(process.DevTools(), s.hear)
	t.Cleanup(func() {
		if err := process.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func (s *stage) hear(session, method string, params json.RawMessage) {
	var p struct {
		Payload    string `json:"payload"`
		Chunk      string `json:"chunk"`
		SessionID  string `json:"sessionId"`
		TargetInfo struct {
			Type string `json:"type"`
		} `json:"targetInfo"`
	}
	if json.Unmarshal(params, &p) != nil {
		return
	}
	switch method {
	case "Runtime.bindingCalled":
		s.say(p.Payload)
	case "HeapProfiler.addHeapSnapshotChunk":
		s.mu.Lock()
		s.hearChunk(session, p.Chunk)
		s.mu.Unlock()
	case "Target.attachedToTarget":
		if p.TargetInfo.Type == "iframe" {
			s.mu.Lock()
			s.frames[session] = p.SessionID
			s.mu.Unlock()
		}
	}
}

// open makes a window, without a page yet, and returns its session.
func (s *stage) open() (string, error) {
	var target struct {
		TargetID string `json:"targetId"`
	}
	// In a window of its own it is never in the background, where timers rest.
	if err := s.tools.call("", "Target.createTarget", object{"url": "about:blank", "newWindow": true}, &target); err != nil {
		return "", err
	}
	var attached struct {
		SessionID string `json:"sessionId"`
	}
	if err := s.tools.call("", "Target.attachToTarget", object{"targetId": target.TargetID, "flatten": true}, &attached); err != nil {
		return "", err
	}
	session := attached.SessionID
	return session, errors.Join(
		s.tools.call(session, "Page.enable", object{}, nil),
		s.tools.call(session, "Runtime.enable", object{}, nil), // or a new document has no binding
		s.tools.call(session, "Runtime.addBinding", object{"name": "soakSay"}, nil),
		s.tools.call(session, "Target.setAutoAttach", object{"autoAttach": true, "waitForDebuggerOnStart": false, "flatten": true}, nil),
	)
}

func (s *stage) navigate(session, address string) error {
	var said struct {
		ErrorText string `json:"errorText"`
	}
	err := s.tools.call(session, "Page.navigate", object{"url": address}, &said)
	if err == nil && said.ErrorText != "" && said.ErrorText != "net::ERR_ABORTED" { // by the next navigation
		err = fmt.Errorf("navigation: %s", said.ErrorText)
	}
	return err
}

// pause brings a page to rest and returns its document. A page that is just
// being loaded is waited for.
func (s *stage) pause(session string, within time.Duration) (document string, err error) {
	for end := time.Now().Add(within); ; time.Sleep(100 * time.Millisecond) {
		err := s.tools.evaluate(session, "globalThis.soak?.pause()", &document)
		if err == nil && document != "" {
			return document, nil
		}
		if time.Now().After(end) {
			return "", fmt.Errorf("the page does not come to rest: %v", err)
		}
	}
}

// A size is what a page or frame holds after a garbage collection.
type size struct {
	Heap, Buffers float64 // bytes
	Nodes         int
	Listeners     int
	Documents     int
}

// measure is the size of a session's page or frame.
func (s *stage) measure(session string) (size, error) {
	var heap struct {
		UsedSize    float64 `json:"usedSize"`
		BackingSize float64 `json:"backingStorageSize"`
	}
	var dom struct {
		Documents int `json:"documents"`
		Nodes     int `json:"nodes"`
		Listeners int `json:"jsEventListeners"`
	}
	err := errors.Join(
		s.tools.call(session, "Runtime.discardConsoleEntries", object{}, nil), // the browser keeps a thousand
		s.tools.call(session, "HeapProfiler.collectGarbage", object{}, nil),
		s.tools.call(session, "HeapProfiler.collectGarbage", object{}, nil), // what the first has finalized
		s.tools.call(session, "Runtime.getHeapUsage", object{}, &heap),
		s.tools.call(session, "Memory.getDOMCounters", object{}, &dom),
	)
	if err != nil && strings.Contains(err.Error(), "not found") {
		err = fmt.Errorf("it went away meanwhile: %w", err)
	}
	return size{heap.UsedSize, heap.BackingSize, dom.Nodes, dom.Listeners, dom.Documents}, err
}

// frame is the session of a page's isolation frame, which is another process.
func (s *stage) frame(session string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.frames[session]
}
