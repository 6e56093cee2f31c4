package core

import (
	"io"
	"net"
	"net/url"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// A socket belongs to whom its thread acts for when it is made.
func TestConnectionsOfOtherUsersAreCounted(t *testing.T) {
	if os.Getuid() != 0 {
		return // only root can act for another user
	}
	r := run(t, nil, nil)
	u, err := url.Parse(r.windows["main"].origin)
	if err != nil {
		t.Fatal(err)
	}
	dialAs := func(uid int) string {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if err := syscall.Setfsuid(uid); err != nil {
			t.Fatal(err)
		}
		defer syscall.Setfsuid(0)
		c, err := net.Dial("tcp4", "127.0.0.1:"+u.Port())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(10 * time.Second))
		io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		answer, _ := io.ReadAll(c)
		return string(answer)
	}
	if answer := dialAs(0); answer == "" || r.Stats().Foreign != 0 {
		t.Errorf("this user got %.40q, and %d are counted", answer, r.Stats().Foreign)
	}
	if answer := dialAs(65534); answer != "" || r.Stats().Foreign != 1 {
		t.Errorf("another user got %.40q, and %d are counted", answer, r.Stats().Foreign)
	}
}
