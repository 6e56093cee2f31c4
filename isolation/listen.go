package isolation

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Limits of the two servers. A request of ours has a few hundred bytes of
// headers; what is slower or larger is not a browser's.
const (
	readHeaderWithin = 5 * time.Second
	readWithin       = 60 * time.Second // of a whole request, body included
	idleWithin       = 90 * time.Second
	maxHeaderBytes   = 16 << 10
	portAttempts     = 32
)

// A Loopback is a pair of ports of this machine, one for pages and one for
// frame documents, that nobody else can be reached at or reach: each is bound
// on every loopback address family that exists, so that no other user can
// take [::1] where we hold 127.0.0.1, and on Linux only this user's processes
// are let in. Its origins carry random host names under .localhost, which
// every engine resolves to loopback by itself; mintHost says what was tried.
//
// The name is resolved to either family by engine, so both answer alike. A
// Loopback is safe for concurrent use.
type Loopback struct {
	page, frame *server
	frameOrigin string
	peers       *peers
	refused     atomic.Uint64
	log         *slog.Logger // set by Serve, before anything is accepted

	mu    sync.Mutex
	hosts map[string]string // page host by label
}

// A server is one port: its listeners, one for each address family.
type server struct {
	http      *http.Server
	port      string
	listeners []net.Listener
}

// ListenLoopback binds the two ports. It fails when an address family of the
// machine can't be had, and on Linux when it can't find out whose a connection
// is. Nothing is served before Serve.
func ListenLoopback() (*Loopback, error) {
	host, err := mintHost("frame")
	if err != nil {
		return nil, err
	}
	p, err := newPeers()
	if err != nil {
		return nil, fmt.Errorf("isolation: %w", err)
	}
	l := &Loopback{peers: p, hosts: map[string]string{}}
	if l.page, err = l.bind(); err == nil {
		l.frame, err = l.bind()
	}
	if err != nil {
		l.Close()
		return nil, fmt.Errorf("isolation: %w", err)
	}
	l.frameOrigin = "http://" + host + ":" + l.frame.port
	return l, nil
}

// PageOrigin returns the origin of label's pages, minting it when it is first
// asked for. Another label, and another run, has another host.
func (l *Loopback) PageOrigin(label string) (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	host, ok := l.hosts[label]
	if !ok {
		var err error
		if host, err = mintHost(label); err != nil {
			return "", err
		}
		l.hosts[label] = host
	}
	return "http://" + host + ":" + l.page.port, nil
}

// FrameOrigin returns the origin of the frame documents and their socket.
func (l *Loopback) FrameOrigin() string { return l.frameOrigin }

// Refused returns how many connections the peer check has closed.
func (l *Loopback) Refused() uint64 { return l.refused.Load() }

// refuse counts a connection that the peer check closes, and tells of the first:
// a browser that runs as somebody else would be left with an empty page.
func (l *Loopback) refuse() {
	if l.refused.Add(1) == 1 {
		l.log.Warn("isolation: a connection was closed, since its other end is no process of this user, or it can't be told whose; more are only counted")
	}
}

// Serve answers requests on the two ports until Shutdown or Close, and then
// returns nil. Problems that have no caller go to log; nil discards them.
// Connections that a handler took over (WebSockets) are not Serve's to end.
func (l *Loopback) Serve(page, frame http.Handler, log *slog.Logger) error {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	l.log = log
	for s, handler := range map[*server]http.Handler{l.page: page, l.frame: frame} {
		s.http.Handler = recovering(handler, log)
		s.http.ErrorLog = slog.NewLogLogger(log.Handler(), slog.LevelWarn)
	}
	results := make(chan error)
	n := 0
	for _, s := range []*server{l.page, l.frame} {
		for _, listener := range s.listeners {
			n++
			go func() { results <- s.http.Serve(listener) }()
		}
	}
	var first error
	for range n {
		if err := <-results; !errors.Is(err, http.ErrServerClosed) && first == nil {
			first = fmt.Errorf("isolation: serve loopback: %w", err)
			l.Close() // half a Loopback is none
		}
	}
	return first
}

// Shutdown stops listening and waits for running requests until ctx ends.
func (l *Loopback) Shutdown(ctx context.Context) error {
	err := errors.Join(l.page.http.Shutdown(ctx), l.frame.http.Shutdown(ctx))
	return errors.Join(err, l.Close())
}

// Close stops listening and drops every connection that no handler took over.
func (l *Loopback) Close() error {
	var problems []error
	for _, s := range []*server{l.page, l.frame} {
		if s == nil {
			continue
		}
		problems = append(problems, s.http.Close())
		for _, listener := range s.listeners { // those that Serve never had
			if err := listener.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
				problems = append(problems, err)
			}
		}
	}
	return errors.Join(append(problems, l.peers.close())...)
}

// bind takes one port on every loopback family. The kernel picks it for the
// first; where another program holds it on the second, the next is tried.
func (l *Loopback) bind() (*server, error) {
	families, err := loopbackFamilies()
	if err != nil {
		return nil, err
	}
	var problem error
	for range portAttempts {
		var listeners []net.Listener
		if listeners, problem = bindAll(families); problem == nil {
			return l.newServer(listeners), nil
		}
	}
	return nil, fmt.Errorf("bind one port on all of %v: %w", families, problem)
}

func (l *Loopback) newServer(listeners []net.Listener) *server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true) // a WebSocket needs it, and one parser is enough
	s := &server{
		port: strconv.Itoa(listeners[0].Addr().(*net.TCPAddr).Port),
		http: &http.Server{
			ReadHeaderTimeout: readHeaderWithin,
			ReadTimeout:       readWithin,
			IdleTimeout:       idleWithin,
			MaxHeaderBytes:    maxHeaderBytes,
			Protocols:         protocols,
			// OPTIONS * gets what every other wrong request gets.
			DisableGeneralOptionsHandler: true,
			// No WriteTimeout: a film that the user pauses is no attack.
		},
	}
	for _, listener := range listeners {
		s.listeners = append(s.listeners, &peerListener{listener, l.peers, l.refuse})
	}
	return s
}

// A family is one loopback address.
type family struct{ network, host string }

func (f family) String() string { return f.host }

// loopbackFamilies lists what a name under .localhost may resolve to here. An
// address that no interface has, and that can't be bound, doesn't exist; any
// other failure to bind it stops the start, in bind.
func loopbackFamilies() ([]family, error) {
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return nil, fmt.Errorf("list the machine's addresses: %w", err)
	}
	var found []family
	for _, f := range []family{{"tcp4", "127.0.0.1"}, {"tcp6", "::1"}} {
		ip := net.ParseIP(f.host)
		there := slices.ContainsFunc(addresses, func(a net.Addr) bool {
			n, ok := a.(*net.IPNet)
			return ok && n.IP.Equal(ip)
		})
		if !there {
			probe, err := net.Listen(f.network, net.JoinHostPort(f.host, "0"))
			if err != nil {
				continue
			}
			probe.Close()
		}
		found = append(found, f)
	}
	if len(found) == 0 {
		return nil, errors.New("this machine has no loopback address")
	}
	return found, nil
}

func bindAll(families []family) ([]net.Listener, error) {
	var listeners []net.Listener
	port := "0"
	for _, f := range families {
		listener, err := net.Listen(f.network, net.JoinHostPort(f.host, port))
		if err != nil {
			for _, l := range listeners {
				l.Close()
			}
			return nil, err
		}
		listeners = append(listeners, listener)
		port = strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
	}
	return listeners, nil
}

// A peerListener accepts connections of this user's processes only. Others
// are closed before a byte of theirs is read.
type peerListener struct {
	net.Listener
	peers  *peers
	refuse func() // called for each that is closed
}

// Accept implements net.Listener.
func (l *peerListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if err := l.peers.check(c); err == nil {
			return c, nil
		}
		l.refuse()
		c.Close()
	}
}

// recovering turns a handler's panic into a closed connection and a log line
// without the panic's value, which may hold what a page sent.
func recovering(h http.Handler, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			switch v := recover(); v {
			case nil:
			case http.ErrAbortHandler:
				panic(v)
			default:
				log.Error("isolation: a handler panicked", "type", fmt.Sprintf("%T", v), "stack", string(debug.Stack()))
				panic(http.ErrAbortHandler)
			}
		}()
		h.ServeHTTP(w, r)
	})
}
