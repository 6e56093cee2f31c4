package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/metrics"
	"strconv"
	"strings"
	"time"
)

// A PeersProgram is the module bench/peers of a checkout, which knows other
// engines. They stay out of Sallyport's own module that way.
type PeersProgram struct {
	dir    string
	reason string // why there is none
	stderr io.Writer
}

// PeersUnavailable says why other engines can't be measured here. It is no
// fault of theirs or ours.
type PeersUnavailable struct{ Reason string }

// Error is the reason, and what to do about it.
func (e *PeersUnavailable) Error() string { return e.Reason }

// peersModule is the first line of its go.mod.
const peersModule = "module github.com/sallyport/sallyport/bench/peers\n"

// FindPeers looks for bench/peers in dir and the folders above it. What the
// program and the go command say goes to stderr.
func FindPeers(dir string, stderr io.Writer) PeersProgram {
	p := PeersProgram{stderr: stderr}
	here, err := filepath.Abs(dir)
	if err != nil {
		p.reason = err.Error()
		return p
	}
	for at := here; ; at = filepath.Dir(at) {
		folder := filepath.Join(at, "bench", "peers")
		text, err := os.ReadFile(filepath.Join(folder, "go.mod"))
		if err == nil && strings.HasPrefix(string(text), peersModule) {
			// What stands there will be run. In a folder that anybody can write to,
			// such as /tmp, somebody else may have put it there.
			if !trusted(folder, here) {
				p.reason = fmt.Sprintf("%s belongs to another user than you and this folder; run from a checkout of your own", folder)
				return p
			}
			p.dir = folder
			return p
		}
		if filepath.Dir(at) == at {
			p.reason = fmt.Sprintf("there is no bench/peers in %s or above it; run from a checkout of Sallyport", here)
			return p
		}
	}
}

// trusted reports whether folder and its go.mod belong to this user, or to who
// owns the folder that the user went to.
func trusted(folder, here string) bool {
	for _, name := range []string{folder, filepath.Join(folder, "go.mod")} {
		if !mayRun(owner(name), os.Getuid(), owner(here)) {
			return false
		}
	}
	return true
}

func mayRun(owner, user, here int) bool {
	return owner != unknownOwner && (owner == user || owner == here)
}

// unknownOwner stands for what can't be told.
const unknownOwner = -2

// A peerProcess is the running program: a line of JSON in, a line out.
type peerProcess struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// collectorTarget is this process's, so that the peers' garbage is collected
// as seldom as ours.
func collectorTarget() string {
	now := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	metrics.Read(now)
	return strconv.FormatUint(now[0].Value.Uint64(), 10)
}

// start runs the program. A [*PeersUnavailable] means that it could not be
// built or did not come to its first line.
func (p PeersProgram) start(ctx context.Context) (*peerProcess, error) {
	if p.dir == "" {
		return nil, &PeersUnavailable{p.reason}
	}
	goTool, err := exec.LookPath("go")
	if err != nil {
		return nil, &PeersUnavailable{"the go command is not in PATH, which builds " + p.dir}
	}
	cmd := exec.CommandContext(ctx, goTool, "run", ".")
	cmd.Dir, cmd.Stderr = p.dir, p.stderr
	// The workspace and the flags of whoever calls are about another module.
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-buildvcs=false", "GOGC="+collectorTarget())
	// go run is no parent that can be ended with its child, but the child ends
	// with its input.
	cmd.WaitDelay = 5 * time.Second
	process := &peerProcess{cmd: cmd}
	if process.in, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	process.out = bufio.NewReader(out)
	if err := cmd.Start(); err != nil {
		return nil, &PeersUnavailable{fmt.Sprintf("go run in %s: %v", p.dir, err)}
	}
	var hello struct {
		Ready bool `json:"ready"`
	}
	if err := process.answer(&hello); err != nil || !hello.Ready {
		process.close()
		return nil, &PeersUnavailable{fmt.Sprintf("go run in %s did not come to its first line; what it said stands above", p.dir)}
	}
	return process, nil
}

func (p *peerProcess) close() {
	p.in.Close()
	p.cmd.Wait()
}

// exchange sends a line and reads the next.
func (p *peerProcess) exchange(question, answer any) error {
	text, err := json.Marshal(question)
	if err == nil {
		_, err = p.in.Write(append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("the peers take no more questions: %w", err)
	}
	return p.answer(answer)
}

func (p *peerProcess) answer(into any) error {
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("the peers gave no answer: %w", err)
	}
	var failed struct {
		Error string `json:"error"`
	}
	if err := json.Unmarshal(line, &failed); err != nil {
		return fmt.Errorf("the peers answered no JSON: %w", err)
	}
	if failed.Error != "" {
		return errors.New("the peers: " + failed.Error)
	}
	return json.Unmarshal(line, into)
}

// A peerRequest is one question to the program; one of its fields is set.
type peerRequest struct {
	Load    *workload `json:"load,omitempty"`    // answered with peerLoaded
	Variant string    `json:"variant,omitempty"` // of the two that follow
	Calls   []call    `json:"calls,omitempty"`   // answered with verdicts
	Round   int       `json:"round,omitempty"`   // decisions; answered with a cost
}

// peerLoaded is an engine that has read the workload.
type peerLoaded struct {
	Variant string  `json:"variant"`
	LoadMs  float64 `json:"load_ms"`
}

func (p *peerProcess) load(w workload) ([]peerLoaded, error) {
	var answer struct {
		Loaded []peerLoaded `json:"loaded"`
	}
	err := p.exchange(peerRequest{Load: &w}, &answer)
	if err == nil && len(answer.Loaded) == 0 {
		err = errors.New("the peers loaded no engine")
	}
	return answer.Loaded, err
}

// A remote contender runs in the peers' process.
type remote struct {
	process *peerProcess
	variant string
}

func (r *remote) verdicts(calls []call) ([]bool, error) {
	var answer struct {
		Verdicts []bool `json:"verdicts"`
	}
	err := r.process.exchange(peerRequest{Variant: r.variant, Calls: calls}, &answer)
	return answer.Verdicts, err
}

func (r *remote) round(n int) (cost, error) {
	var answer struct {
		Cost cost `json:"cost"`
	}
	err := r.process.exchange(peerRequest{Variant: r.variant, Round: n}, &answer)
	if err == nil && answer.Cost.Ns <= 0 {
		err = errors.New("the peers measured nothing")
	}
	return answer.Cost, err
}
