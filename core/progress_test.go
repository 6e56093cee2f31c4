package core

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/peer"
	"github.com/sallyport/sallyport/isolation"
)

// A watcher sees all that comes back of one call, in order.
type watcher struct {
	mu  sync.Mutex
	got []peer.Answer
}

func (w *watcher) seen() []peer.Answer {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]peer.Answer(nil), w.got...)
}

// watch sends a call and notes all items of the core's.
func (b *bench) watch(t *testing.T, wants isolation.Wants) (*watcher, *isolation.Session, func(items []byte)) {
	t.Helper()
	p, s, answers := b.shakeHands(t)
	w := new(watcher)
	over := make(chan struct{})
	t.Cleanup(func() { close(over) })
	go func() {
		for {
			select {
			case a := <-answers:
				w.mu.Lock()
				w.got = append(w.got, a)
				w.mu.Unlock()
			case <-over:
				return
			}
		}
	}()
	send := func(items []byte) {
		if !s.Deliver(p.Seal(isolation.TypeBatch, items)) {
			t.Error("discarded")
		}
	}
	send(peer.Call{ID: 1, Wants: wants, Command: "notes.wait", JSON: textOf("x")}.Append(nil))
	return w, s, send
}

func progressBench(t *testing.T, handler func(ctx context.Context)) *bench {
	return newBench(t, nil, func(b *bench) {
		Command(b.App, "notes.wait", func(ctx context.Context, _ text) (struct{}, error) {
			handler(ctx)
			return struct{}{}, nil
		})
		Command(b.App, "notes.fail", func(context.Context, text) (struct{}, error) { return struct{}{}, nil })
	})
}

func (w *watcher) await(t *testing.T, kind byte) {
	t.Helper()
	await(t, "an item of that kind", func() bool {
		for _, a := range w.seen() {
			if a.Kind == kind {
				return true
			}
		}
		return false
	})
}

func TestC9ReportsAreFarApartAndTheLastComesBeforeTheAnswer(t *testing.T) {
	const reports = 20000
	b := progressBench(t, func(ctx context.Context) {
		r := Progress(ctx)
		began := time.Now()
		for i := range int64(reports) {
			r.Report(i+1, reports, fmt.Sprint("file ", i+1))
			if i%100 == 0 && time.Since(began) < 300*time.Millisecond {
				time.Sleep(2 * time.Millisecond)
			}
		}
	})
	began := time.Now()
	w, _, _ := b.watch(t, isolation.WantsProgress)
	w.await(t, peer.Result)
	got := w.seen()
	if most := 3 + int(time.Since(began)/progressEvery); len(got) < 4 || len(got) > most {
		t.Errorf("%d items came in %v, want at most %d", len(got), time.Since(began), most)
	}
	for i, a := range got[:len(got)-1] {
		if a.Kind != peer.Progress || a.ID != 1 || i > 0 && a.Offset <= got[i-1].Offset {
			t.Errorf("item %d is %+v", i, a)
		}
	}
	if last := got[len(got)-2]; last.Offset != reports || last.Number != reports || last.Text != fmt.Sprint("file ", reports) {
		t.Errorf("the last report before the answer is %+v", last)
	}
}

func TestNothingIsReportedThatNobodyAskedFor(t *testing.T) {
	Progress(context.Background()).Report(1, 2, "x")
	new(Reporter).Report(1, 2, "x")
	var allocated float64
	b := progressBench(t, func(ctx context.Context) {
		Progress(ctx).Report(1, 2, "x")
		allocated = testing.AllocsPerRun(100, func() { Progress(ctx).Report(1, 2, "x") })
	})
	w, _, _ := b.watch(t, 0)
	w.await(t, peer.Result)
	time.Sleep(2 * progressEvery)
	if got := w.seen(); len(got) != 1 || allocated > 1 {
		t.Errorf("page got %+v; %v allocations for nothing", got, allocated)
	}
}

func TestC8NothingIsReportedAfterTheAnswer(t *testing.T) {
	for name, end := range map[string]func(send func([]byte)){
		"a result": func(func([]byte)) {},
		"a cancelled call, whose handler goes on": func(send func([]byte)) { send(peer.AppendCancel(nil, 1)) },
	} {
		t.Run(name, func(t *testing.T) {
			var goOn, done sync.WaitGroup
			goOn.Add(1)
			returned, cancelled := make(chan struct{}), name != "a result"
			b := progressBench(t, func(ctx context.Context) {
				Progress(ctx).Report(1, 0, "first")
				late := func() {
					goOn.Wait()
					Progress(ctx).Report(2, 0, "late")
				}
				done.Add(4)
				for range 3 {
					r := Progress(ctx)
					go func() { defer done.Done(); late(); r.Report(3, 0, "late") }()
				}
				if cancelled {
					<-ctx.Done()
					late()
				}
				done.Done()
				close(returned)
			})
			w, _, send := b.watch(t, isolation.WantsProgress)
			w.await(t, peer.Progress)
			end(send)
			answer := byte(peer.Result)
			if cancelled {
				answer = peer.Failure
			}
			w.await(t, answer)
			goOn.Done()
			<-returned
			done.Wait()
			time.Sleep(2 * progressEvery)
			if got := w.seen(); len(got) != 2 || got[0].Kind != peer.Progress || got[1].Kind != answer {
				t.Errorf("page got %+v", got)
			}
		})
	}
}

// A handler that never reported anything before its answer can't begin then.
func TestC8NobodyBeginsToReportAfterTheAnswer(t *testing.T) {
	var kept context.Context
	b := progressBench(t, func(ctx context.Context) { kept = ctx })
	w, _, _ := b.watch(t, isolation.WantsProgress)
	w.await(t, peer.Result)
	Progress(kept).Report(1, 2, "late")
	time.Sleep(2 * progressEvery)
	if got := w.seen(); len(got) != 1 {
		t.Errorf("page got %+v", got)
	}
}

func TestC9ReportsDoNotPileUpForAPageThatDoesNotRead(t *testing.T) {
	var sent, returned = make(chan struct{}), make(chan struct{})
	b := progressBench(t, func(ctx context.Context) {
		r := Progress(ctx)
		defer close(returned)
		for i := int64(0); ; i++ {
			r.Report(i, 0, strings.Repeat("x", 300))
			time.Sleep(time.Millisecond)
			select {
			case <-sent:
				return
			default:
			}
		}
	})
	offer, err := b.Gate().Offer("main", isolation.Direct)
	if err != nil {
		t.Fatal(err)
	}
	p, hello, err := peer.New(offer.Handshake())
	if err != nil {
		t.Fatal(err)
	}
	stuck, goOn := make(chan struct{}), make(chan struct{})
	var mu sync.Mutex
	var got []peer.Answer
	var once sync.Once
	session, err := offer.Accept(hello, func(frame []byte) error {
		kind, plain, err := p.Open(frame)
		if err != nil || kind != isolation.TypeBatch {
			return err
		}
		once.Do(func() { close(stuck); <-goOn })
		items, err := peer.Answers(plain)
		mu.Lock()
		defer mu.Unlock()
		got = append(got, items...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if !session.Deliver(p.Seal(isolation.TypeBatch, peer.Call{ID: 1, Wants: isolation.WantsProgress, Command: "notes.wait", JSON: textOf("x")}.Append(nil))) {
		t.Fatal("discarded")
	}
	<-stuck
	time.Sleep(10 * progressEvery)
	close(sent)
	<-returned // although nobody reads
	close(goOn)
	await(t, "the answer", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(got) > 0 && got[len(got)-1].Kind == peer.Result
	})
	mu.Lock()
	defer mu.Unlock()
	if len(got) > 4 { // the one that was stuck, the one behind it, the last one, the answer
		t.Errorf("%d items waited for the page", len(got))
	}
}

func TestWhatIsReportedFitsItsItem(t *testing.T) {
	reports := []struct {
		done, total         int64
		text                string
		wantDone, wantTotal uint64
		want                string
	}{
		{1, 2, "half", 1, 2, "half"},
		{-1, -5, "", 0, 0, ""},
		{1<<63 - 1, 1 << 53, "many", 1<<53 - 1, 1<<53 - 1, "many"},
		{3, 2, strings.Repeat("x", 300), 3, 2, strings.Repeat("x", 255)},
		{1, 2, strings.Repeat("x", 254) + "é", 1, 2, strings.Repeat("x", 254)},
		{1, 2, strings.Repeat("€", 200), 1, 2, strings.Repeat("€", 85)},
		{1, 2, "a\xffb", 1, 2, "a\uFFFDb"},
		{1, 2, strings.Repeat("\xffx", 200), 1, 2, strings.Repeat("\uFFFDx", 63) + "\uFFFD"},
	}
	for _, test := range reports {
		b := progressBench(t, func(ctx context.Context) { Progress(ctx).Report(test.done, test.total, test.text) })
		w, _, _ := b.watch(t, isolation.WantsProgress)
		w.await(t, peer.Result)
		got := w.seen()[0]
		if got.Kind != peer.Progress || got.Offset != test.wantDone || got.Number != test.wantTotal || got.Text != test.want || !utf8.ValidString(got.Text) {
			t.Errorf("%d of %d, %.20q: page got %+v", test.done, test.total, test.text, got)
		}
	}
}

func TestReportsOfManyGoroutinesAreOneCalls(t *testing.T) {
	b := progressBench(t, func(ctx context.Context) {
		var all sync.WaitGroup
		for i := range int64(16) {
			all.Go(func() {
				for range 200 {
					Progress(ctx).Report(i, 16, "x")
				}
			})
		}
		all.Wait()
		Progress(ctx).Report(16, 16, "done")
	})
	w, _, _ := b.watch(t, isolation.WantsProgress)
	w.await(t, peer.Result)
	got := w.seen()
	if last := got[len(got)-2]; len(got) > 6 || last.Text != "done" {
		t.Errorf("page got %d items, the last report %+v", len(got), last)
	}
}
