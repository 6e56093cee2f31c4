package core

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/sallyport/sallyport/internal/peer"
	"github.com/sallyport/sallyport/isolation"
)

const both = isolation.WantsItems | isolation.WantsUpload

// streamFiles allow main every command, and bound what notes.stream streams.
func streamFiles() fstest.MapFS {
	f := testFiles()
	f["capabilities/notes.rego"] = &fstest.MapFile{Data: []byte("# METADATA\n# custom:\n#   windows: [\"main\"]\npackage capability.notes\n\nallow if input.command\n")}
	delete(f, "schemas/notes.wait.input.json")
	delete(f, "schemas/notes.fail.input.json")
	f["schemas/notes.stream.upload.json"] = &fstest.MapFile{Data: []byte(textArgs)}
	f["schemas/notes.stream.channel.json"] = &fstest.MapFile{Data: []byte(textArgs)}
	return f
}

// streamBench has one command that streams both ways.
func streamBench(t testing.TB, change func(*Config), fn func(ctx context.Context, a text, s *Channel[text, text]) (text, error)) *bench {
	return newBench(t, func(c *Config) {
		c.Files = streamFiles()
		if change != nil {
			change(c)
		}
	}, func(b *bench) {
		Stream(b.App, "notes.stream", func(ctx context.Context, a text, s *Channel[text, text]) (text, error) {
			b.ran(ctx)
			return fn(ctx, a, s)
		})
	})
}

// A flow is a call with streams as its frame sees it.
type flow struct {
	t      testing.TB
	c      *peer.Client
	id     uint32
	answer <-chan peer.Answer
	offset uint64 // of the next item that it uploads

	mu     sync.Mutex
	items  []string
	bytes  uint64 // where the next item of the core begins
	credit uint64 // for what is uploaded
	ended  bool
	gap    bool
	news   chan struct{}
}

// stream begins a call.
func stream(t testing.TB, c *peer.Client, call peer.Call) *flow {
	t.Helper()
	f := &flow{t: t, c: c, credit: isolation.StreamWindow, news: make(chan struct{}, 1)}
	if call.JSON == nil {
		call.JSON = textOf("x")
	}
	if call.Command == "" {
		call.Command = "notes.stream"
	}
	var err error
	f.id, f.answer, err = c.Request(func(id uint32) []byte {
		call.ID = id
		return call.Append(nil)
	}, f.take)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// take is what the frame does with an item of the core.
func (f *flow) take(a peer.Answer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch a.Kind {
	case peer.StreamItem:
		var item text
		if json.Unmarshal(a.JSON, &item) != nil || a.Offset != f.bytes || f.ended {
			f.gap = true
		}
		f.items = append(f.items, item.Text)
		f.bytes += uint64(a.Size)
	case peer.End:
		f.ended = true
		f.gap = f.gap || a.Offset != f.bytes
	case peer.Credit:
		f.gap = f.gap || a.Offset <= f.credit
		f.credit = a.Offset
	}
	select {
	case f.news <- struct{}{}:
	default:
	}
}

// until waits until a condition holds of what has come.
func (f *flow) until(what string, holds func() bool) {
	f.t.Helper()
	await(f.t, what, func() bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		return holds()
	})
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.gap {
		f.t.Error("what the core sent has a gap, or goes on after its end")
	}
}

// upload sends an item.
func (f *flow) upload(s string) {
	f.t.Helper()
	item := peer.AppendUpload(nil, f.id, f.offset, textOf(s))
	f.offset += uint64(len(item))
	f.send(item)
}

func (f *flow) end() { f.t.Helper(); f.send(peer.AppendEnd(nil, f.id, f.offset, false)) }

// read gives credit for all that has come.
func (f *flow) read() {
	f.t.Helper()
	f.mu.Lock()
	limit := f.bytes + isolation.StreamWindow
	f.mu.Unlock()
	f.send(peer.AppendCredit(nil, f.id, limit))
}

func (f *flow) send(items []byte) {
	f.t.Helper()
	if err := f.c.Send(items); err != nil {
		f.t.Fatal(err)
	}
}

// result waits for the answer.
func (f *flow) result() (string, error) {
	f.t.Helper()
	text, err := f.c.Await(patient(f.t), f.answer)
	return string(text), err
}

// survives reports whether a session is still there after a short while.
func survives(t testing.TB, c *peer.Client) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	_, err := c.Call(ctx, "notes.touch", textOf("x"))
	return err == nil
}
