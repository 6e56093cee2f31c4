package isolation

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
)

// errPeer is what a connection gets, in the counters only, whose other end is
// not a process of this user, or could not be told.
var errPeer = errors.New("isolation: connection of another user refused")

// peers tells whose process holds the other end of a loopback connection.
// Loopback is open to every user of a machine: host names, cookies and
// Sec-Fetch headers bind browsers, not programs, so where the system can say
// whose socket it is (Linux), that is asked before a byte is read.
type peers struct {
	uid    int
	lookup peerLookup // nil where the system can't tell: see peerCheckAvailable
	done   func() error
}

// A peerLookup returns the user whose live socket is bound to peer and
// connected to own. Both addresses are unmapped loopback addresses.
type peerLookup func(peer, own netip.AddrPort) (uid int, err error)

// newPeers finds a working lookup and tries it on a connection to itself: a
// system on which it should work and doesn't is an error, never a silent pass.
func newPeers() (*peers, error) {
	if !peerCheckAvailable() {
		return &peers{}, nil
	}
	p := &peers{uid: os.Getuid()}
	var problems []error
	for _, open := range peerLookups() {
		lookup, done, err := open()
		if err == nil {
			p.lookup, p.done = lookup, done
			if err = p.tryItself(); err == nil {
				return p, nil
			}
			done()
		}
		problems = append(problems, err)
	}
	return nil, fmt.Errorf("can't tell whose a loopback connection is: %w; let this process open netlink sockets or read /proc/net/tcp", errors.Join(problems...))
}

// check refuses a connection unless both ends are loopback addresses and the
// other end is a living socket of this process's user.
func (p *peers) check(c net.Conn) error {
	if p.lookup == nil {
		return nil
	}
	peer, ok := loopbackAddress(c.RemoteAddr())
	if !ok {
		return errPeer
	}
	own, ok := loopbackAddress(c.LocalAddr())
	if !ok {
		return errPeer
	}
	if uid, err := p.lookup(peer, own); err != nil || uid != p.uid {
		return errPeer
	}
	return nil
}

// close gives back what the lookup holds.
func (p *peers) close() error {
	if p.done == nil {
		return nil
	}
	return p.done()
}

// tryItself makes one connection and asks whose it is.
func (p *peers) tryItself() error {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		l, err = net.Listen("tcp6", "[::1]:0")
	}
	if err != nil {
		return err
	}
	defer l.Close()
	out, err := net.Dial(l.Addr().Network(), l.Addr().String())
	if err != nil {
		return err
	}
	defer out.Close()
	peer, _ := loopbackAddress(out.LocalAddr())
	own, _ := loopbackAddress(out.RemoteAddr())
	uid, err := p.lookup(peer, own)
	if err == nil && uid != p.uid {
		err = fmt.Errorf("user %d was reported for a connection of user %d", uid, p.uid)
	}
	return err
}

// loopbackAddress takes a v4-mapped address for the IPv4 address it is: a
// listener on every family reports its IPv4 connections so.
func loopbackAddress(a net.Addr) (netip.AddrPort, bool) {
	t, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}, false
	}
	ap := t.AddrPort()
	ap = netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
	return ap, ap.Addr().IsLoopback() && ap.Addr().Zone() == ""
}
