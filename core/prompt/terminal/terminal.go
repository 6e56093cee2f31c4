//go:build unix && !aix && !solaris && !illumos

package terminal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
	"golang.org/x/term"

	"github.com/sallyport/sallyport/core"
)

const (
	// settle is how long after the question what is typed does not count.
	settle = 500 * time.Millisecond
	// tick is how soon a question is taken away that nobody waits for.
	tick = 50 * time.Millisecond

	maxLine    = 64 // bytes of an answer; longer ones are no answer
	maxColumns = 100
)

// A Prompter asks on one terminal, one question at a time. It is safe for
// concurrent use.
type Prompter struct {
	mu   sync.Mutex
	open func() (*os.File, error)
}

var _ core.Prompter = (*Prompter)(nil)

// New asks on the process's controlling terminal, whatever standard input and
// output are. An error says that there is none.
func New() (*Prompter, error) {
	open := func() (*os.File, error) { return os.OpenFile("/dev/tty", os.O_RDWR|unix.O_NOCTTY, 0) }
	f, err := open()
	if err != nil {
		return nil, fmt.Errorf("terminal: the program has no terminal to ask on: %w", err)
	}
	return &Prompter{open: open}, f.Close()
}

// Ask writes the question and reads the answer.
func (p *Prompter) Ask(ctx context.Context, q core.Question) (core.Answer, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f, err := p.open()
	if err != nil {
		return core.AnswerNo, fmt.Errorf("terminal: %w", err)
	}
	defer f.Close()
	return ask(ctx, int(f.Fd()), f, q)
}

func ask(ctx context.Context, fd int, f *os.File, q core.Question) (core.Answer, error) {
	if !term.IsTerminal(fd) {
		return core.AnswerNo, errors.New("terminal: what was to be asked on is no terminal")
	}
	if group, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP); err == nil && group != unix.Getpgrp() {
		return core.AnswerNo, errors.New("terminal: the program is in the background; bring it to the foreground to be asked")
	}
	if _, err := f.WriteString(render(fd, q)); err != nil {
		return core.AnswerNo, fmt.Errorf("terminal: %w", err)
	}
	line, err := readLine(ctx, fd)
	if err != nil {
		// What was begun is nobody's answer, nor a command for the shell.
		_ = flush(fd)
		_, _ = f.WriteString("\n(no answer is needed any more)\n")
		return core.AnswerNo, fmt.Errorf("terminal: %w", err)
	}
	for _, a := range q.Answers {
		if line == a.String() {
			return a, nil
		}
	}
	return core.AnswerNo, nil
}

// render is the question with the words that answer it.
func render(fd int, q core.Question) string {
	columns, _, err := term.GetSize(fd)
	if err != nil || columns <= 0 || columns > maxColumns {
		columns = maxColumns
	}
	words := make([]string, 0, len(q.Answers)+1)
	for _, a := range q.Answers {
		words = append(words, a.String())
	}
	return "\n" + strings.Join(q.Lines(columns), "\n") + "\nType " + strings.Join(words, ", ") + " or no, and Enter: "
}

// readLine reads one line that was typed after the question had been there for
// a moment.
func readLine(ctx context.Context, fd int) (string, error) {
	select {
	case <-time.After(settle):
	case <-ctx.Done():
		return "", ctx.Err()
	}
	if err := flush(fd); err != nil {
		return "", fmt.Errorf("dropping what was typed before: %w", err)
	}
	var line []byte
	for {
		ready, err := readable(fd)
		switch {
		case ctx.Err() != nil:
			return "", ctx.Err()
		case err != nil:
			return "", err
		case !ready:
			continue
		}
		buf := make([]byte, maxLine)
		n, err := unix.Read(fd, buf)
		switch {
		case errors.Is(err, unix.EINTR), errors.Is(err, unix.EAGAIN):
			continue
		case err != nil:
			return "", err
		case n == 0:
			return "", errors.New("the terminal was closed")
		}
		line = append(line, buf[:n]...)
		if end := strings.IndexByte(string(line), '\n'); end >= 0 {
			return strings.TrimSpace(string(line[:end])), nil
		}
		if len(line) > maxLine {
			return "", errors.New("the answer is too long")
		}
	}
}

// readable waits a moment for something to read: a terminal hands out whole
// lines, so that a read does not block then.
func readable(fd int) (bool, error) {
	if fd >= unix.FD_SETSIZE {
		return false, errors.New("too many files are open to wait for the terminal")
	}
	var set unix.FdSet
	set.Set(fd)
	timeout := unix.NsecToTimeval(tick.Nanoseconds())
	n, err := unix.Select(fd+1, &set, nil, nil, &timeout)
	if errors.Is(err, unix.EINTR) {
		return false, nil
	}
	return n > 0, err
}
