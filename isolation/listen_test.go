package isolation

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// serving starts a Loopback that answers with the name of the port.
func serving(t *testing.T, page http.Handler, log *slog.Logger) *Loopback {
	t.Helper()
	l, err := ListenLoopback()
	if err != nil {
		t.Fatal(err)
	}
	frame := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "frame") })
	ended := make(chan error, 1)
	go func() { ended <- l.Serve(page, frame, log) }()
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		if err := <-ended; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return l
}

func pageHandler(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "page") }

// get asks a port of 127.0.0.1 or ::1 for origin's "/".
func get(t *testing.T, address, origin string) string {
	t.Helper()
	u, err := url.Parse(origin)
	if err != nil {
		t.Fatal(err)
	}
	client := http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort(address, u.Port()))
		},
		DisableKeepAlives: true,
	}}
	r, err := client.Get(origin)
	if err != nil {
		return err.Error()
	}
	defer r.Body.Close()
	body, _ := io.ReadAll(r.Body)
	return string(body)
}

func TestBothPortsAnswerOnEveryFamily(t *testing.T) {
	l := serving(t, http.HandlerFunc(pageHandler), nil)
	page, err := l.PageOrigin("main")
	if err != nil {
		t.Fatal(err)
	}
	families, err := loopbackFamilies()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if got := get(t, f.host, page); got != "page" {
			t.Errorf("page on %s: %s", f, got)
		}
		if got := get(t, f.host, l.FrameOrigin()); got != "frame" {
			t.Errorf("frame on %s: %s", f, got)
		}
		for _, s := range []*server{l.page, l.frame} {
			if squat, err := net.Listen(f.network, net.JoinHostPort(f.host, s.port)); err == nil {
				squat.Close()
				t.Errorf("%s:%s can be taken by somebody else", f, s.port)
			}
		}
	}
}

func TestOriginsAreMintedOncePerLabel(t *testing.T) {
	l, err := ListenLoopback()
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	main, err := l.PageOrigin("main")
	if err != nil {
		t.Fatal(err)
	}
	again, _ := l.PageOrigin("main")
	editor, _ := l.PageOrigin("editor")
	if again != main {
		t.Errorf("main moved from %s to %s", main, again)
	}
	hosts := map[string]bool{}
	for _, o := range []string{main, editor, l.FrameOrigin()} {
		parsed, err := parseOrigin(o)
		if err != nil {
			t.Error(err)
		}
		hosts[parsed.host] = true
	}
	if len(hosts) != 3 {
		t.Errorf("cookies know no ports, but these share a host: %v", hosts)
	}
	if _, err := l.PageOrigin("no label"); err == nil {
		t.Error("an origin was minted for what is no label")
	}
}

func TestAFamilyThatCanNotBeHadStopsTheStart(t *testing.T) {
	listeners, err := bindAll([]family{{"tcp4", "127.0.0.1"}, {"tcp4", "192.0.2.1"}}) // an address of nobody
	if err == nil {
		for _, l := range listeners {
			l.Close()
		}
		t.Fatal("a family that can't be bound was left out")
	}
	// The first family's listener must be gone again, or each attempt would leak
	// one. The error has the port, which was to be the same.
	failed, ok := errors.AsType[*net.OpError](err)
	if !ok {
		t.Fatal(err)
	}
	port := failed.Addr.(*net.TCPAddr).Port
	again, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		t.Fatalf("the first family's port is still held: %v", err)
	}
	again.Close()
}

func TestAllFamiliesShareOnePort(t *testing.T) {
	families, err := loopbackFamilies()
	if err != nil {
		t.Fatal(err)
	}
	listeners, err := bindAll(families)
	if err != nil {
		t.Fatal(err)
	}
	ports := map[int]bool{}
	for _, l := range listeners {
		a := l.Addr().(*net.TCPAddr)
		ports[a.Port] = true
		if !a.IP.IsLoopback() {
			t.Errorf("%v is no loopback address", a)
		}
		l.Close()
	}
	if len(ports) != 1 || len(listeners) != len(families) {
		t.Errorf("%d listeners on %d ports for %v", len(listeners), len(ports), families)
	}
}

// raw sends bytes to the page port and returns what comes back.
func raw(t *testing.T, l *Loopback, text string) string {
	t.Helper()
	c, err := net.Dial("tcp", "127.0.0.1:"+l.page.port)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	fmt.Fprint(c, text)
	all, _ := io.ReadAll(bufio.NewReader(c))
	return string(all)
}

func TestOnlySmallHTTP1IsSpoken(t *testing.T) {
	l := serving(t, http.HandlerFunc(pageHandler), nil)
	const last = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
	for _, test := range []struct{ name, send, want string }{
		{"a request of HTTP/1.1", last, "200"},
		{"the preface of HTTP/2, an odd request for the handler to refuse", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "200"},
		{"headers beyond the limit", "GET / HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("a", 32<<10) + "\r\n\r\n", "431"},
		{"two Host headers", "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "400"},
		{"no Host header", "GET / HTTP/1.1\r\n\r\n", "400"},
		{"two lengths", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "400"},
		{"two encodings", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "501"},
		{"chunks", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n" + last, "200 200"},
		{"a length and chunks, which alone count", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n" + last, "200 200"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := raw(t, l, test.send)
			var statuses []string
			for _, m := range statusLine.FindAllStringSubmatch(got, -1) {
				statuses = append(statuses, m[1])
			}
			if strings.Join(statuses, " ") != test.want {
				t.Errorf("got %v, want %s: %.300q", statuses, test.want, got)
			}
		})
	}
}

var statusLine = regexp.MustCompile(`HTTP/1\.1 (\d+)`)

func TestAPanicIsLoggedWithoutItsValue(t *testing.T) {
	lines := make(chan string, 8)
	log := slog.New(slog.NewTextHandler(lineWriter(lines), nil))
	l := serving(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		panic("sent by the page: " + r.URL.Path)
	}), log)
	if got := raw(t, l, "GET /secret HTTP/1.1\r\nHost: x\r\n\r\n"); got != "" {
		t.Errorf("the page got %q", got)
	}
	if s := <-lines; !strings.Contains(s, "a handler panicked") || strings.Contains(s, "secret") {
		t.Errorf("log: %s", s)
	}
	if len(lines) > 0 {
		t.Errorf("more in the log: %s", <-lines)
	}
}

// A lineWriter sends each line of a log.
type lineWriter chan<- string

func (w lineWriter) Write(b []byte) (int, error) {
	w <- string(b)
	return len(b), nil
}

func TestShutdownWaitsForRunningRequests(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	l := serving(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-leave
		io.WriteString(w, "page")
	}), nil)
	page, err := l.PageOrigin("main")
	if err != nil {
		t.Fatal(err)
	}
	answer := make(chan string, 1)
	go func() { answer <- get(t, "127.0.0.1", page) }()
	<-entered
	down := make(chan error, 1)
	go func() { down <- l.Shutdown(t.Context()) }()
	select {
	case <-down:
		t.Error("Shutdown did not wait")
	case <-time.After(50 * time.Millisecond):
	}
	close(leave)
	if err := <-down; err != nil {
		t.Error(err)
	}
	if got := <-answer; got != "page" {
		t.Errorf("the running request got %q", got)
	}
	if got := get(t, "127.0.0.1", page); !strings.Contains(got, "refused") {
		t.Errorf("after Shutdown: %s", got)
	}
}
