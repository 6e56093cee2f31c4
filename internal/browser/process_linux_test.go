package browser

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// group lists the living processes of the browser's group.
func group(p *Process) []int {
	var pids []int
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, stat := range stats {
		text, err := os.ReadFile(stat)
		if err != nil {
			continue // it ended
		}
		// pid (name) state parent group …; the name may hold anything.
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		if fields[2] == strconv.Itoa(p.cmd.Process.Pid) && fields[0] != "Z" {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(stat)))
			pids = append(pids, pid)
		}
	}
	return pids
}

// checkProcesses looks for the token in what every user can list.
func checkProcesses(t *testing.T, p *Process) {
	t.Helper()
	pids := group(p)
	if len(pids) == 0 {
		t.Error("the browser has no process group of its own")
	}
	for _, pid := range pids {
		line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if bytes.Contains(line, []byte("s3cret")) {
			t.Errorf("process %d shows the token: %q", pid, line)
		}
	}
}

func checkGone(t *testing.T, p *Process) {
	t.Helper()
	deadline := time.Now().Add(3 * time.Second)
	for len(group(p)) > 0 {
		if time.Now().After(deadline) {
			t.Fatalf("still running: %v", group(p))
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// fake writes a program that stands in for a browser.
func fake(t *testing.T, script string) Browser {
	t.Helper()
	path := filepath.Join(t.TempDir(), "chromium")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	return Browser{Name: Chromium, Path: path}
}

func TestInheritedDescriptorsAreClosed(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	// dup gives a descriptor without the close-on-exec mark, as a careless
	// parent would leave us one.
	fd, err := syscall.Dup(int(f.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	p, err := fake(t, "ls -l /proc/self/fd >&2").Open(context.Background(), launchFile(t, "http://localhost:1/"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	<-p.Done()
	if list := p.Stderr(); strings.Contains(list, f.Name()) || !strings.Contains(list, "/proc/") {
		t.Errorf("the browser holds:\n%s", list)
	}
}

func TestCloseEndsABrowserThatWillNot(t *testing.T) {
	p, err := fake(t, `trap "" TERM; sleep 1000 & echo ready >&2; while :; do sleep 1000; done`).
		Open(context.Background(), launchFile(t, "http://localhost:1/"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for p.Stderr() == "" {
		time.Sleep(5 * time.Millisecond)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	checkGone(t, p)
}

func TestBrowserEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	p, err := fake(t, "sleep 1000").Open(ctx, launchFile(t, "http://localhost:1/"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	<-p.Done()
	checkGone(t, p)
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if _, err := fake(t, "exit 0").Open(ctx, launchFile(t, "http://localhost:1/"), Options{}); err == nil {
		t.Error("a cancelled context started a browser")
	}
}

func TestErrRepeatsWhatTheBrowserWrote(t *testing.T) {
	p, err := fake(t, "echo no display >&2; exit 3").Open(context.Background(), launchFile(t, "http://localhost:1/"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if err := p.Err().Error(); !strings.Contains(err, "exit status 3") || !strings.Contains(err, "no display") {
		t.Error(err)
	}
}

// TestBrowserDiesWithUs runs this test's program once more as the one that
// opens a browser, kills it, and looks for the browser.
func TestBrowserDiesWithUs(t *testing.T) {
	if path := os.Getenv("SALLYPORT_TEST_BROWSER"); path != "" {
		p, err := Browser{Name: Chromium, Path: path}.Open(context.Background(), launchFile(t, "http://localhost:1/"), Options{})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println(p.cmd.Process.Pid)
		select {}
	}
	parent := exec.Command(os.Args[0], "-test.run=^TestBrowserDiesWithUs$")
	parent.Env = append(os.Environ(), "TMPDIR="+t.TempDir(), "SALLYPORT_TEST_BROWSER="+fake(t, "exec sleep 1000").Path)
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	var pid int
	if _, err := fmt.Fscan(out, &pid); err != nil {
		t.Fatal(err)
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	parent.Wait()
	deadline := time.Now().Add(3 * time.Second)
	for syscall.Kill(pid, 0) == nil {
		if text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); bytes.Contains(text, []byte(") Z ")) {
			return // dead, and not yet waited for by whoever adopted it
		}
		if time.Now().After(deadline) {
			syscall.Kill(pid, syscall.SIGKILL)
			t.Fatal("the browser outlived a killed program")
		}
		time.Sleep(20 * time.Millisecond)
	}
}
