package isolation

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"testing"
)

func TestPeerCheckIsWhatTheSystemOffers(t *testing.T) {
	p, err := newPeers()
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	if got := p.lookup != nil; got != peerCheckAvailable() {
		t.Errorf("a lookup is there: %v, available: %v", got, peerCheckAvailable())
	}
}

// connection is a net.Conn of which only the addresses matter.
type connection struct {
	net.Conn
	local, remote net.Addr
}

func (c connection) LocalAddr() net.Addr  { return c.local }
func (c connection) RemoteAddr() net.Addr { return c.remote }

func tcp(address string) net.Addr { return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(address)) }

func TestPeerCheckRefusesWhatItCanNotTell(t *testing.T) {
	const me = 1000
	found := func(uid int, err error) peerLookup {
		return func(netip.AddrPort, netip.AddrPort) (int, error) { return uid, err }
	}
	for _, test := range []struct {
		name          string
		local, remote net.Addr
		lookup        peerLookup
		ok            bool
	}{
		{"this user", tcp("127.0.0.1:1"), tcp("127.0.0.1:2"), found(me, nil), true},
		{"this user over IPv6", tcp("[::1]:1"), tcp("[::1]:2"), found(me, nil), true},
		{"this user over a listener of every family", tcp("[::ffff:127.0.0.1]:1"), tcp("[::ffff:127.0.0.1]:2"), found(me, nil), true},
		{"where the system can't tell, everybody", tcp("127.0.0.1:1"), tcp("127.0.0.1:2"), nil, true},

		{"another user", tcp("127.0.0.1:1"), tcp("127.0.0.1:2"), found(me+1, nil), false},
		{"root, when we are not", tcp("127.0.0.1:1"), tcp("127.0.0.1:2"), found(0, nil), false},
		{"nobody that can be found", tcp("127.0.0.1:1"), tcp("127.0.0.1:2"), found(me, errors.New("gone")), false},
		{"another machine", tcp("192.0.2.1:1"), tcp("192.0.2.2:2"), found(me, nil), false},
		{"another machine that reaches a loopback address", tcp("127.0.0.1:1"), tcp("192.0.2.2:2"), found(me, nil), false},
		{"a mapped address of another machine", tcp("127.0.0.1:1"), tcp("[::ffff:192.0.2.2]:2"), found(me, nil), false},
		{"no TCP at all", &net.UnixAddr{}, &net.UnixAddr{}, found(me, nil), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := &peers{uid: me, lookup: test.lookup}
			if err := p.check(connection{local: test.local, remote: test.remote}); (err == nil) != test.ok {
				t.Error(err)
			}
		})
	}
}

// TestPeerChild is no test of its own: started by others as another process,
// perhaps as another user, it connects and reports whether it was let in.
func TestPeerChild(t *testing.T) {
	address := os.Getenv("SALLYPORT_TEST_DIAL")
	if address == "" {
		return
	}
	c, err := net.Dial(os.Getenv("SALLYPORT_TEST_NETWORK"), address)
	if err != nil {
		os.Stdout.WriteString("unreachable\n")
		return
	}
	defer c.Close()
	if _, err := c.Read(make([]byte, 1)); err != nil {
		os.Stdout.WriteString("refused\n")
		return
	}
	os.Stdout.WriteString("let in\n")
}
