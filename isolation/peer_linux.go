package isolation

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// peerCheckAvailable says whether connections of other users are told apart.
func peerCheckAvailable() bool { return true }

// peerLookups are the ways to ask, best first.
func peerLookups() []func() (peerLookup, func() error, error) {
	return []func() (peerLookup, func() error, error){openSockDiag, openProcNet}
}

// Layout of sock_diag(7): struct nlmsghdr (16 bytes), then on the way out
// struct inet_diag_req_v2, on the way in struct inet_diag_msg.
const (
	netlinkHeader = 16
	diagRequest   = netlinkHeader + 8 + 48
	diagMessage   = 4 + 48 + 20
	tcpState      = 1 // TCP_ESTABLISHED
)

// openSockDiag asks the kernel for exactly one socket by its two addresses,
// at a cost that doesn't grow with the number of sockets.
func openSockDiag() (peerLookup, func() error, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return nil, nil, fmt.Errorf("netlink: %w", err)
	}
	// An answer is there when the request returns. The limit is for a kernel
	// that never gives one: no answer refuses the connection.
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 1}); err != nil {
		unix.Close(fd)
		return nil, nil, fmt.Errorf("netlink: %w", err)
	}
	d := &sockDiag{fd: fd}
	return d.lookup, d.close, nil
}

type sockDiag struct {
	mu       sync.Mutex
	fd       int // -1 when closed
	sequence uint32
}

func (d *sockDiag) close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fd < 0 {
		return nil
	}
	fd := d.fd
	d.fd = -1
	return unix.Close(fd)
}

func (d *sockDiag) lookup(peer, own netip.AddrPort) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fd < 0 {
		return 0, os.ErrClosed
	}
	d.sequence++
	if err := unix.Sendto(d.fd, diagQuery(d.sequence, peer, own), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return 0, fmt.Errorf("netlink: %w", err)
	}
	var buffer [1024]byte
	for {
		n, from, err := unix.Recvfrom(d.fd, buffer[:], 0)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return 0, fmt.Errorf("netlink: %w", err)
		}
		// Any process can send to a netlink socket; only the kernel is port 0.
		if kernel, ok := from.(*unix.SockaddrNetlink); !ok || kernel.Pid != 0 {
			continue
		}
		if n < netlinkHeader || binary.NativeEndian.Uint32(buffer[8:]) != d.sequence {
			continue // the late answer to a request that timed out
		}
		return diagAnswer(buffer[:n], peer, own)
	}
}

// diagQuery asks for the socket at peer's end: its source is peer.
func diagQuery(sequence uint32, peer, own netip.AddrPort) []byte {
	q := make([]byte, diagRequest)
	binary.NativeEndian.PutUint32(q[0:], diagRequest)
	binary.NativeEndian.PutUint16(q[4:], unix.SOCK_DIAG_BY_FAMILY)
	binary.NativeEndian.PutUint16(q[6:], unix.NLM_F_REQUEST)
	binary.NativeEndian.PutUint32(q[8:], sequence)
	b := q[netlinkHeader:]
	// An IPv4 request also finds an IPv6 socket with v4-mapped addresses.
	b[0] = unix.AF_INET6
	if peer.Addr().Is4() {
		b[0] = unix.AF_INET
	}
	b[1] = unix.IPPROTO_TCP
	binary.NativeEndian.PutUint32(b[4:], 1<<tcpState)
	putSockID(b[8:], peer, own)
	return q
}

// putSockID writes struct inet_diag_sockid: ports and addresses in network
// order, any interface, no cookie.
func putSockID(b []byte, source, destination netip.AddrPort) {
	binary.BigEndian.PutUint16(b[0:], source.Port())
	binary.BigEndian.PutUint16(b[2:], destination.Port())
	copy(b[4:20], source.Addr().AsSlice())
	copy(b[20:36], destination.Addr().AsSlice())
	binary.NativeEndian.PutUint64(b[40:], ^uint64(0))
}

// diagAnswer reads the user from an answer about a living, connected socket
// with exactly these addresses. The lookup falls back to a listener on the
// port when the socket is gone; and a socket that was closed, or lingers,
// counts as root's, whoever made it. Neither may pass.
func diagAnswer(b []byte, peer, own netip.AddrPort) (int, error) {
	kind := binary.NativeEndian.Uint16(b[4:])
	body := b[netlinkHeader:]
	if kind == unix.NLMSG_ERROR && len(body) >= 4 {
		return 0, fmt.Errorf("netlink: %w", unix.Errno(-int32(binary.NativeEndian.Uint32(body))))
	}
	if kind != unix.SOCK_DIAG_BY_FAMILY || len(body) < diagMessage {
		return 0, errors.New("netlink: answer of another kind")
	}
	id := body[4:52]
	if binary.BigEndian.Uint16(id[0:]) != peer.Port() || binary.BigEndian.Uint16(id[2:]) != own.Port() {
		return 0, errors.New("netlink: answer about another socket")
	}
	uid := binary.NativeEndian.Uint32(body[64:])
	inode := binary.NativeEndian.Uint32(body[68:])
	if body[1] != tcpState || inode == 0 {
		return 0, errors.New("netlink: the socket is not connected any more")
	}
	return int(uid), nil
}

// openProcNet reads the kernel's table of all sockets: slower by the number
// of them, but there where netlink is filtered away.
func openProcNet() (peerLookup, func() error, error) {
	if _, err := os.Stat("/proc/net/tcp"); err != nil {
		return nil, nil, err
	}
	return procNetLookup, func() error { return nil }, nil
}

func procNetLookup(peer, own netip.AddrPort) (int, error) {
	if peer.Addr().Is4() {
		if uid, err := procNetUser("/proc/net/tcp", procAddress(peer, false), procAddress(own, false)); err == nil {
			return uid, nil
		}
	}
	return procNetUser("/proc/net/tcp6", procAddress(peer, true), procAddress(own, true))
}

// procNetUser finds the line of a connected socket. Its fields are: sl,
// local_address, rem_address, st, queues, tr, retrnsmt, uid, timeout, inode.
func procNetUser(table, source, destination string) (int, error) {
	f, err := os.Open(table)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		field := strings.Fields(lines.Text())
		if len(field) < 10 || field[1] != source || field[2] != destination || field[3] != "01" || field[9] == "0" {
			continue
		}
		return strconv.Atoi(field[7])
	}
	if err := lines.Err(); err != nil {
		return 0, fmt.Errorf("%s: %w", table, err)
	}
	return 0, fmt.Errorf("%s: no such connected socket", table)
}

// procAddress spells an address as the tables do: each 32-bit word of it as
// the machine holds it, in hexadecimal.
func procAddress(a netip.AddrPort, six bool) string {
	bytes := a.Addr().AsSlice()
	if six {
		full := a.Addr().As16()
		bytes = full[:]
	}
	words := make([]byte, 0, 16)
	for i := 0; i < len(bytes); i += 4 {
		words = binary.BigEndian.AppendUint32(words, binary.NativeEndian.Uint32(bytes[i:]))
	}
	return fmt.Sprintf("%s:%04X", strings.ToUpper(hex.EncodeToString(words)), a.Port())
}
