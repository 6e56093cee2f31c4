package attacks

import (
	"context"
	"encoding/hex"
	"errors"
	"strings"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/core"
	"github.com/sallyport/sallyport/schema"
)

// A text is what calls, items and events carry here. Items and payloads begin with the
// label of the window that means to send them, so that a handler which gets
// another's knows.
type text struct {
	Text string `json:"text"`
}

type empty struct{}

// A heard event is one that a listener of the core got.
type heard struct{ Event, Window, Session, Text string }

// registerStreams gives the app its commands that stream.
func (l *lab) registerStreams() {
	type sum struct {
		Items int `json:"items"`
		Bytes int `json:"bytes"`
	}
	// What has arrived ends with a note of how it ended.
	take := func(ctx context.Context, s *core.Channel[text, core.None]) (got sum, err error) {
		l.note(ctx, "begun")
		defer func() { l.note(ctx, "ended: "+ending(err)) }()
		for item, err := range s.All() {
			if err != nil {
				return got, err
			}
			l.judgeItem(ctx, item.Text)
			got.Items++
			got.Bytes += len(item.Text)
		}
		return got, nil
	}
	for _, name := range []string{"take", "editor.take"} {
		core.Stream(l.app, name, func(ctx context.Context, _ empty, s *core.Channel[text, core.None]) (sum, error) { return take(ctx, s) })
	}
	// feed sends so many items, or as many as are wanted if that is 0.
	type order struct {
		Items int `json:"items"`
		Size  int `json:"size"`
	}
	type numbered struct {
		N    int    `json:"n"`
		Fill string `json:"fill"`
	}
	core.Stream(l.app, "feed", func(ctx context.Context, a order, s *core.Channel[core.None, numbered]) (got sum, err error) {
		l.note(ctx, "begun")
		defer func() { l.note(ctx, "ended: "+ending(err)) }()
		fill := strings.Repeat("x", min(a.Size, 64<<10))
		for ; a.Items == 0 || got.Items < a.Items; got.Items++ {
			if err := s.Send(numbered{got.Items + 1, fill}); err != nil {
				return got, err
			}
			l.fed.Add(1)
			got.Bytes += len(fill)
		}
		return got, nil
	})
	core.Stream(l.app, "swallow", func(ctx context.Context, _ empty, s *core.Channel[[]byte, core.None]) (got sum, err error) {
		l.note(ctx, "begun")
		defer func() { l.note(ctx, "ended: "+ending(err)) }()
		for piece, err := range s.All() {
			if err != nil {
				return got, err
			}
			got.Items++
			got.Bytes += len(piece)
		}
		return got, nil
	})
	// copy gives back what it gets, and says how far it is.
	core.Stream(l.app, "copy", func(ctx context.Context, a struct {
		Total int64 `json:"total"`
	}, s *core.Channel[[]byte, []byte]) (got sum, err error) {
		l.note(ctx, "begun")
		defer func() { l.note(ctx, "ended: "+ending(err)) }()
		for piece, err := range s.All() {
			if err != nil {
				return got, err
			}
			if err := s.Send(piece); err != nil {
				return got, err
			}
			got.Items++
			got.Bytes += len(piece)
			core.Progress(ctx).Report(int64(got.Bytes), a.Total, "copying")
		}
		return got, nil
	})
	// idle reads nothing at all.
	core.Stream(l.app, "idle", func(ctx context.Context, _ empty, s *core.Channel[text, text]) (empty, error) {
		l.note(ctx, "begun")
		defer l.note(ctx, "ended")
		<-ctx.Done()
		return empty{}, ctx.Err()
	})
}

// registerEvents declares the app's events, each of which the core hears. What
// core.storm emits comes from the core itself.
func (l *lab) registerEvents() {
	emit := map[string]func(text) error{}
	for _, name := range []string{"note", "news", "secret", "closed.to.all"} {
		event := core.Event[text](l.app, name)
		emit[name] = event.Emit
		event.Listen(func(_ context.Context, r core.Received[text]) {
			if r.Window == "" {
				return // the core's own
			}
			l.mu.Lock()
			defer l.mu.Unlock()
			l.heardOf = append(l.heardOf, heard{r.Event, r.Window, r.Session, r.Payload.Text})
		})
	}
	core.Command(l.app, "storm", func(ctx context.Context, a struct {
		Event string `json:"event"`
		Times int    `json:"times"`
		Size  int    `json:"size"`
	}) (empty, error) {
		l.note(ctx, a.Event)
		fill := strings.Repeat("x", min(a.Size, 16<<10))
		for range min(a.Times, 1_000_000) {
			if ctx.Err() != nil {
				return empty{}, ctx.Err()
			}
			if err := emit[a.Event](text{fill}); err != nil {
				return empty{}, err
			}
		}
		return empty{}, nil
	})
}

// registerBytes gives the app a command that takes raw bytes and says what it
// got.
func (l *lab) registerBytes() {
	type parts struct {
		Data []byte      `json:"data"`
		Blob schema.Blob `json:"blob"`
	}
	core.Command(l.app, "bytes", func(ctx context.Context, a parts) (text, error) {
		got := hex.EncodeToString(a.Data[:min(8, len(a.Data))]) + " " + a.Blob.Type + " " + hex.EncodeToString(a.Blob.Bytes[:min(8, len(a.Blob.Bytes))])
		l.note(ctx, got)
		return text{got}, nil
	})
}

// ending is how a stream ended for its handler.
func ending(err error) string {
	switch {
	case err == nil:
		return "complete"
	case errors.Is(err, core.ErrAborted):
		return "aborted"
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return "cancelled"
	}
	return err.Error()
}

// judgeItem fails for an item that another window meant to send.
func (l *lab) judgeItem(ctx context.Context, item string) {
	who, err := core.Caller(ctx)
	if err != nil {
		l.t.Error(err)
	}
	if from, _, _ := strings.Cut(item, ":"); from != who.Window {
		l.t.Errorf("%s of %s got the item %.100q", who.Command, who.Window, item)
	}
}

// judgeEvents wants each event that the core heard to be one that was emitted by
// permission, by the very window that it is said to be from.
func (l *lab) judgeEvents() {
	type source struct{ event, window, session string }
	allowed := map[source]int{}
	for _, r := range l.record.Records() {
		if r.Kind == audits.KindDecision && r.Verdict == audits.VerdictAllow && r.Command == "sallyport:emit" && r.Target == "" {
			allowed[source{r.Event, r.Window, r.Session}]++
		}
	}
	for _, h := range l.heardBy("") {
		if s := (source{h.Event, h.Window, h.Session}); allowed[s] == 0 {
			l.t.Errorf("%+v was heard, and is not on record as emitted", h)
		} else {
			allowed[s]--
		}
		if from, _, _ := strings.Cut(h.Text, ":"); from != h.Window || h.Event != "note" && h.Window != "editor" {
			l.t.Errorf("%.200v was heard", h)
		}
	}
}

// heardBy are the events that the core has heard of a window, or of all.
func (l *lab) heardBy(window string) []heard {
	l.mu.Lock()
	defer l.mu.Unlock()
	var some []heard
	for _, h := range l.heardOf {
		if window == "" || h.Window == window {
			some = append(some, h)
		}
	}
	return some
}
