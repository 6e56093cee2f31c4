package bench

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/core"
	"github.com/sallyport/sallyport/internal/peer"
	"github.com/sallyport/sallyport/isolation"
)

// A load is what one case of the pipeline sends, and how often.
type load struct {
	name  string
	bytes int
	judge bool // also without the fast path, which takes a hundred times as long
	// Each variant takes so many calls in a round, in turns with the others; a
	// row's ns is the median of its rounds.
	rounds, perRound int
}

// Pipeline measures one call through every stage of the core, without a
// browser: sealed bytes in, sealed answer out, in one goroutine, as it is where
// a socket carries a lone call. Its floor is AES-GCM open, one strict scan of
// the same bytes, and AES-GCM seal of the same answer, with reused buffers. The
// recorder keeps how long the stages took and nothing else, so that no disk
// is measured. "judge-only" is the same with every value judged by the schema
// library itself. The rows of stages divide a call's time: the core measures all
// but sealing, which is measured once more by itself, and "stage:rest" is what
// none of them explains: admission and the record of the outcome. progress, if
// not nil, is told what is being measured.
func Pipeline(ctx context.Context, progress func(string)) (Report, error) {
	report := Report{Name: "pipeline"}
	for _, l := range []load{
		{"200B", 200, true, 25, 400},
		{"1KiB", 1 << 10, true, 25, 400},
		{"16KiB", 16 << 10, true, 15, 100},
		{"1MiB", 1 << 20, false, 7, 8},
		{"8MiB", 8 << 20, false, 5, 2},
	} {
		if progress != nil {
			progress(l.name)
		}
		found, err := l.measure(ctx)
		if err != nil {
			return Report{}, err
		}
		report.Rows = append(report.Rows, found...)
	}
	return report, nil
}

// rowsOf is arguments of bench.count of about n bytes.
func rowsOf(n int) []byte {
	text := []byte(`{"rows":[`)
	for id := 0; id == 0 || len(text) < n-2; id++ {
		if id > 0 {
			text = append(text, ',')
		}
		text = fmt.Appendf(text, `{"id":%d,"name":"note number %d","done":%t}`, id, id, id%3 == 0)
	}
	return append(text, "]}"...)
}

// A pipe is a session whose answers can be waited for.
type pipe struct {
	session *isolation.Session
	peer    *peer.Peer
	answers chan []byte
	last    uint32
}

func newPipe(app *core.App) (*pipe, error) {
	offer, err := app.Gate().Offer("main", isolation.Direct)
	if err != nil {
		return nil, err
	}
	p := &pipe{answers: make(chan []byte, 8)}
	var hello []byte
	if p.peer, hello, err = peer.New(offer.Handshake()); err != nil {
		return nil, err
	}
	p.session, err = offer.Accept(hello, func(frame []byte) error {
		p.answers <- frame
		return nil
	})
	if err != nil {
		return nil, err
	}
	_, _, err = p.peer.Open(<-p.answers) // ready
	return p, err
}

// seal makes frames of one call each, ahead of the measured time.
func (p *pipe) seal(args []byte, n int) [][]byte {
	frames := make([][]byte, n)
	for i := range frames {
		p.last++
		frames[i] = p.peer.Seal(isolation.TypeBatch, peer.AppendCall(nil, p.last, 0, "bench.count", args))
	}
	return frames
}

// check opens answers, so that nothing wrong is measured as fast, and returns
// their plaintexts.
func (p *pipe) check(frames [][]byte) ([][]byte, error) {
	plains := make([][]byte, len(frames))
	for i, frame := range frames {
		_, plain, err := p.peer.Open(frame)
		if err != nil {
			return nil, err
		}
		answers, err := peer.Answers(plain)
		if err != nil {
			return nil, err
		}
		for _, a := range answers {
			if a.Failed {
				return nil, fmt.Errorf("bench: a call was refused: %s", a.JSON)
			}
		}
		plains[i] = plain
	}
	return plains, nil
}

// measure sends a round of calls, and then seals their answers once more.
func (p *pipe) measure(args []byte, calls, seals *sample) error {
	frames := p.seal(args, calls.perRound)
	answers := make([][]byte, calls.perRound)
	calls.round(func(i int) { p.session.Serve(frames[i]); answers[i] = <-p.answers })
	plains, err := p.check(answers)
	if err != nil {
		return err
	}
	seals.round(func(i int) {
		frame, failed := p.session.Seal(plains[i])
		answers[i], err = frame, errors.Join(err, failed)
	})
	if err != nil {
		return err
	}
	_, err = p.check(answers) // which also keeps the peer in step
	return err
}

// A lane is one variant of the pipeline: an app of its own, and its figures.
type lane struct {
	app    *core.App
	pipe   *pipe
	record stageLog
	calls  *sample
	seals  *sample
}

func newLane(l load, judgeOnly bool) (*lane, error) {
	n := &lane{calls: &sample{perRound: l.perRound}, seals: &sample{perRound: l.perRound}}
	app, err := newApp(setup{record: &n.record, judgeOnly: judgeOnly})
	if err != nil {
		return nil, err
	}
	n.app = app
	if err := app.StartInProcess(); err != nil {
		return nil, err
	}
	n.pipe, err = newPipe(app)
	return n, err
}

func (l load) measure(ctx context.Context) ([]Row, error) {
	args := rowsOf(l.bytes)
	ours, err := newLane(l, false)
	if err != nil {
		return nil, err
	}
	lanes := []*lane{ours}
	if l.judge {
		judge, err := newLane(l, true)
		if err != nil {
			return nil, err
		}
		lanes = append(lanes, judge)
	}
	defer func() {
		for _, n := range lanes {
			_ = n.app.Shutdown(context.WithoutCancel(ctx)) // nothing is under way any more
		}
	}()
	floor, err := newFloor(args, []byte(`{"count":10}`))
	if err != nil {
		return nil, err
	}
	limit := &sample{perRound: l.perRound}
	for range l.rounds {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for _, n := range lanes {
			if err := n.pipe.measure(args, n.calls, n.seals); err != nil {
				return nil, err
			}
		}
		limit.round(func(int) { err = errors.Join(err, floor.once()) })
		if err != nil {
			return nil, err
		}
	}
	base := median(limit.perOp)
	out := []Row{ours.calls.row(l.name, "sallyport", base), limit.row(l.name, "floor", base)}
	if l.judge {
		out = append(out, lanes[1].calls.row(l.name, "judge-only", base))
	}
	for _, s := range stagesOf(ours.calls.each, ours.record.outcomes(), ours.seals.each) {
		out = append(out, s.row(l.name, base))
	}
	return out, nil
}

// A stageLog is a recorder that keeps how long the stages of each call took.
type stageLog struct {
	mu  sync.Mutex
	all []audits.Stages
}

func (l *stageLog) Decide(context.Context, *audits.Record) error { return nil }
func (l *stageLog) Event(context.Context, *audits.Record) error  { return nil }

func (l *stageLog) Outcome(_ context.Context, r *audits.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, r.Stages)
	return nil
}

func (l *stageLog) outcomes() []audits.Stages {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all
}

// A sample is the figures of one variant.
type sample struct {
	perRound int

	perOp  []float64 // ns, by round
	allocs []float64
	bytes  []float64
	each   []time.Duration
}

func (s *sample) round(op func(i int)) {
	var before, after runtime.MemStats
	each := make([]time.Duration, s.perRound)
	runtime.ReadMemStats(&before)
	began := time.Now()
	last := began
	for i := range each {
		op(i)
		now := time.Now()
		each[i], last = now.Sub(last), now
	}
	took := time.Since(began)
	runtime.ReadMemStats(&after)
	s.perOp = append(s.perOp, float64(took.Nanoseconds())/float64(s.perRound))
	s.allocs = append(s.allocs, float64(after.Mallocs-before.Mallocs)/float64(s.perRound))
	s.bytes = append(s.bytes, float64(after.TotalAlloc-before.TotalAlloc)/float64(s.perRound))
	s.each = append(s.each, each...)
}

func (s *sample) row(name, variant string, base float64) Row {
	ns := median(s.perOp)
	return Row{
		Case: name, Variant: variant, NsPerOp: ns, AllocsPerOp: median(s.allocs), BytesPerOp: median(s.bytes),
		P50: percentile(s.each, 0.5), P95: percentile(s.each, 0.95), PerSecond: 1e9 / ns, Ratio: ns / base,
	}
}

// A stage is a part of each call's time.
type stage struct {
	name string
	each []time.Duration
}

// stagesOf divides the calls' time into what the core put on record itself,
// sealing, and the rest. All three lists go by call.
func stagesOf(calls []time.Duration, outcomes []audits.Stages, seals []time.Duration) []stage {
	stages := []stage{{name: "open"}, {name: "parse"}, {name: "schema"}, {name: "policy"}, {name: "record"}, {name: "handler"}, {name: "output"}}
	for _, s := range outcomes {
		for i, took := range []time.Duration{s.Open, s.Parse, s.Schema, s.Policy, s.Record, s.Handler, s.Output} {
			stages[i].each = append(stages[i].each, took)
		}
	}
	stages = append(stages, stage{"seal", seals})
	rest := slices.Clone(calls)
	for _, s := range stages {
		for i, took := range s.each {
			rest[i] -= took
		}
	}
	return append(stages, stage{"rest", rest})
}

func (s stage) row(name string, base float64) Row {
	p50 := percentile(s.each, 0.5)
	return Row{
		Case: name, Variant: "stage:" + s.name, NsPerOp: p50 * 1e3,
		P50: p50, P95: percentile(s.each, 0.95), Ratio: p50 * 1e3 / base,
	}
}

// A floor is what any core of this kind has to do at least.
type floor struct {
	aead   cipher.AEAD
	sealed []byte
	answer []byte
	plain  []byte // reused
	out    []byte // reused
	nonce  []byte
}

func newFloor(args, answer []byte) (*floor, error) {
	block, err := aes.NewCipher(make([]byte, isolation.KeySize))
	if err != nil {
		return nil, err
	}
	f := &floor{answer: answer, nonce: make([]byte, 12)}
	if f.aead, err = cipher.NewGCM(block); err != nil {
		return nil, err
	}
	f.sealed = f.aead.Seal(nil, f.nonce, args, f.nonce)
	f.plain = make([]byte, 0, len(args))
	f.out = make([]byte, 0, len(answer)+32)
	return f, nil
}

func (f *floor) once() error {
	var err error
	if f.plain, err = f.aead.Open(f.plain[:0], f.nonce, f.sealed, f.nonce); err != nil {
		return err
	}
	if !scan(f.plain) {
		return errors.New("bench: the floor's document is not valid")
	}
	f.out = f.aead.Seal(f.out[:0], f.nonce, f.answer, f.nonce)
	return nil
}

// scan reads one strict JSON value: UTF-8, no duplicate names, nothing after.
func scan(text []byte) bool { return jsontext.Value(text).IsValid() }
