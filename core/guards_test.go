package core

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/internal/peer"
	"github.com/sallyport/sallyport/isolation"
	"github.com/sallyport/sallyport/schema"
)

func TestC9ACallThatIsRefusedForItsCommandCostsItsSessionNothing(t *testing.T) {
	b, ended, release := waitBench(t, func(c *Config) {
		c.Limits.Concurrency = 2
		c.CommandLimits = map[string]Limits{"notes.wait": {Concurrency: 1}}
	})
	close(release)
	c := b.connect(t, "main")
	if _, err := c.Start("notes.wait", textOf("x")); err != nil {
		t.Fatal(err)
	}
	<-b.runs
	for range 3 {
		if _, err := c.Call(patient(t), "notes.wait", textOf("x")); code(t, err) != CodeBusy {
			t.Errorf("page got %v", err)
		}
	}
	if _, err := c.Call(patient(t), "notes.touch", textOf("x")); err != nil {
		t.Errorf("the session's own place is gone: %v", err)
	}
	c.Session.End(isolation.EndRevoked)
	<-ended
}

// A budget with handlers at work is no new one, however long ago its calls
// were: else two frames that end one after the other would shake them off.
func TestC9ABudgetWithHandlersAtWorkIsNotForgotten(t *testing.T) {
	l := Limits{}.withDefaults()
	w := newWindow("main", "", (&App{}).all())
	busy, other := w.borrow(l), w.borrow(l)
	if !busy.enter(1, l.Concurrency, l.PendingBytes) {
		t.Fatal("no room")
	}
	later := time.Now().Add(time.Hour)
	w.giveBack(busy, later)
	w.giveBack(other, later)
	if w.borrow(l); w.borrow(l) != busy {
		t.Error("it was forgotten")
	}
}

func TestC9CancellationsOfCallsThatNeverComeAreFew(t *testing.T) {
	b := newBench(t, nil, nil)
	c := b.connect(t, "main")
	if _, err := c.Call(patient(t), "notes.touch", textOf("x")); err != nil {
		t.Fatal(err)
	}
	send := func(first, count uint32) {
		t.Helper()
		var batch []byte
		for i := range count {
			batch = peer.AppendCancel(batch, first+i)
		}
		if err := c.Send(batch); err != nil {
			t.Fatal(err)
		}
	}
	early := func() int {
		value, _ := b.sessions.Load(c.Session)
		s := value.(*session)
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.early)
	}
	send(1, 1) // over long ago
	if n := early(); n != 0 {
		t.Errorf("%d cancellations of calls that are over are remembered", n)
	}
	send(2, 1)
	if _, err := c.Call(patient(t), "notes.touch", textOf("x")); code(t, err) != CodeCancelled {
		t.Errorf("page got %v", err)
	}
	if n := early(); n != 0 {
		t.Errorf("%d cancellations are remembered after their call", n)
	}
	for i := range uint32(4) {
		send(1000+i*isolation.MaxItems, isolation.MaxItems)
	}
	if n := early(); n != maxEarly {
		t.Errorf("%d early cancellations are remembered, want %d", n, maxEarly)
	}
}

func TestC9ARecorderThatHangsHoldsABoundedNumberOfRefusals(t *testing.T) {
	stop := make(chan struct{})
	b := newBench(t, func(c *Config) {
		c.Record = keeper{decide: func(*audits.Record) error { <-stop; return nil }}
		c.Limits.CallsPerSecond, c.Limits.Burst = 0.001, 1
	}, nil)
	c := b.connect(t, "main")
	value, _ := b.sessions.Load(c.Session)
	s := value.(*session)
	s.budget.noise.SetLimit(1e9) // as a long flood would have it
	s.budget.noise.SetBurst(1e9)
	before := runtime.NumGoroutine()
	for i := range uint32(2 * noiseAtOnce / isolation.MaxItems) {
		if err := c.Send(calls(1+i*isolation.MaxItems, isolation.MaxItems, "notes.touch")); err != nil {
			t.Fatal(err)
		}
	}
	if n := runtime.NumGoroutine() - before; n > noiseAtOnce+8 {
		t.Errorf("%d goroutines wait for the recorder", n)
	}
	close(stop)
}

// The outcome is written before the answer. A page that cancels meanwhile has
// its answer already and gets no other.
func TestACallThatIsCancelledWhileItsOutcomeIsRecordedIsAnsweredOnce(t *testing.T) {
	ending, ended := make(chan struct{}), make(chan struct{})
	var writing atomic.Bool
	b := newBench(t, func(c *Config) {
		c.Record = keeper{outcome: func(*audits.Record) error {
			if writing.CompareAndSwap(false, true) {
				close(ending)
				<-ended
			}
			return nil
		}}
	}, nil)
	p, session, answers := b.shakeHands(t)
	session.Deliver(p.Seal(isolation.TypeBatch, peer.AppendCall(nil, 1, 0, "notes.touch", textOf("x"))))
	<-ending
	session.Deliver(p.Seal(isolation.TypeBatch, peer.AppendCancel(nil, 1)))
	if a := <-answers; a.ID != 1 || !a.Failed {
		t.Errorf("first answer is %+v", a)
	}
	close(ended)
	await(t, "no call under way", func() bool { return b.Stats().UnderWay == 0 })
	session.Deliver(p.Seal(isolation.TypeBatch, peer.AppendCall(nil, 2, 0, "notes.touch", textOf("x"))))
	if a := <-answers; a.ID != 2 {
		t.Errorf("another answer: %+v", a)
	}
}

func TestC10ADecisionThatCanNotBeRecordedIsTriedOnce(t *testing.T) {
	var tries atomic.Int32
	b := newBench(t, func(c *Config) {
		c.Record = keeper{decide: func(*audits.Record) error { tries.Add(1); return errors.New("disk full") }}
	}, nil)
	if _, err := b.connect(t, "main").Call(patient(t), "notes.touch", textOf("x")); code(t, err) != CodeUnavailable {
		t.Errorf("page got %v", err)
	}
	if n := tries.Load(); n != 1 {
		t.Errorf("%d tries", n)
	}
}

// quoting is an argument whose error repeats what the page sent.
type quoting struct{}

func (*quoting) UnmarshalValue(v schema.Value) error {
	return errors.New("no such thing as " + v.Text())
}

func TestWhatAnUnmarshalerSaysStaysOutOfTheLog(t *testing.T) {
	for _, development := range []bool{false, true} {
		b := newBench(t, func(c *Config) { c.Development = development }, func(b *bench) {
			Command(b.App, "notes.wait", func(context.Context, struct {
				Text quoting `json:"text"`
			}) (struct{}, error) {
				return struct{}{}, nil
			})
		})
		_, err := b.connect(t, "main").Call(patient(t), "notes.wait", textOf("zebra"))
		if code(t, err) != CodeInternal {
			t.Errorf("page got %v", err)
		}
		lacks(t, err.Error(), "zebra")
		if told := strings.Contains(b.log.String(), "zebra"); told != development {
			t.Errorf("development %v: log is %s", development, b.log)
		}
		b.find(t, func(r audits.Record) bool { return strings.Contains(r.Reason, "zebra") }) // for the developer
	}
}

func TestC7AHomeThatIsRelativeOrAllIsNone(t *testing.T) {
	for _, home := range []string{"relative", "", "/", "//", "/tmp/.."} {
		t.Setenv("HOME", home)
		t.Setenv("XDG_DATA_HOME", "")
		t.Setenv("XDG_STATE_HOME", "")
		if got, _ := (&Config{}).directories(); len(got) != 1 || got["$TEMP"] == "" {
			t.Errorf("home %q: variables are %v", home, got)
		}
		if file, err := recordFile("notes"); err == nil && !strings.HasPrefix(home, "/") {
			t.Errorf("home %q: the record is %s", home, file)
		}
	}
}

func TestC3NumberZeroIsNoCalls(t *testing.T) {
	for _, carrier := range []isolation.Carrier{isolation.Direct, isolation.Relay} {
		ids := newIDs(carrier)
		if ids.take(0) {
			t.Errorf("%v: the first number may be zero", carrier)
		}
		if !ids.take(5) || ids.take(0) {
			t.Errorf("%v: a later number may be zero", carrier)
		}
	}
}

func TestC9IdleWorkersAreFew(t *testing.T) {
	release := make(chan struct{})
	b := newBench(t, nil, func(b *bench) {
		Command(b.App, "notes.wait", func(context.Context, text) (struct{}, error) {
			<-release
			return struct{}{}, nil
		})
	})
	if err := b.connect(t, "main").Send(calls(1, 200, "notes.wait")); err != nil {
		t.Fatal(err)
	}
	close(release)
	await(t, "no call under way", func() bool { return b.Stats().UnderWay == 0 })
	await(t, "workers idle", func() bool { return b.workers.idle.Load() > 0 })
	if n := b.workers.idle.Load(); n > maxIdleWorkers {
		t.Errorf("%d workers wait for something to do", n)
	}
}

// calls is a batch of calls with numbers from first on.
func calls(first, count uint32, command string) (batch []byte) {
	for i := range count {
		batch = peer.AppendCall(batch, first+i, 0, command, textOf("x"))
	}
	return batch
}

func TestC10ShutdownWaitsForTheLastRefusals(t *testing.T) {
	var kept atomic.Int32
	b := newBench(t, func(c *Config) {
		c.Limits.CallsPerSecond, c.Limits.Burst = 0.001, 1
		c.Record = keeper{decide: func(r *audits.Record) error {
			if r.Stage == audits.StageLimits {
				time.Sleep(50 * time.Millisecond)
				kept.Add(1)
			}
			return nil
		}}
	}, nil)
	if err := b.connect(t, "main").Send(calls(1, 5, "notes.touch")); err != nil {
		t.Fatal(err)
	}
	if err := b.Shutdown(patient(t)); err != nil {
		t.Fatal(err)
	}
	if n := kept.Load(); n != 4 {
		t.Errorf("%d of 4 refusals are on record", n)
	}
}
