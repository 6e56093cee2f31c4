package bench

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/core"
	"github.com/sallyport/sallyport/internal/peer"
	"github.com/sallyport/sallyport/isolation"
)

const (
	rounds   = 15 // interleaved rounds of each variant; a row's ns is their median
	perRound = 400
)

// Pipeline measures one call through every stage of the core, without a
// browser: sealed bytes in, sealed answer out. Its floor is AES-GCM open, one
// strict scan of the same bytes, and AES-GCM seal of the same answer, with
// reused buffers. A recorder keeps the decisions in memory, so that no disk
// is measured. progress, if not nil, is told what is being measured.
func Pipeline(ctx context.Context, progress func(string)) (Report, error) {
	report := Report{Name: "pipeline"}
	for _, size := range []struct {
		name  string
		bytes int
	}{{"200B", 200}, {"1KiB", 1 << 10}, {"16KiB", 16 << 10}} {
		if progress != nil {
			progress(size.name)
		}
		found, err := pipelineCase(ctx, size.name, rowsOf(size.bytes), rounds)
		if err != nil {
			return Report{}, err
		}
		report.Rows = append(report.Rows, found...)
	}
	return report, nil
}

// rowsOf is arguments of bench.count of about n bytes.
func rowsOf(n int) []byte {
	var list rows
	for id := 0; ; id++ {
		list.Rows = append(list.Rows, row{ID: id, Name: fmt.Sprintf("note number %d", id), Done: id%3 == 0})
		encoded, err := json.Marshal(list)
		if err != nil || len(encoded) >= n {
			return encoded
		}
	}
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
	p := &pipe{answers: make(chan []byte, perRound)}
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

// check opens an answer, so that nothing wrong is measured as fast.
func (p *pipe) check(frame []byte) error {
	_, plain, err := p.peer.Open(frame)
	if err != nil {
		return err
	}
	answers, err := peer.Answers(plain)
	if err != nil {
		return err
	}
	for _, a := range answers {
		if a.Failed {
			return fmt.Errorf("bench: a call was refused: %s", a.JSON)
		}
	}
	return nil
}

func pipelineCase(ctx context.Context, name string, args []byte, rounds int) ([]Row, error) {
	record := audits.NewMemory(rounds * perRound)
	app, err := newApp(record, nil, isolation.PagePolicy{}, nil)
	if err != nil {
		return nil, err
	}
	app.Handle("bench.report", func(context.Context, *core.Request) (any, error) { return nil, nil })
	if err := app.StartInProcess(); err != nil {
		return nil, err
	}
	defer app.Shutdown(context.WithoutCancel(ctx)) // nothing is under way any more
	p, err := newPipe(app)
	if err != nil {
		return nil, err
	}
	floor, err := newFloor(args, []byte(`{"count":10}`))
	if err != nil {
		return nil, err
	}
	ours, limit := new(sample), new(sample)
	for range rounds {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		frames := p.seal(args, perRound)
		answers := make([][]byte, perRound)
		ours.round(func(i int) { p.session.Deliver(frames[i]); answers[i] = <-p.answers })
		for _, answer := range answers {
			if err := p.check(answer); err != nil {
				return nil, err
			}
		}
		limit.round(func(int) { err = errors.Join(err, floor.once()) })
		if err != nil {
			return nil, err
		}
	}
	base := median(limit.perOp)
	out := []Row{ours.row(name, "sallyport", base), limit.row(name, "floor", base)}
	return append(out, stageRows(name, base, record.Records())...), nil
}

// A sample is the figures of one variant.
type sample struct {
	perOp  []float64 // ns, by round
	allocs []float64
	each   []time.Duration
}

func (s *sample) round(op func(i int)) {
	var before, after runtime.MemStats
	each := make([]time.Duration, perRound)
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
	s.perOp = append(s.perOp, float64(took.Nanoseconds())/perRound)
	s.allocs = append(s.allocs, float64(after.Mallocs-before.Mallocs)/perRound)
	s.each = append(s.each, each...)
}

func (s *sample) row(name, variant string, base float64) Row {
	ns := median(s.perOp)
	return Row{
		Case: name, Variant: variant, NsPerOp: ns, AllocsPerOp: median(s.allocs),
		P50: percentile(s.each, 0.5), P95: percentile(s.each, 0.95), PerSecond: 1e9 / ns, Ratio: ns / base,
	}
}

// stageRows are the stage times that the core put on record itself.
func stageRows(name string, base float64, records []audits.Record) []Row {
	stages := []struct {
		name string
		of   func(audits.Record) time.Duration
	}{
		{"open", func(r audits.Record) time.Duration { return r.Stages.Open }},
		{"parse", func(r audits.Record) time.Duration { return r.Stages.Parse }},
		{"schema", func(r audits.Record) time.Duration { return r.Stages.Schema }},
		{"policy", func(r audits.Record) time.Duration { return r.Stages.Policy }},
		{"record", func(r audits.Record) time.Duration { return r.Stages.Record }},
		{"handler", func(r audits.Record) time.Duration { return r.Stages.Handler }},
		{"output", func(r audits.Record) time.Duration { return r.Stages.Output }},
		{"seal", func(r audits.Record) time.Duration { return r.Stages.Seal }},
	}
	var out []Row
	for _, stage := range stages {
		var times []time.Duration
		for _, r := range records {
			if t := stage.of(r); t > 0 {
				times = append(times, t)
			}
		}
		if len(times) == 0 {
			continue
		}
		p50 := percentile(times, 0.5)
		out = append(out, Row{
			Case: name, Variant: "stage:" + stage.name, NsPerOp: p50 * 1e3,
			P50: p50, P95: percentile(times, 0.95), Ratio: p50 * 1e3 / base,
		})
	}
	return out
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
