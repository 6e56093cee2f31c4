package browser

import (
	"errors"
	"fmt"
	"os"
)

// A Pipe carries the messages of Chromium's DevTools protocol, JSON texts that
// each end with a zero byte. Nobody else has an end of it: a debugging port
// would be open to every user of the machine. Reads end with the browser.
type Pipe struct{ in, out *os.File }

// Read reads what the browser says.
func (p *Pipe) Read(b []byte) (int, error) { return p.in.Read(b) }

// Write tells the browser something. Messages that are written at once from
// several goroutines get mixed up.
func (p *Pipe) Write(b []byte) (int, error) { return p.out.Write(b) }

func (p *Pipe) close() error { return errors.Join(p.in.Close(), p.out.Close()) }

// DevTools is the pipe of a browser that was opened with Options.DevTools, and
// otherwise nil.
func (p *Process) DevTools() *Pipe { return p.tools }

// openPipe makes the pipe: Chromium reads descriptor 3 and writes descriptor 4.
func (p *Process) openPipe() error {
	if p.Browser.Name != Chromium {
		return fmt.Errorf("browser: Options.DevTools is for %s; %s has no such pipe", Chromium, p.Browser.Name)
	}
	theirIn, out, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("browser: failed to make a pipe: %w", err)
	}
	in, theirOut, err := os.Pipe()
	if err != nil {
		return errors.Join(fmt.Errorf("browser: failed to make a pipe: %w", err), theirIn.Close(), out.Close())
	}
	p.tools = &Pipe{in, out}
	p.cmd.ExtraFiles = []*os.File{theirIn, theirOut}
	return nil
}

// closeTheirs closes the ends that the browser has by now, or will never have.
func (p *Process) closeTheirs() {
	for _, f := range p.cmd.ExtraFiles {
		_ = f.Close() // nothing was written
	}
}
