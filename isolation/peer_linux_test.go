package isolation

import (
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// lookups opens every way of asking.
func lookups(t testing.TB) map[string]peerLookup {
	t.Helper()
	all := map[string]peerLookup{}
	for i, name := range []string{"netlink", "proc"} {
		lookup, done, err := peerLookups()[i]()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		t.Cleanup(func() { done() })
		all[name] = lookup
	}
	return all
}

// families are the ways in which a client's socket meets a listener's.
var socketFamilies = []struct{ name, listen, address, dial string }{
	{"IPv4", "tcp4", "127.0.0.1:0", "tcp4"},
	{"IPv6", "tcp6", "[::1]:0", "tcp6"},
	{"IPv4 to a listener of every family", "tcp", ":0", "tcp4"},
}

// connected returns both ends of a connection.
func connected(t testing.TB, listen, address, dial string) (server, client net.Conn) {
	t.Helper()
	l, err := net.Listen(listen, address)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	target := l.Addr().String()
	if host, port, _ := net.SplitHostPort(target); host == "::" {
		target = "127.0.0.1:" + port
	}
	if client, err = net.Dial(dial, target); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	if server, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	return server, client
}

func ends(t testing.TB, server net.Conn) (peer, own netip.AddrPort) {
	t.Helper()
	peer, ok := loopbackAddress(server.RemoteAddr())
	own, ok2 := loopbackAddress(server.LocalAddr())
	if !ok || !ok2 {
		t.Fatalf("%v, %v", server.RemoteAddr(), server.LocalAddr())
	}
	return peer, own
}

func TestBothLookupsFindThisUsersSockets(t *testing.T) {
	for _, f := range socketFamilies {
		for name, lookup := range lookups(t) {
			t.Run(f.name+" by "+name, func(t *testing.T) {
				server, _ := connected(t, f.listen, f.address, f.dial)
				peer, own := ends(t, server)
				if uid, err := lookup(peer, own); err != nil || uid != os.Getuid() {
					t.Errorf("uid %d, %v", uid, err)
				}
			})
		}
	}
}

// A client may itself use an IPv6 socket and a v4-mapped address.
func TestBothLookupsFindMappedClients(t *testing.T) {
	for name, lookup := range lookups(t) {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen("tcp4", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			fd, err := unix.Socket(unix.AF_INET6, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer unix.Close(fd)
			to := &unix.SockaddrInet6{Port: l.Addr().(*net.TCPAddr).Port, Addr: netip.MustParseAddr("::ffff:127.0.0.1").As16()}
			if err := unix.Connect(fd, to); err != nil {
				t.Fatal(err)
			}
			server, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			defer server.Close()
			peer, own := ends(t, server)
			if uid, err := lookup(peer, own); err != nil || uid != os.Getuid() {
				t.Errorf("uid %d, %v", uid, err)
			}
		})
	}
}

// A closed socket counts as root's in both tables. Where we are root, that
// would let in whoever connects, sends and closes at once.
func TestNeitherLookupTrustsAClosedSocket(t *testing.T) {
	for _, f := range socketFamilies {
		for name, lookup := range lookups(t) {
			t.Run(f.name+" by "+name, func(t *testing.T) {
				server, client := connected(t, f.listen, f.address, f.dial)
				peer, own := ends(t, server)
				client.Close()
				if _, err := server.Read(make([]byte, 1)); err != io.EOF {
					t.Fatal(err)
				}
				if uid, err := lookup(peer, own); err == nil {
					t.Errorf("uid %d was told of a closed socket", uid)
				}
			})
		}
	}
}

// A client that has said its last word is on its way to being closed.
func TestNeitherLookupTakesAHalfClosedSocket(t *testing.T) {
	for name, lookup := range lookups(t) {
		server, client := connected(t, "tcp4", "127.0.0.1:0", "tcp4")
		peer, own := ends(t, server)
		if err := client.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if uid, err := lookup(peer, own); err == nil {
			t.Errorf("%s: uid %d was told of a socket that is closing", name, uid)
		}
	}
}

// The kernel's exact lookup falls back to whoever listens on the port.
func TestNeitherLookupTakesAListenerForTheClient(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	listening, _ := loopbackAddress(l.Addr())
	for name, lookup := range lookups(t) {
		if uid, err := lookup(listening, netip.MustParseAddrPort("127.0.0.1:9")); err == nil {
			t.Errorf("%s: uid %d of a listener passed for a client's", name, uid)
		}
	}
}

func TestForgedNetlinkAnswersAreRefused(t *testing.T) {
	peer, own := netip.MustParseAddrPort("127.0.0.1:1000"), netip.MustParseAddrPort("127.0.0.1:2000")
	good := make([]byte, netlinkHeader+diagMessage)
	good[4] = unix.SOCK_DIAG_BY_FAMILY
	body := good[netlinkHeader:]
	body[1] = tcpState
	putSockID(body[4:], peer, own)
	body[68] = 1 // inode
	if _, err := diagAnswer(good, peer, own); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name   string
		change func([]byte) []byte
	}{
		{"of another kind", func(b []byte) []byte { b[4] = 99; return b }},
		{"cut short", func(b []byte) []byte { return b[:len(b)-1] }},
		{"with nothing but its header", func(b []byte) []byte { return b[:netlinkHeader] }},
		{"about another peer port", func(b []byte) []byte { b[netlinkHeader+5]++; return b }},
		{"about another port of ours", func(b []byte) []byte { b[netlinkHeader+7]++; return b }},
		{"about a socket that closes", func(b []byte) []byte { b[netlinkHeader+1] = 4; return b }},
		{"about a socket that nobody holds", func(b []byte) []byte { b[netlinkHeader+68] = 0; return b }},
		{"that is an error", func(b []byte) []byte { b[4] = unix.NLMSG_ERROR; return b }},
	} {
		b := test.change(append([]byte{}, good...))
		if uid, err := diagAnswer(b, peer, own); err == nil {
			t.Errorf("an answer %s told of user %d", test.name, uid)
		}
	}
}

// Another user's process is refused by each lookup on each family. Only root
// can become another user; everybody else takes the place of one, by a check
// that expects somebody else.
func TestAnotherUsersProcessIsRefused(t *testing.T) {
	program := otherUsersProgram(t)
	for _, f := range socketFamilies {
		for name, lookup := range lookups(t) {
			t.Run(f.name+" by "+name, func(t *testing.T) {
				p := &peers{uid: os.Getuid(), lookup: lookup}
				var other *syscall.Credential
				if os.Getuid() == 0 {
					other = &syscall.Credential{Uid: 65534, Gid: 65534}
				} else {
					p.uid++
				}
				if got := dialAs(t, program, p, f.listen, f.address, f.dial, other); got != "refused" {
					t.Errorf("another user was %s", got)
				}
				p.uid = os.Getuid()
				if got := dialAs(t, program, p, f.listen, f.address, f.dial, nil); got != "let in" {
					t.Errorf("this user was %s", got)
				}
			})
		}
	}
}

// otherUsersProgram copies this test's binary to where every user can run it.
func otherUsersProgram(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "sallyport-peer-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	binary, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(folder, "dial")
	if err := os.WriteFile(program, binary, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	return program
}

// dialAs lets a child process connect to a checked listener.
func dialAs(t *testing.T, program string, p *peers, listen, address, dial string, as *syscall.Credential) string {
	t.Helper()
	plain, err := net.Listen(listen, address)
	if err != nil {
		t.Fatal(err)
	}
	var refused atomic.Uint64
	l := &peerListener{plain, p, func() { refused.Add(1) }}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.Write([]byte{1})
			time.AfterFunc(time.Second, func() { c.Close() })
		}
	}()
	_, port, _ := net.SplitHostPort(plain.Addr().String())
	host := "127.0.0.1"
	if dial == "tcp6" {
		host = "::1"
	}
	child := exec.Command(program, "-test.run=^TestPeerChild$")
	child.Dir = "/"
	child.Env = []string{"SALLYPORT_TEST_DIAL=" + net.JoinHostPort(host, port), "SALLYPORT_TEST_NETWORK=" + dial}
	child.SysProcAttr = &syscall.SysProcAttr{Credential: as}
	out, err := child.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	first, _, _ := strings.Cut(string(out), "\n")
	if (first == "refused") != (refused.Load() == 1) {
		t.Errorf("the child was %s, the counter says %d", first, refused.Load())
	}
	return first
}

func BenchmarkPeerCheck(b *testing.B) {
	for name, lookup := range lookups(b) {
		b.Run(name, func(b *testing.B) {
			server, _ := connected(b, "tcp4", "127.0.0.1:0", "tcp4")
			p := &peers{uid: os.Getuid(), lookup: lookup}
			b.ReportAllocs()
			for b.Loop() {
				if err := p.check(server); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
