package core

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/cli/browser"
	"github.com/coder/websocket"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/internal/peer"
	"github.com/sallyport/sallyport/isolation"
)

// running is an app on loopback whose browser is this test.
type running struct {
	*bench
	file string // the launch file
	down func() error
}

func run(t *testing.T, change func(*Config), prepare func(*App)) *running {
	t.Helper()
	opened := make(chan string, 1)
	r := &running{bench: &bench{record: audits.NewMemory(4096), log: new(logBuffer), runs: make(chan Identity, 4096)}}
	c := Config{Files: testFiles(), Record: r.record, Open: func(_ context.Context, file string) error {
		opened <- file
		return nil
	}}
	if change != nil {
		change(&c)
	}
	var err error
	if r.App, err = New(c); err != nil {
		t.Fatal(err)
	}
	Command(r.App, "notes.echo", func(ctx context.Context, a text) (text, error) {
		r.ran(ctx)
		return a, nil
	})
	if prepare != nil {
		prepare(r.App)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	r.down = sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	t.Cleanup(func() {
		if err := r.down(); err != nil {
			t.Error(err)
		}
	})
	select {
	case r.file = <-opened:
	case err := <-ended:
		ended <- err
		t.Fatal(err)
	}
	return r
}

// dialer reaches every name on this machine, as browsers do for .localhost.
var dialer = &http.Client{
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		_, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		return new(net.Dialer).DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
	}},
}

func dial(ctx context.Context, gate *isolation.Gate, window string) (*peer.Client, error) {
	offer, err := gate.Offer(window, isolation.Direct)
	if err != nil {
		return nil, err
	}
	return peer.Dial(ctx, offer.Handshake(), &websocket.DialOptions{HTTPClient: dialer, HTTPHeader: http.Header{"Origin": {"null"}}})
}

func TestRunServesUntilItsContextEnds(t *testing.T) {
	r := run(t, nil, nil)
	info, err := os.Stat(r.file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("launch file: mode %v, %v", info.Mode(), err)
	}
	page, err := os.ReadFile(r.file)
	if err != nil {
		t.Fatal(err)
	}
	_, launch, _ := strings.Cut(string(page), "url=")
	launch, _, _ = strings.Cut(launch, `"`)
	if response, _ := answered(t, ask(t, "GET", launch, nil, asDocument...)); response.StatusCode != http.StatusOK {
		t.Errorf("the launch answered %d", response.StatusCode)
	}
	if _, err := os.Stat(r.file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the launch file outlives its token: %v", err)
	}
	c, err := dial(patient(t), r.Gate(), "main")
	if err != nil {
		t.Fatal(err)
	}
	result, err := c.Call(patient(t), "notes.echo", textOf("x"))
	if err != nil || string(result) != `{"text":"x"}` {
		t.Errorf("got %s, %v", result, err)
	}
	if id := <-r.runs; !strings.HasPrefix(id.Origin, "http://main-") || !strings.Contains(id.Origin, ".localhost:") {
		t.Errorf("caller is %+v", id)
	}
	if err := r.down(); err != nil {
		t.Errorf("the end of its context: %v", err)
	}
	<-c.Over()
}

func TestC4TheLaunchTokenIsInTheFileAlone(t *testing.T) {
	log := new(logBuffer)
	r := run(t, func(c *Config) { c.Log = logTo(log) }, nil)
	page, err := os.ReadFile(r.file)
	if err != nil {
		t.Fatal(err)
	}
	_, after, ok := strings.Cut(string(page), "token=")
	if !ok {
		t.Fatalf("no token in %s", page)
	}
	token := after[:43]
	lacks(t, log.String(), token)
	if strings.Contains(r.file, token) {
		t.Error("the file's name holds the token")
	}
	launch := r.windows["main"].origin + "/.sallyport/launch?token=" + token
	request, err := http.NewRequestWithContext(t.Context(), "GET", launch, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Sec-Fetch-User": "?1"} {
		request.Header.Set(name, value)
	}
	for _, want := range []bool{true, false} { // once
		response, err := dialer.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if got := len(response.Cookies()) > 0; got != want {
			t.Errorf("status %d, cookie %v, want %v", response.StatusCode, got, want)
		}
	}
	lacks(t, log.String(), token)
}

func TestRunRefusesWhatIsForMounting(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"a frame origin": func(c *Config) { c.FrameOrigin = "https://frame.example" },
		"page origins":   func(c *Config) { c.Origins = map[string]string{"main": "https://main.example"} },
		"a window's origin": func(c *Config) {
			c.Windows = []isolation.Window{{Label: "main", Origin: "https://main.example"}}
		},
	} {
		c := Config{Files: testFiles(), Record: audits.NewMemory(1)}
		change(&c)
		app, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		if err := app.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "Run mints") {
			t.Errorf("%s: it returned %v", name, err)
		}
	}
}

func TestARunThatIsOverBeforeItBeginsOpensNothing(t *testing.T) {
	app, err := New(Config{Files: testFiles(), Record: audits.NewMemory(1), Open: func(context.Context, string) error {
		t.Error("a window was opened")
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := app.Run(ctx); err != nil {
		t.Error(err)
	}
}

func TestABrowserThatCanNotBeStartedEndsTheRun(t *testing.T) {
	for _, test := range []struct {
		name string
		open func(context.Context, string) error
		want string
		line string // of the window, on standard error
	}{
		{"the app's own", func(context.Context, string) error { return errors.New("no browser") }, "no browser", ""},
		{"the default one", nil, "the default browser could not be started: ", "notes: window main at http://main-"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.open == nil && runtime.GOOS == "windows" {
				return // which finds the browser without PATH
			}
			t.Setenv("PATH", t.TempDir())
			app, err := New(Config{Files: testFiles(), Record: audits.NewMemory(1), Open: test.open})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 2*browserWithin) // a run that goes on ends without an error
			defer cancel()
			said := standardError(t, func() { err = app.Run(ctx) })
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("it returned %v", err)
			}
			if !strings.HasPrefix(said, test.line) || test.line == "" && said != "" {
				t.Errorf("standard error: %q", said)
			}
		})
	}
}

// The race detector sees whether they get in each other's way.
func TestTwoWindowsOpenAtOnce(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // which finds the browser without PATH
	}
	t.Setenv("PATH", t.TempDir())
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			if err := openBrowser(t.Context(), "open.html"); err == nil {
				t.Error("a browser was started")
			}
		})
	}
	both.Wait()
	if browser.Stdout != io.Discard || browser.Stderr != io.Discard {
		t.Error("the browser speaks where the app does")
	}
}
