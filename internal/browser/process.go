package browser

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"
)

// stopWithin is how long a browser may take to end after it was told to;
// after that it is killed.
const stopWithin = 2 * time.Second

// A Process is a running browser. Its methods may be called from any
// goroutine.
type Process struct {
	Browser Browser

	cmd    *exec.Cmd
	folder string // private: profile and launch file
	tools  *Pipe  // nil unless Options.DevTools
	stderr *tail
	ended  chan struct{}
	err    error // of Wait; read after ended
	closed sync.Once
	gone   error // of Close
}

// Open starts the browser on a launch file: an HTML document that sends it to
// the page, such as isolation.WriteLaunchFile makes. The file is copied, and
// may be removed once Open has returned. The process ends with ctx, with
// Close, and on Linux with this program, however that ends. The caller must
// call Close.
func (b Browser) Open(ctx context.Context, file string, o Options) (*Process, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("browser: not started: %w", err)
	}
	parent, err := b.folderParent()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp(parent, "sallyport-browser-")
	if err != nil {
		return nil, fmt.Errorf("browser: failed to make a private folder: %w", err)
	}
	p := &Process{Browser: b, folder: folder, stderr: &tail{max: 16 << 10}, ended: make(chan struct{})}
	if err := p.start(ctx, file, o); err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	return p, nil
}

func (p *Process) start(ctx context.Context, file string, o Options) error {
	if err := os.Mkdir(filepath.Join(p.folder, "profile"), 0o700); err != nil {
		return fmt.Errorf("browser: failed to make a profile: %w", err)
	}
	if p.Browser.Name == Firefox {
		prefs := filepath.Join(p.folder, "profile", "user.js")
		if err := os.WriteFile(prefs, []byte(userJS), 0o600); err != nil {
			return fmt.Errorf("browser: failed to write a profile: %w", err)
		}
	}
	page := filepath.Join(p.folder, "launch.html")
	if err := copyPrivate(page, file); err != nil {
		return err
	}
	p.cmd = exec.Command(p.Browser.Path, p.Browser.arguments(p.folder, page, o, os.Geteuid() == 0)...)
	p.cmd.Stderr = p.stderr
	p.cmd.Env = append(os.Environ(), "MOZ_CRASHREPORTER_DISABLE=1", "MOZ_DATA_REPORTING=0")
	if folder, ok := p.temporary(); ok {
		p.cmd.Env = append(p.cmd.Env, "TMPDIR="+folder)
	}
	p.cmd.Env = append(p.cmd.Env, o.Env...)
	p.cmd.WaitDelay = stopWithin
	prepare(p.cmd)
	if o.DevTools {
		if err := p.openPipe(); err != nil {
			return err
		}
		defer p.closeTheirs()
	}

	started := make(chan error, 1)
	go func() {
		// The kernel's parent-death signal follows the thread that started
		// the child, not the program: this one lives until the child ends.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := closeOnExec()
		if err == nil {
			err = p.cmd.Start()
		}
		started <- err
		if err == nil {
			p.err = p.cmd.Wait()
			close(p.ended)
		}
	}()
	if err := <-started; err != nil {
		err = fmt.Errorf("browser: failed to start %s: %w", p.Browser.Path, err)
		if p.tools != nil {
			err = errors.Join(err, p.tools.close())
		}
		return err
	}
	go func() {
		select {
		case <-ctx.Done():
			p.Close()
		case <-p.ended:
		}
	}()
	return nil
}

// longestSocket is what the path of a Unix socket may have on every system,
// and chromiumSocket what Chromium puts one at below TMPDIR.
const (
	longestSocket  = 103
	chromiumSocket = "/org.chromium.Chromium.XXXXXX/SingletonSocket"
)

// temporary makes the browser's own temporary folder. Chromium leaves one
// behind in TMPDIR each time that it is killed.
func (p *Process) temporary() (folder string, ok bool) {
	folder = filepath.Join(p.folder, "tmp")
	if len(folder)+len(chromiumSocket) > longestSocket {
		return "", false
	}
	return folder, os.Mkdir(folder, 0o700) == nil
}

// Done is closed when the browser has ended, by itself or by Close.
func (p *Process) Done() <-chan struct{} { return p.ended }

// Err describes a browser that ended by itself, with the last lines that it
// wrote. It blocks until Done.
func (p *Process) Err() error {
	<-p.ended
	status := "without an error"
	if p.err != nil {
		status = p.err.Error()
	}
	return fmt.Errorf("browser: %s ended (%s)%s", p.Browser.Path, status, p.stderr)
}

// Stderr is the end of what the browser wrote to its standard error so far,
// at most 16 KiB. It is the browser's own text: show it, don't parse it.
func (p *Process) Stderr() string { return strings.TrimSpace(p.stderr.text()) }

// Close ends the browser and all that it started, and removes its private
// folder. It may be called more than once.
func (p *Process) Close() error {
	p.closed.Do(func() {
		interrupt(p.cmd)
		select {
		case <-p.ended:
		case <-time.After(stopWithin):
		}
		kill(p.cmd) // also what is left of the group after its leader
		<-p.ended
		p.gone = removeAll(p.folder)
		if p.tools != nil {
			p.gone = errors.Join(p.gone, p.tools.close())
		}
	})
	return p.gone
}

// removeAll tries for a while: the last helpers of a killed browser may still
// be writing.
func removeAll(folder string) error {
	var err error
	for range 20 {
		if err = os.RemoveAll(folder); err == nil {
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return fmt.Errorf("browser: failed to remove the private folder: %w", err)
}

// A tail keeps the last max bytes written to it.
type tail struct {
	max int
	mu  sync.Mutex
	buf []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := len(p)
	if n > t.max {
		p = p[n-t.max:]
	}
	if over := len(t.buf) + len(p) - t.max; over > 0 {
		t.buf = append(t.buf[:0], t.buf[over:]...)
	}
	t.buf = append(t.buf, p...)
	return n, nil
}

func (t *tail) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.buf)
}

// String is the last five lines, indented for the end of an error message.
func (t *tail) String() string {
	text := strings.TrimSpace(t.text())
	if text == "" {
		return ""
	}
	lines := strings.Split(text, "\n")
	if len(lines) > 5 {
		lines = lines[len(lines)-5:]
	}
	return "; it wrote:\n\t" + strings.Join(lines, "\n\t")
}
