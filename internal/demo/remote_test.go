package demo

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/sallyport/sallyport/internal/browser"
)

// A remote drives a browser from outside, by keys like a user's: Chromium by
// its DevTools protocol, Firefox by WebDriver BiDi. Both are JSON requests
// with numbers on a WebSocket.
type remote struct {
	t       *testing.T
	family  string
	conn    *websocket.Conn
	last    int
	session string // of Chromium, with one page
	page    string // of Firefox: its context
}

var listening = regexp.MustCompile(`(?:DevTools|WebDriver BiDi) listening on (ws://\S+)`)

// openRemote opens a browser on a launch file by way of a script that adds
// what package browser has no option for: a port to drive it by.
func openRemote(ctx context.Context, t *testing.T, b browser.Browser, file string) (*browser.Process, error) {
	script := filepath.Join(t.TempDir(), b.Name)
	if err := os.WriteFile(script, []byte("#!/bin/sh\nexec \"$DEMO_BROWSER\" --remote-debugging-port=0 \"$@\"\n"), 0o700); err != nil {
		return nil, err
	}
	return browser.Browser{Name: b.Name, Path: script}.Open(ctx, file, browser.Options{
		Headless: true, Width: 1280, Height: 960, Env: []string{"DEMO_BROWSER=" + b.Path},
	})
}

// connect takes hold of the demo's page.
func connect(t *testing.T, process *browser.Process) *remote {
	t.Helper()
	r := &remote{t: t, family: process.Browser.Name}
	var address string
	r.until("the browser says where it listens", func() bool {
		if m := listening.FindStringSubmatch(process.Stderr()); m != nil {
			address = m[1]
		}
		return address != ""
	})
	if r.family == browser.Firefox {
		address += "/session"
	}
	conn, _, err := websocket.Dial(t.Context(), address, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.CloseNow() })
	conn.SetReadLimit(16 << 20)
	r.conn = conn
	if r.family == browser.Firefox {
		r.ask("session.new", map[string]any{"capabilities": map[string]any{}}, nil)
	}
	var id string
	r.until("the page is there", func() bool {
		for page, address := range r.pages() {
			if strings.HasPrefix(address, "http://main-") {
				id = page
			}
		}
		return id != ""
	})
	if r.family == browser.Firefox {
		r.page = id
		return r
	}
	var attached struct{ SessionID string }
	r.ask("Target.attachToTarget", map[string]any{"targetId": id, "flatten": true}, &attached)
	r.session = attached.SessionID
	return r
}

// ask makes one request and decodes its result; events are not listened to.
func (r *remote) ask(method string, params, result any) {
	r.t.Helper()
	if err := r.try(method, params, result); err != nil {
		r.t.Fatalf("%s: %v", method, err)
	}
}

func (r *remote) try(method string, params, result any) error {
	ctx, cancel := context.WithTimeout(r.t.Context(), 20*time.Second)
	defer cancel()
	r.last++
	request := map[string]any{"id": r.last, "method": method, "params": params}
	if r.session != "" && !strings.HasPrefix(method, "Target.") {
		request["sessionId"] = r.session
	}
	text, err := json.Marshal(request)
	if err != nil {
		return err
	}
	if err := r.conn.Write(ctx, websocket.MessageText, text); err != nil {
		return err
	}
	for {
		_, text, err := r.conn.Read(ctx)
		if err != nil {
			return err
		}
		var answer struct {
			ID            int
			Result, Error json.RawMessage
		}
		if err := json.Unmarshal(text, &answer); err != nil {
			return err
		}
		switch {
		case answer.ID != r.last:
		case answer.Error != nil:
			return errors.New(string(text))
		case result == nil:
			return nil
		default:
			return json.Unmarshal(answer.Result, result)
		}
	}
}

// pages are the addresses of all tabs and windows.
func (r *remote) pages() map[string]string {
	r.t.Helper()
	pages := map[string]string{}
	if r.family == browser.Firefox {
		var tree struct {
			Contexts []struct{ Context, URL string }
		}
		r.ask("browsingContext.getTree", map[string]any{"maxDepth": 0}, &tree)
		for _, c := range tree.Contexts {
			pages[c.Context] = c.URL
		}
		return pages
	}
	var targets struct {
		TargetInfos []struct{ TargetID, Type, URL string }
	}
	r.ask("Target.getTargets", map[string]any{}, &targets)
	for _, target := range targets.TargetInfos {
		if target.Type == "page" {
			pages[target.TargetID] = target.URL
		}
	}
	return pages
}

// evaluate is an expression's value in the page, which has to be a string.
func (r *remote) evaluate(expression string) string {
	r.t.Helper()
	var answer struct{ Result struct{ Value string } }
	if r.family == browser.Firefox {
		r.ask("script.evaluate", map[string]any{"expression": expression, "target": map[string]any{"context": r.page}, "awaitPromise": true}, &answer)
	} else {
		r.ask("Runtime.evaluate", map[string]any{"expression": expression, "awaitPromise": true, "returnByValue": true}, &answer)
	}
	return answer.Result.Value
}

// press presses and releases Tab or Enter.
func (r *remote) press(key string) {
	r.t.Helper()
	if r.family == browser.Firefox {
		value := map[string]string{"Tab": "\uE004", "Enter": "\uE007"}[key]
		r.ask("input.performActions", map[string]any{"context": r.page, "actions": []any{map[string]any{"type": "key", "id": "keys", "actions": []any{
			map[string]any{"type": "keyDown", "value": value}, map[string]any{"type": "keyUp", "value": value},
		}}}}, nil)
		return
	}
	event := map[string]any{"type": "keyDown", "key": key, "code": key, "windowsVirtualKeyCode": map[string]int{"Tab": 9, "Enter": 13}[key]}
	if key == "Enter" {
		event["text"] = "\r"
	}
	r.ask("Input.dispatchKeyEvent", event, nil)
	delete(event, "text")
	event["type"] = "keyUp"
	r.ask("Input.dispatchKeyEvent", event, nil)
}

// prefer has the page believe that the user likes a colour scheme.
func (r *remote) prefer(scheme string) {
	r.t.Helper()
	r.ask("Emulation.setEmulatedMedia", map[string]any{"features": []any{map[string]any{"name": "prefers-color-scheme", "value": scheme}}}, nil)
}

// until waits for what is bound to come.
func (r *remote) until(what string, there func() bool) {
	r.t.Helper()
	for end := time.Now().Add(60 * time.Second); !there(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			r.t.Fatalf("waited in vain until %s", what)
		}
	}
}
