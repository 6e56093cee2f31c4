package core

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/internal/peer"
	"github.com/sallyport/sallyport/isolation"
)

// A thing is what pages hold resources of.
type thing struct{ name string }

func (t *thing) Close() error { return nil }

type (
	opening struct {
		Name string `json:"name"`
	}
	opened struct {
		Thing Resource[*thing] `json:"thing"`
	}
	openedOther struct {
		Thing Resource[io.Closer] `json:"thing"`
	}
)

const openCapability = `# METADATA
# custom:
#   windows: ["main", "other"]
package capability.things

allow if startswith(input.command, "things.")
`

// A shelf is an app whose pages open things. Every closed one is noted.
type shelf struct {
	*bench
	mu      sync.Mutex
	closed  []string
	working chan struct{} // one for each things.work that has its thing
	goOn    chan struct{} // lets one of them return
}

func (s *shelf) close(name string) func() {
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.closed = append(s.closed, name)
	}
}

func (s *shelf) closedSoFar() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.closed)
}

func newShelf(t *testing.T, change func(*Config)) *shelf {
	s := &shelf{working: make(chan struct{}, 64), goOn: make(chan struct{})}
	s.bench = newBench(t, func(c *Config) {
		files := testFiles()
		for _, name := range []string{"notes.wait", "notes.fail"} { // are no commands here
			delete(files, "schemas/"+name+".input.json")
		}
		files["capabilities/things.rego"] = &fstest.MapFile{Data: []byte(openCapability)}
		c.Files = files
		if change != nil {
			change(c)
		}
	}, func(b *bench) {
		Command(b.App, "things.open", func(ctx context.Context, a opening) (opened, error) {
			r, err := NewResource(ctx, &thing{a.Name}, s.close(a.Name))
			return opened{r}, Visible(err)
		})
		Command(b.App, "things.name", func(ctx context.Context, a opened) (text, error) {
			x, err := a.Thing.Get(ctx)
			if err != nil {
				return text{}, err
			}
			return text{x.name}, nil
		})
		Command(b.App, "things.other", func(ctx context.Context, a openedOther) (struct{}, error) {
			_, err := a.Thing.Get(ctx)
			return struct{}{}, err
		})
		Command(b.App, "things.close", func(ctx context.Context, a opened) (struct{}, error) {
			return struct{}{}, a.Thing.Close(ctx)
		})
		Command(b.App, "things.work", func(ctx context.Context, a opened) (struct{}, error) {
			_, err := a.Thing.Get(ctx)
			s.working <- struct{}{}
			<-s.goOn
			return struct{}{}, err
		})
		Command(b.App, "things.fail", func(ctx context.Context, a opening) (struct{}, error) {
			if _, err := NewResource(ctx, &thing{a.Name}, s.close(a.Name)); err != nil {
				return struct{}{}, err
			}
			return struct{}{}, errors.New("it fails afterwards")
		})
		Command(b.App, "things.leave", func(ctx context.Context, a opening) (opened, error) {
			r, err := NewResource(ctx, &thing{a.Name}, s.close(a.Name))
			s.working <- struct{}{}
			<-s.goOn
			return opened{r}, err
		})
	})
	return s
}

// open opens a thing and returns the arguments that stand for it.
func (s *shelf) open(t *testing.T, c *peer.Client, name string) []byte {
	t.Helper()
	got, err := c.Call(patient(t), "things.open", []byte(`{"name":"`+name+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func (s *shelf) start(t *testing.T, c *peer.Client, command string, args []byte) <-chan peer.Answer {
	t.Helper()
	answer, err := c.Start(command, args)
	if err != nil {
		t.Fatal(err)
	}
	<-s.working
	return answer
}

func TestC5AHandleIsGoodForItsSessionAndTypeAlone(t *testing.T) {
	s := newShelf(t, nil)
	mine, same, other := s.connect(t, "main"), s.connect(t, "main"), s.connect(t, "other")
	args := s.open(t, mine, "a")
	if got, err := mine.Call(patient(t), "things.name", args); err != nil || string(got) != `{"text":"a"}` {
		t.Fatalf("its own session got %s and %v", got, err)
	}
	closed := s.open(t, mine, "b")
	if _, err := mine.Call(patient(t), "things.close", closed); err != nil {
		t.Fatal(err)
	}
	ended := s.connect(t, "main")
	left := s.open(t, ended, "c")
	ended.Session.End(isolation.EndRevoked)
	for _, test := range []struct {
		name    string
		from    *peer.Client
		command string
		args    []byte
	}{
		{"another session of the window", same, "things.name", args},
		{"another window's", other, "things.name", args},
		{"a type that the value implements", mine, "things.other", args},
		{"a closed one", mine, "things.name", closed},
		{"a closed one closed again", mine, "things.close", closed},
		{"another session closes it", same, "things.close", args},
		{"that of a session which has ended", mine, "things.name", left},
		{"a made-up one", mine, "things.name", []byte(`{"thing":"AAAAAAAAAAAAAAAAAAAAAA"}`)},
	} {
		_, err := test.from.Call(patient(t), test.command, test.args)
		var e *peer.Error
		if !errors.As(err, &e) || e.Code != string(CodeFailed) || e.Message != ErrNoResource.Error() {
			t.Errorf("%s: page got %v, want what it gets of every other", test.name, err)
		}
	}
	if got, err := mine.Call(patient(t), "things.name", args); err != nil || string(got) != `{"text":"a"}` {
		t.Errorf("afterwards its own session got %s and %v", got, err)
	}
	if got := s.closedSoFar(); slices.Contains(got, "a") {
		t.Errorf("%v were closed", got)
	}
}

func TestC9ResourcesOfASessionAreBounded(t *testing.T) {
	s := newShelf(t, func(c *Config) { c.Limits.Resources = 2 })
	c := s.connect(t, "main")
	first := s.open(t, c, "a")
	s.open(t, c, "b")
	for range 3 {
		_, err := c.Call(patient(t), "things.open", []byte(`{"name":"c"}`))
		if code(t, err) != CodeFailed || !strings.Contains(err.Error(), "Limits.Resources") {
			t.Errorf("a third: %v", err)
		}
	}
	s.open(t, s.connect(t, "main"), "another session's")
	if _, err := c.Call(patient(t), "things.close", first); err != nil {
		t.Fatal(err)
	}
	s.open(t, c, "d")
	if got := s.closedSoFar(); !slices.Equal(got, []string{"a"}) {
		t.Errorf("%v were closed, want the first alone: what was refused stays its handler's", got)
	}
}

func TestResourcesAreClosedWithTheirSessionTheNewestFirst(t *testing.T) {
	s := newShelf(t, nil)
	c := s.connect(t, "main")
	for i := range 5 {
		args := s.open(t, c, fmt.Sprint(i))
		if i == 2 {
			if _, err := c.Call(patient(t), "things.close", args); err != nil {
				t.Fatal(err)
			}
		}
	}
	c.Session.End(isolation.EndRevoked)
	await(t, "all are closed", func() bool { return len(s.closedSoFar()) == 5 })
	if got, want := s.closedSoFar(), []string{"2", "4", "3", "1", "0"}; !slices.Equal(got, want) {
		t.Errorf("closed in the order %v, want %v", got, want)
	}
}

func TestWhatACallUsesIsClosedAfterIt(t *testing.T) {
	t.Run("where another call closes it", func(t *testing.T) {
		s := newShelf(t, func(c *Config) { c.Limits.Resources = 1 })
		c := s.connect(t, "main")
		args := s.open(t, c, "a")
		work := s.start(t, c, "things.work", args)
		if _, err := c.Call(patient(t), "things.close", args); err != nil {
			t.Fatal(err)
		}
		if got := s.closedSoFar(); len(got) > 0 {
			t.Errorf("%v is closed under its handler", got)
		}
		if _, err := c.Call(patient(t), "things.name", args); code(t, err) != CodeFailed {
			t.Errorf("its handle is still good: %v", err)
		}
		if _, err := c.Call(patient(t), "things.open", []byte(`{"name":"b"}`)); code(t, err) != CodeFailed {
			t.Errorf("it takes no room any more: %v", err)
		}
		close(s.goOn)
		if _, err := c.Await(patient(t), work); err != nil {
			t.Fatal(err)
		}
		await(t, "it is closed", func() bool { return slices.Equal(s.closedSoFar(), []string{"a"}) })
		await(t, "there is room", func() bool {
			_, err := c.Call(patient(t), "things.open", []byte(`{"name":"b"}`))
			return err == nil
		})
	})
	t.Run("where its session ends, and what was made before it, too", func(t *testing.T) {
		s := newShelf(t, nil)
		c := s.connect(t, "main")
		s.open(t, c, "older")
		args := s.open(t, c, "used")
		s.open(t, c, "newer")
		s.start(t, c, "things.work", args)
		c.Session.End(isolation.EndRevoked)
		await(t, "the newer one is closed", func() bool { return len(s.closedSoFar()) > 0 })
		time.Sleep(20 * time.Millisecond)
		if got := s.closedSoFar(); !slices.Equal(got, []string{"newer"}) {
			t.Errorf("%v are closed while a handler uses another", got)
		}
		close(s.goOn)
		await(t, "all are closed", func() bool { return len(s.closedSoFar()) == 3 })
		if got, want := s.closedSoFar(), []string{"newer", "used", "older"}; !slices.Equal(got, want) {
			t.Errorf("closed in the order %v, want %v", got, want)
		}
	})
	t.Run("where the page gave up long before", func(t *testing.T) {
		s := newShelf(t, nil)
		c := s.connect(t, "main")
		args := s.open(t, c, "a")
		work := s.start(t, c, "things.work", args)
		if err := c.Send(peer.AppendCancel(nil, c.LastID())); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Await(patient(t), work); code(t, err) != CodeCancelled {
			t.Fatal(err)
		}
		if _, err := c.Call(patient(t), "things.close", args); err != nil || len(s.closedSoFar()) > 0 {
			t.Errorf("closed %v under its handler (%v)", s.closedSoFar(), err)
		}
		close(s.goOn)
		await(t, "it is closed", func() bool { return len(s.closedSoFar()) == 1 })
	})
}

func TestC9WhatACallMadeThatDidNotSucceedIsClosedWithIt(t *testing.T) {
	s := newShelf(t, func(c *Config) { c.Limits.Resources = 1 })
	c := s.connect(t, "main")
	for range 3 { // which have room one after the other
		if _, err := c.Call(patient(t), "things.fail", []byte(`{"name":"failed"}`)); code(t, err) != CodeFailed || strings.Contains(err.Error(), "Limits") {
			t.Fatal(err)
		}
		await(t, "no call under way", func() bool { return s.Stats().UnderWay == 0 })
	}
	answer := s.start(t, c, "things.leave", []byte(`{"name":"cancelled"}`))
	if err := c.Send(peer.AppendCancel(nil, c.LastID())); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Await(patient(t), answer); code(t, err) != CodeCancelled {
		t.Fatal(err)
	}
	s.goOn <- struct{}{}
	await(t, "it is closed", func() bool { return len(s.closedSoFar()) == 4 })
	if got, want := s.closedSoFar(), []string{"failed", "failed", "failed", "cancelled"}; !slices.Equal(got, want) {
		t.Errorf("%v are closed, want %v", got, want)
	}
	args := s.open(t, c, "kept")
	if got, err := c.Call(patient(t), "things.name", args); err != nil || string(got) != `{"text":"kept"}` {
		t.Errorf("page got %s and %v", got, err)
	}
}

func TestACloseFunctionThatPanicsOrExitsKeepsNothingFromBeingClosed(t *testing.T) {
	var s *shelf
	var kept Resource[int]
	broken := []func(){
		func() { panic("secret") },
		func() { panic(errors.New("secret")) },
		func() { runtime.Goexit() },
		nil,
	}
	s = newShelf(t, nil)
	c := s.connect(t, "main")
	inCall(t, s.bench, c, func(ctx context.Context) {
		for i, f := range slices.Concat(broken, broken) {
			r, err := NewResource(ctx, i, f)
			if err != nil {
				t.Error(err)
			}
			kept = r
			if _, err := NewResource(ctx, &thing{}, s.close(fmt.Sprint(i))); err != nil {
				t.Error(err)
			}
		}
	})
	inCall(t, s.bench, c, func(ctx context.Context) {
		if err := kept.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	c.Session.End(isolation.EndRevoked)
	await(t, "all are closed", func() bool { return len(s.closedSoFar()) == 8 })
	if log := s.log.String(); strings.Count(log, "close function") != 4 || strings.Contains(log, "secret") {
		t.Errorf("logged %s", log)
	}
}

// inCall runs f in a handler.
func inCall(t *testing.T, b *bench, c *peer.Client, f func(ctx context.Context)) {
	t.Helper()
	value, ok := b.sessions.Load(c.Session)
	if !ok {
		t.Fatal("the session is over")
	}
	s := value.(*session)
	ran := false
	one := &call{session: s, number: 1 << 30, rules: b.policy.Load(), args: textOf("x"), command: &command{name: "notes.touch", limits: b.limits, handler: func(ctx context.Context, _ *Request) (any, error) {
		ran = true
		f(ctx)
		return nil, nil
	}}}
	one.record = s.newRecord(one.number, one.command)
	one.context.session, one.context.call, one.context.app = s.link.Context(), one, b.App
	if refused := one.limit(time.Now()); refused != nil {
		t.Fatal(refused.reason)
	}
	one.serve()
	if !ran {
		t.Fatal("the handler did not run")
	}
}

func TestC7AResourceNeedsAHandlersContext(t *testing.T) {
	s := newShelf(t, nil)
	c := s.connect(t, "main")
	var (
		r     Resource[int]
		after context.Context
	)
	inCall(t, s.bench, c, func(ctx context.Context) {
		var err error
		if r, err = NewResource(ctx, 7, nil); err != nil {
			t.Error(err)
		}
		derived, cancel := context.WithCancel(ctx)
		defer cancel()
		if got, err := r.Get(derived); got != 7 || err != nil {
			t.Errorf("a derived context: %d and %v", got, err)
		}
		if _, err := (Resource[int]{}).Get(ctx); err != ErrNoResource {
			t.Errorf("a zero Resource: %v", err)
		}
		after = ctx
	})
	for name, ctx := range map[string]context.Context{"no handler's": context.Background(), "of a call that is over": after} {
		if got, err := r.Get(ctx); got != 0 || err == nil {
			t.Errorf("%s: Get is %d and %v", name, got, err)
		}
		if err := r.Close(ctx); err == nil {
			t.Errorf("%s: Close is no error", name)
		}
		if _, err := NewResource(ctx, 1, func() { t.Error("closed after an error") }); err == nil {
			t.Errorf("%s: NewResource is no error", name)
		}
	}
	inCall(t, s.bench, c, func(ctx context.Context) {
		if got, err := r.Get(ctx); got != 7 || err != nil {
			t.Errorf("the next call: %d and %v", got, err)
		}
		c.Session.End(isolation.EndRevoked)
		if _, err := r.Get(ctx); err != ErrNoResource {
			t.Errorf("after the session's end: %v", err)
		}
		if _, err := NewResource(ctx, 1, func() { t.Error("closed after an error") }); err == nil {
			t.Error("a session that has ended got a resource")
		}
	})
}

func TestC6AHandleIsInNoLog(t *testing.T) {
	r := Resource[*thing]{handle{1, 2, 3}}
	text, err := r.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "a", r, "b", &r)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "a", r, "b", &r)
	for _, form := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		fmt.Fprintf(&log, form+form, r, opened{r})
	}
	if all := log.String(); strings.Contains(all, string(text)) || strings.Contains(all, "1, 2, 3") || strings.Contains(all, "1 2 3") {
		t.Errorf("the handle is in %s", all)
	}
}

func TestAHandleIsExactlyOneText(t *testing.T) {
	for text, fits := range map[string]bool{
		"AAAAAAAAAAAAAAAAAAAAAA":   true,
		"-_zzzzzzzzzzzzzzzzzzzw":   true,
		"AAAAAAAAAAAAAAAAAAAAAB":   false, // bits beyond the last
		"AAAAAAAAAAAAAAAAAAAAA":    false,
		"AAAAAAAAAAAAAAAAAAAAAAA":  false,
		"AAAAAAAAAAAAAAAAAAAAAA==": false,
		"AAAAAAAAAA\nAAAAAAAAAAAA": false,
		"AAAAAAAAAAAAAAAAAAAAA\n":  false,
		"+/AAAAAAAAAAAAAAAAAAAA":   false,
		"":                         false,
	} {
		var r Resource[int]
		err := r.UnmarshalText([]byte(text))
		if (err == nil) != fits {
			t.Errorf("%q: %v", text, err)
		}
		if again, _ := json.Marshal(r); fits && r.handle != (handle{}) && string(again) != `"`+text+`"` {
			t.Errorf("%q became %s", text, again)
		}
	}
	if _, err := json.Marshal(Resource[int]{}); err == nil {
		t.Error("a zero Resource has a handle")
	}
}

func TestACommandWithResourcesHasASchemaForTheirHandles(t *testing.T) {
	s := newShelf(t, nil)
	c := s.connect(t, "main")
	s.open(t, c, "a")
	for name, args := range map[string]string{"a text that is none": `{"thing":"x"}`, "a number": `{"thing":1}`, "null": `{"thing":null}`, "none": `{}`} {
		if _, err := c.Call(patient(t), "things.name", []byte(args)); code(t, err) != CodeInvalidArgs {
			t.Errorf("%s: page got %v", name, err)
		}
		r := s.find(t, func(r audits.Record) bool { return r.Code == string(CodeInvalidArgs) })
		if r.Stage != audits.StageSchema {
			t.Errorf("%s: refused in stage %s", name, r.Stage)
		}
	}
}

func TestShutdownWaitsUntilResourcesAreClosed(t *testing.T) {
	s := newShelf(t, nil)
	c := s.connect(t, "main")
	closing, closed := make(chan struct{}), make(chan struct{})
	inCall(t, s.bench, c, func(ctx context.Context) {
		if _, err := NewResource(ctx, 1, func() { close(closing); time.Sleep(50 * time.Millisecond); close(closed) }); err != nil {
			t.Error(err)
		}
	})
	if err := s.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	select {
	case <-closed:
	default:
		t.Error("Shutdown has returned, and the resource is not closed")
	}
}

func TestShutdownSaysThatAResourceDoesNotClose(t *testing.T) {
	s := newShelf(t, nil)
	c := s.connect(t, "main")
	stuck := make(chan struct{})
	inCall(t, s.bench, c, func(ctx context.Context) {
		if _, err := NewResource(ctx, 1, func() { <-stuck }); err != nil {
			t.Error(err)
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := s.Shutdown(ctx); err == nil || !strings.Contains(err.Error(), "close function") {
		t.Errorf("Shutdown: %v", err)
	}
	close(stuck)
}

// Calls that open, use and close things race with each other and with the end of
// their session: each thing is closed once, and never while it is used.
func TestC9ResourcesUnderLoad(t *testing.T) {
	s := newShelf(t, nil)
	type counted struct {
		mu     sync.Mutex
		users  int
		closed int
	}
	var all []*counted
	for range 20 {
		c := s.connect(t, "main")
		var handles [8]Resource[*counted]
		inCall(t, s.bench, c, func(ctx context.Context) {
			for i := range handles {
				x := new(counted)
				all = append(all, x)
				r, err := NewResource(ctx, x, func() {
					x.mu.Lock()
					defer x.mu.Unlock()
					if x.closed++; x.users > 0 {
						t.Error("closed while it is used")
					}
				})
				if err != nil {
					t.Error(err)
				}
				handles[i] = r
			}
		})
		var done sync.WaitGroup
		for worker := range 8 {
			done.Go(func() {
				inSession(s.bench, c, func(ctx context.Context) {
					for i := range handles {
						r := handles[(i+worker)%len(handles)]
						x, err := r.Get(ctx)
						if err != nil {
							continue
						}
						x.mu.Lock()
						x.users++
						if x.closed > 0 {
							t.Error("got what is closed")
						}
						x.mu.Unlock()
						defer func() { // the handler is over with all of them
							x.mu.Lock()
							x.users--
							x.mu.Unlock()
						}()
					}
				})
				inSession(s.bench, c, func(ctx context.Context) { _ = handles[worker].Close(ctx) }) // it may be over
			})
		}
		done.Go(func() { c.Session.End(isolation.EndRevoked) })
		done.Wait()
	}
	for i, x := range all {
		await(t, "it is closed", func() bool { x.mu.Lock(); defer x.mu.Unlock(); return x.closed > 0 })
		if x.closed != 1 {
			t.Errorf("%d was closed %d times", i, x.closed)
		}
	}
}

// inSession runs f in a handler, if the session still takes one.
func inSession(b *bench, c *peer.Client, f func(ctx context.Context)) {
	value, ok := b.sessions.Load(c.Session)
	if !ok {
		return
	}
	s := value.(*session)
	one := &call{session: s, number: 1 << 30, command: &command{name: "notes.touch", limits: b.limits}}
	one.context.session, one.context.call, one.context.app = s.link.Context(), one, b.App
	b.work.enter()
	f(&one.context)
	one.delivered = true
	one.release()
}

func TestAResourcesKeyIsItsExactType(t *testing.T) {
	type alike thing
	keys := []resourceKey{Resource[thing]{}.key(), Resource[*thing]{}.key(), Resource[alike]{}.key(), Resource[io.Closer]{}.key(), Resource[any]{}.key()}
	for i, a := range keys {
		for _, b := range keys[i+1:] {
			if a == b {
				t.Errorf("%v and %v are one", a.of, b.of)
			}
		}
	}
	if keys[3].of != reflect.TypeFor[io.Closer]() {
		t.Errorf("an interface is kept as %v", keys[3].of)
	}
}

// Both goroutines are through at once, as often as not.
func TestWhatAHandlerLeavesBehindUsesNoResourceAfterIt(t *testing.T) {
	s := newShelf(t, nil)
	c := s.connect(t, "main")
	closed := new(atomic.Int32)
	var left sync.WaitGroup
	const all = 300
	for range all {
		var r Resource[int]
		inCall(t, s.bench, c, func(ctx context.Context) {
			var err error
			if r, err = NewResource(ctx, 7, func() { closed.Add(1) }); err != nil {
				t.Error(err)
			}
		})
		inSession(s.bench, c, func(ctx context.Context) {
			began := make(chan bool)
			left.Go(func() {
				close(began)
				for {
					if _, err := r.Get(ctx); err != nil {
						return
					}
					_ = r.Close(ctx)
				}
			})
			<-began
		})
		inCall(t, s.bench, c, func(ctx context.Context) { _ = r.Close(ctx) })
	}
	left.Wait()
	if closed.Load() != all {
		t.Errorf("closed %d of %d", closed.Load(), all)
	}
}
