package bench

import (
	"context"
	"embed"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/internal/browser"
	"github.com/sallyport/sallyport/isolation"
)

//go:embed page
var page embed.FS

// browserWithin bounds the whole measurement in the page.
const browserWithin = 3*time.Minute + 30*time.Second

// Browser measures calls from a real page in a headless browser: through the
// isolation frame and, from the same page in turns, over a plain WebSocket to
// the same program with JSON and nothing else. The rows "isolated" and
// "websocket" take turns call by call, so that both find the machine as any
// other work leaves it, and those of ":series" many calls of one kind in a row,
// when caches hold nothing else. Calls per second are with 64 under way. The rows of "first-call" are to a document's first answer, since
// the page's own script began and since the navigation did: the median of
// several documents, and as p95 the slowest, mostly the first on its cold
// profile. progress, if not nil, is told what is being measured.
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
	e.Socket = plain.url
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
	app, err := newApp(setup{record: audits.NewMemory(1024), page: files, policy: isolation.PagePolicy{ConnectSrc: []string{e.Socket}}, open: func(ctx context.Context, file string) (err error) {
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
		row := Row{Case: r.Case, Variant: r.Variant, NsPerOp: r.P50 * 1e3, P50: r.P50, P95: r.P95, PerSecond: r.PerSecond}
		if base := plain[r.Case+" "+strings.Replace(r.Variant, "isolated", "websocket", 1)]; base > 0 {
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

func micros(n float64) time.Duration { return time.Duration(n * float64(time.Microsecond)) }

func firstCallRow(variant string, took []time.Duration) Row {
	p50 := percentile(took, 0.5)
	return Row{Case: "first-call", Variant: variant, NsPerOp: p50 * 1e3, P50: p50, P95: percentile(took, 0.95)}
}

// A plainServer is the un-isolated call: any page that finds it may call.
type plainServer struct {
	url    string
	server *http.Server
	gone   sync.WaitGroup
}

func servePlain() (*plainServer, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	p := &plainServer{url: "ws://" + listener.Addr().String() + "/plain"}
	p.server = &http.Server{Handler: http.HandlerFunc(servePlainSocket), ReadHeaderTimeout: 10 * time.Second}
	p.gone.Go(func() { _ = p.server.Serve(listener) }) // ends by close
	return p, nil
}

func (p *plainServer) close() {
	_ = p.server.Close() // nothing is left to lose
	p.gone.Wait()
}

// servePlainSocket answers {"id":…,"args":{"text":…}} with {"id":…,"result":…}.
func servePlainSocket(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err != nil {
		return
	}
	defer conn.CloseNow()
	conn.SetReadLimit(4 << 20)
	for {
		var call struct {
			ID   int  `json:"id"`
			Args text `json:"args"`
		}
		if err := wsjson.Read(r.Context(), conn, &call); err != nil {
			return
		}
		answer := struct {
			ID     int  `json:"id"`
			Result text `json:"result"`
		}{call.ID, call.Args}
		if err := wsjson.Write(r.Context(), conn, answer); err != nil {
			return
		}
	}
}
