package soak

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/sallyport/sallyport/core"
	"github.com/sallyport/sallyport/isolation"
	"github.com/sallyport/sallyport/schema"
)

// Labels of the windows. Main is the one that is reloaded and left.
const (
	mainWindow   = "main"
	editorWindow = "editor"
	relayWindow  = "relay"
)

var labels = []string{mainWindow, editorWindow, relayWindow}

const capability = `# METADATA
# title: Soak
# custom:
#   windows: ["main", "editor", "relay"]
package capability.soak

allow if {
	startswith(input.command, "soak.")
	input.command != "soak.forbidden"
}

allow if input.command == "sallyport:emit"
allow if input.command == "sallyport:listen"
`

// hook refuses, lets items wait for their verdict, and changes nothing.
const hook = `"use strict";
sallyport.onCall((message) => {
  if (message.command === "soak.echo" && message.args.text === "refuse") return sallyport.refuse("asked for");
  if (message.kind === "item" && message.id % 3 === 0) return Promise.resolve(message);
  return message;
});
`

// An app is what is soaked, with what its handlers count.
type app struct {
	*core.App
	tick *core.EventOf[tick]

	opened, closed atomic.Int64 // resources
	ticks          atomic.Int64
}

type (
	token struct {
		Token string `json:"t"`
	}
	echo struct {
		Token string `json:"t"`
		Text  string `json:"text"`
	}
	raw struct {
		Token string      `json:"t"`
		Data  []byte      `json:"data"`
		Blob  schema.Blob `json:"blob"`
	}
	wait struct {
		Token string `json:"t"`
		MS    int    `json:"ms"`
	}
	download struct {
		Token string `json:"t"`
		Items int    `json:"items"`
		Size  int    `json:"size"`
	}
	uploaded struct {
		Bytes int    `json:"bytes"`
		Sum   uint32 `json:"sum"`
	}
	number struct {
		N int `json:"n"`
	}
	held struct {
		Handle core.Resource[*int] `json:"handle"`
	}
	use struct {
		Token  string              `json:"t"`
		Handle core.Resource[*int] `json:"handle"`
		Close  bool                `json:"close"`
	}
	tick struct {
		N    int64  `json:"n"`
		Fill string `json:"fill"`
	}
	chat struct {
		Token string `json:"t"`
		N     int    `json:"n"`
		Label string `json:"label"`
	}
	none struct{}
)

// deadline bounds what a call may still do after its cancellation was lost with
// a request of the relay.
const deadline = 8 * time.Second

// newApp makes the app. Its sessions end soon after their socket, so that rest
// comes soon.
func newApp(t *testing.T, l *ledger, frame string, origins map[string]string) *app {
	t.Helper()
	page, err := fs.Sub(os.DirFS("testdata"), "page")
	if err != nil {
		t.Fatal(err)
	}
	windows := []isolation.Window{{Label: mainWindow, Page: page}, {Label: editorWindow, Page: page},
		{Label: relayWindow, Page: page, Carriers: []isolation.Carrier{isolation.Relay}}}
	made, err := core.New(core.Config{
		Name: "soak", Schemas: fstest.MapFS{}, Capabilities: fstest.MapFS{"soak.rego": {Data: []byte(capability)}},
		Hook: []byte(hook), Windows: windows, FrameOrigin: frame, Origins: origins,
		Record: l, Observe: l.observe, Log: slog.New(slog.DiscardHandler),
		Boundary: isolation.Limits{ResumeWithin: 5 * time.Second, Heartbeat: 5 * time.Second},
		Limits:   core.Limits{Deadline: deadline},
	})
	if err != nil {
		t.Fatal(err)
	}
	a := &app{App: made}
	a.register(l)
	return a
}

func (a *app) register(l *ledger) {
	core.Command(a.App, "soak.echo", func(_ context.Context, e echo) (echo, error) { return e, nil })
	core.Command(a.App, "soak.raw", func(_ context.Context, r raw) (raw, error) { return r, nil })
	core.Command(a.App, "soak.forbidden", func(_ context.Context, e echo) (echo, error) { return e, nil })
	core.Command(a.App, "soak.fail", func(context.Context, token) (none, error) {
		return none{}, core.Visible(errors.New("asked for"))
	})
	core.Command(a.App, "soak.wait", waitFor)
	core.Stream(a.App, "soak.download", send)
	core.Stream(a.App, "soak.upload", receive)
	core.Stream(a.App, "soak.talk", answerEach)
	core.Command(a.App, "soak.open", func(ctx context.Context, _ token) (held, error) {
		a.opened.Add(1)
		made, err := core.NewResource(ctx, new(int), func() { a.closed.Add(1) })
		if err != nil {
			a.opened.Add(-1)
		}
		return held{made}, err
	})
	core.Command(a.App, "soak.use", func(ctx context.Context, u use) (none, error) {
		_, err := u.Handle.Get(ctx)
		if err == nil && u.Close {
			err = u.Handle.Close(ctx)
		}
		return none{}, err
	})
	a.tick = core.Event[tick](a.App, "soak.tick")
	core.Event[none](a.App, "soak.tock")
	core.Event[chat](a.App, "soak.chat").Listen(l.hearChat)
}

func waitFor(ctx context.Context, w wait) (none, error) {
	steps := max(1, w.MS/20)
	report := core.Progress(ctx)
	for i := range steps {
		select {
		case <-ctx.Done():
			return none{}, ctx.Err()
		case <-time.After(time.Duration(w.MS) * time.Millisecond / time.Duration(steps)):
			report.Report(int64(i+1), int64(steps), "step")
		}
	}
	return none{}, nil
}

func send(_ context.Context, d download, s *core.Channel[core.None, []byte]) (number, error) {
	for i := range d.Items {
		item := make([]byte, max(4, d.Size))
		binary.BigEndian.PutUint32(item, uint32(i))
		if err := s.Send(item); err != nil {
			return number{}, err
		}
	}
	return number{d.Items}, nil
}

func receive(_ context.Context, _ token, s *core.Channel[[]byte, core.None]) (u uploaded, err error) {
	r := core.Reader(s)
	for buf := make([]byte, 32<<10); ; {
		n, err := r.Read(buf)
		u.Bytes += n
		for _, b := range buf[:n] {
			u.Sum = u.Sum*31 + uint32(b)
		}
		if err == io.EOF {
			return u, nil
		}
		if err != nil {
			return u, err
		}
	}
}

func answerEach(_ context.Context, _ token, s *core.Channel[number, number]) (number, error) {
	n := 0
	for item, err := range s.All() {
		if err != nil {
			return number{}, err
		}
		n++
		if err := s.Send(number{item.N + 1}); err != nil {
			return number{}, err
		}
	}
	return number{n}, nil
}

// emitTicks emits in bursts until ctx ends. Some are more than a queue holds.
func (a *app) emitTicks(ctx context.Context) error {
	fill := string(make([]byte, 0, 64))
	for n := int64(1); ; {
		burst := 10
		if a.ticks.Load()%2000 < 10 {
			burst = 1500
		}
		for range burst {
			if err := a.tick.Emit(tick{n, fill}); err != nil {
				return err
			}
			n++
		}
		a.ticks.Add(int64(burst))
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(50 * time.Millisecond):
		}
	}
}
