package core

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/peer"
	"github.com/sallyport/sallyport/isolation"
)

// A modelled is what must be true of one listen, whatever else happens.
type modelled struct {
	emitted []int  // what was emitted while it listened; the n-th is number n
	granted uint64 // credit that the page has given
	number  uint64 // of the last event
	offset  uint64 // of the next item
	over    bool   // the page has unlistened, or got the end
	cut     bool   // the page has unlistened
}

// take compares one item with the model.
func (m *modelled) take(a peer.Answer) error {
	switch {
	case m.over && !m.cut:
		return fmt.Errorf("an item of kind %d after the end", a.Kind)
	case a.Kind == peer.End:
		m.over = true
		return nil
	case a.Offset != m.offset:
		return fmt.Errorf("number %d at %d, want %d", a.Number, a.Offset, m.offset)
	case a.Offset >= m.granted:
		return fmt.Errorf("number %d at %d with credit for %d", a.Number, a.Offset, m.granted)
	case a.Number <= m.number:
		return fmt.Errorf("number %d after %d", a.Number, m.number)
	case a.Number > uint64(len(m.emitted)):
		return fmt.Errorf("number %d of %d", a.Number, len(m.emitted))
	}
	if want := fmt.Appendf(nil, `{"text":"%d `, m.emitted[a.Number-1]); !bytes.HasPrefix(a.JSON, want) {
		return fmt.Errorf("number %d is %.20s, want %s", a.Number, a.JSON, want)
	}
	m.number, m.offset = a.Number, a.Offset+uint64(a.Size)
	return nil
}

// FuzzEvents has a page listen, unlisten, emit and give credit in any order, while
// the core emits. Each byte is a step; its upper half says what, the lower with
// which listen. Every item must be one that the model expects, and at the end,
// with credit for all, the latest event must be there.
func FuzzEvents(f *testing.F) {
	c := benchConfig()
	c.Files, c.Log, c.Record = eventFiles(), slog.New(slog.DiscardHandler), keeper{}
	c.Limits.EventQueue, c.Limits.EventQueueBytes, c.Limits.Listeners = 8, 100_000, 4
	app, err := New(c)
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range []string{"notes.echo", "notes.touch", "notes.wait", "notes.fail", "notes.secret"} {
		app.Handle(name, func(context.Context, *Request) (any, error) { return nil, nil })
	}
	changed := Event[text](app, "notes.changed")
	if err := app.StartInProcess(); err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = app.Shutdown(context.Background()) })
	filler := make([]byte, 40_000)
	for i := range filler {
		filler[i] = 'x'
	}
	for _, seed := range []string{"", "\x00\x20\x20\x40\x10", "\x00\x01\x02\x03\x04\x20\x30\x20\x21\x22\x23", "\x00\x2f\x2f\x2f\x2f\x2f\x2f\x2f\x2f\x2f\x2f\x2f\x2f\x2f\x2f\x2f\x2f\x2f\x2f\x50\x10\x11", "\x00\x60\x70\x20\x40\x40", "\x00\x01\x02\x2c\x04\x20\x30\x20\x21\x22\x22\x23"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, steps []byte) {
		if len(steps) > 64 {
			return
		}
		client, err := peer.Connect(app.Gate(), "main")
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		defer client.Session.End(isolation.EndBye)
		var (
			mu      sync.Mutex
			models  []*modelled
			ids     []uint32
			emitted int
		)
		emit := func(size int, send func([]byte) error) {
			mu.Lock()
			emitted++
			payload := textOf(strconv.Itoa(emitted) + " " + string(filler[:size]))
			for _, m := range models {
				if !m.over {
					m.emitted = append(m.emitted, emitted)
				}
			}
			mu.Unlock()
			if err := send(payload); err != nil {
				t.Fatal(err)
			}
		}
		credit := func(i int, limit uint64) {
			mu.Lock()
			models[i].granted = max(models[i].granted, limit)
			mu.Unlock()
			if err := client.Send(peer.AppendCredit(nil, ids[i], limit)); err != nil {
				t.Fatal(err)
			}
		}
		for _, step := range steps {
			what, which := step>>4, int(step&15)
			switch {
			case what == 0:
				m := &modelled{granted: isolation.EventWindow}
				id, answer, err := client.Request(func(id uint32) []byte { return peer.AppendListen(nil, id, "notes.changed") }, func(a peer.Answer) {
					mu.Lock()
					defer mu.Unlock()
					if err := m.take(a); err != nil {
						t.Error(err)
					}
				})
				if err != nil {
					t.Fatal(err)
				}
				if _, err = client.Await(t.Context(), answer); err == nil {
					mu.Lock()
					models, ids = append(models, m), append(ids, id)
					mu.Unlock()
					continue
				}
				mu.Lock()
				open := openOf(models)
				mu.Unlock()
				if code(t, err) != CodeBusy || open < 4 {
					t.Fatalf("the page got %v with %d listens", err, open)
				}
			case what == 1 && len(models) > 0:
				i := which % len(models)
				mu.Lock()
				models[i].over, models[i].cut = true, true
				mu.Unlock()
				if err := client.Send(peer.AppendCancel(nil, ids[i])); err != nil {
					t.Fatal(err)
				}
			case what == 2:
				emit(which*which*170, func(p []byte) error { return changed.Emit(text{string(p[len(`{"text":"`) : len(p)-2])}) })
			case what == 3:
				emit(which, func(p []byte) error { return emitFrom(t, client, "notes.changed", "", p) })
			case what == 4 && len(models) > 0:
				i := which % len(models)
				mu.Lock()
				limit := models[i].offset + isolation.EventWindow
				mu.Unlock()
				credit(i, limit)
			case what == 5 && len(models) > 0: // less than there is
				credit(which%len(models), uint64(which))
			case what == 6 && client.LastID() > 0: // for any request, over or no listen at all
				id := 1 + uint32(which)%client.LastID()
				if i := slices.Index(ids, id); i >= 0 {
					credit(i, 1<<50)
				} else if err := client.Send(peer.AppendCredit(nil, id, 1<<50)); err != nil {
					t.Fatal(err)
				}
			}
		}
		for i := range models {
			credit(i, 1<<50)
		}
		emit(0, func([]byte) error { return changed.Emit(text{strconv.Itoa(emitted) + " "}) })
		for end := time.Now().Add(10 * time.Second); ; time.Sleep(100 * time.Microsecond) {
			mu.Lock()
			late := ""
			for i, m := range models {
				if !m.over && m.number != uint64(len(m.emitted)) {
					late = fmt.Sprintf("listen %d has number %d of %d", i, m.number, len(m.emitted))
				}
			}
			mu.Unlock()
			if late == "" {
				return
			}
			if time.Now().After(end) {
				t.Fatal(late)
			}
		}
	})
}

func openOf(models []*modelled) (n int) {
	for _, m := range models {
		if !m.over {
			n++
		}
	}
	return n
}
