package bench

import (
	"context"
	"embed"
	"fmt"
	"strings"
	"time"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/internal/browser"
)

//go:embed page
var page embed.FS

// browserWithin bounds the whole measurement in the page.
const browserWithin = 3*time.Minute + 30*time.Second

// Browser measures calls from a real page in a headless browser: through the
// isolation frame and, from the same page in turns, over a plain WebSocket to
// the same program with JSON (or, in a case of raw bytes, with those) and
// nothing else. The rows "isolated" and "websocket" take turns call by call, so
// that both find the machine as any other work leaves it, and those of ":series"
// many calls of one kind in a row, when caches hold nothing else. "tauri-like",
// the way of Tauri's isolation pattern re-created in this page, takes a turn now
// and then, also after a call by the WebSocket. Calls per second are with 64 under way. The
// rows of "first-call" are to a document's first answer, since the page's own
// script began and since the navigation did: the median of several documents,
// and as p95 the slowest, mostly the first on its cold profile. progress, if not
// nil, is told what is being measured.
func Browser(ctx context.Context, b browser.Browser, progress func(string)) (Report, error) {
	return measureBrowser(ctx, b, fullEffort(), progress)
}

func measureBrowser(ctx context.Context, b browser.Browser, e effort, progress func(string)) (Report, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, browserWithin, fmt.Errorf("bench: %s did not report within %v", b.Name, browserWithin))
	defer cancel()
	plain, err := servePlain()
	if err != nil {
		return Report{}, err
	}
	defer plain.close()
	e.Socket, e.Tauri = plain.url, plain.tauri
	found, err := runPage(ctx, b, e, progress)
	if err != nil {
		return Report{}, err
	}
	return browserReport(found), nil
}

// runPage opens the page and waits for its report.
func runPage(ctx context.Context, b browser.Browser, e effort, progress func(string)) (findings, error) {
	files, err := e.page()
	if err != nil {
		return findings{}, err
	}
	var process *browser.Process
	defer func() {
		if process != nil {
			_ = process.Close() // its folder may be gone already
		}
	}()
	app, err := newApp(setup{record: audits.NewMemory(1024), page: files, policy: e.policy(), open: func(ctx context.Context, file string) (err error) {
		process, err = b.Open(ctx, file, browser.Options{Headless: true})
		return err
	}})
	if err != nil {
		return findings{}, err
	}
	if progress == nil {
		progress = func(string) {}
	}
	progress("starting " + b.Name)
	l := &listener{documents: e.Documents, browser: b.Name, progress: progress, reports: make(chan findings, 1)}
	l.register(app)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	ended := make(chan error, 1)
	go func() { ended <- app.Run(ctx) }()
	select {
	case f := <-l.reports:
		cancel(nil)
		if err := <-ended; err != nil {
			return findings{}, err
		}
		if f.Problem != "" {
			return findings{}, fmt.Errorf("bench: the page failed: %q", f.Problem)
		}
		return f, nil
	case err := <-ended:
		if cause := context.Cause(ctx); cause != nil {
			return findings{}, cause
		}
		return findings{}, err
	}
}

func browserReport(f findings) Report {
	report := Report{Name: "browser"}
	plain := map[string]float64{} // by case and variant
	for _, r := range f.Rows {
		plain[r.Case+" "+r.Variant] = r.P50
	}
	for _, r := range f.Rows {
		row := Row{
			Case: r.Case, Variant: r.Variant, NsPerOp: r.P50 * 1e3, P50: r.P50, P95: r.P95, P99: r.P99,
			PerSecond: r.PerSecond, MBPerSecond: r.MBPerSecond, Missed: r.Missed,
		}
		if base := plain[r.Case+" "+plainOf(r.Variant)]; base > 0 {
			row.Ratio = r.P50 / base
		}
		report.Rows = append(report.Rows, row)
	}
	var script, navigation []time.Duration
	for _, first := range f.firsts {
		script = append(script, micros(first.SinceScript))
		navigation = append(navigation, micros(first.SinceNavigation))
	}
	report.Rows = append(report.Rows, firstCallRow("since-script", script), firstCallRow("since-navigation", navigation))
	return report
}

// plainOf is the variant that another one is compared with.
func plainOf(variant string) string {
	if _, how, ok := strings.Cut(variant, ":"); ok {
		return "websocket:" + how
	}
	return "websocket"
}

func micros(n float64) time.Duration { return time.Duration(n * float64(time.Microsecond)) }

func firstCallRow(variant string, took []time.Duration) Row {
	p50 := percentile(took, 0.5)
	return Row{Case: "first-call", Variant: variant, NsPerOp: p50 * 1e3, P50: p50, P95: percentile(took, 0.95)}
}
