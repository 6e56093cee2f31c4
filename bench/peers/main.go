// Command peers decides the workload of `sallyport bench policy` with other
// engines: plain OPA, Cedar and Casbin. It has a module of its own, so that
// none of them comes near an app. sallyport starts it and asks a line of JSON
// at a time; it is of no use by hand.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"
)

// A workload, its grants and calls are those of internal/bench/workload.go.
type workload struct {
	Grants []grant `json:"grants"`
	Hot    []call  `json:"hot"`
}

type grant struct {
	Window   string   `json:"window"`
	Origin   string   `json:"origin"`
	Commands []string `json:"commands"`
	Paths    []string `json:"paths"`
	Size     int64    `json:"size"`
}

type call struct {
	Window  string `json:"window"`
	Origin  string `json:"origin"`
	Command string `json:"command"`
	Path    string `json:"path"`
	Size    int64  `json:"size"`
	Allowed bool   `json:"allowed"`
}

// A request is one question; one of Load, Calls and Round is set.
type request struct {
	Load    *workload `json:"load"`
	Variant string    `json:"variant"`
	Calls   []call    `json:"calls"`
	Round   int       `json:"round"`
}

// An answer has what its request asked for, or an error.
type answer struct {
	Error    string   `json:"error,omitempty"`
	Ready    bool     `json:"ready,omitempty"`
	Loaded   []loaded `json:"loaded,omitempty"`
	Verdicts []bool   `json:"verdicts,omitempty"`
	Cost     *cost    `json:"cost,omitempty"`
}

type loaded struct {
	Variant string  `json:"variant"`
	LoadMs  float64 `json:"load_ms"`
}

type cost struct {
	Ns     float64 `json:"ns"`
	Allocs float64 `json:"allocs"`
	Bytes  float64 `json:"bytes"`
}

// An engine decides one call.
type engine func(c *call) (allowed bool, err error)

func main() {
	if err := serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

func serve(in io.Reader, out io.Writer) error {
	lines, answers := bufio.NewReader(in), json.NewEncoder(out)
	if err := answers.Encode(answer{Ready: true}); err != nil {
		return err
	}
	var t table
	for {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		var r request
		var a answer
		if err = json.Unmarshal(line, &r); err == nil {
			a, err = t.answer(r)
		}
		if err != nil {
			a = answer{Error: err.Error()}
		}
		if err := answers.Encode(a); err != nil {
			return err
		}
	}
}

// A table is the engines of one workload.
type table struct {
	engines map[string]engine
	hot     []call
	next    map[string]int // of hot, for each engine
}

func (t *table) answer(r request) (answer, error) {
	if r.Load != nil {
		return t.load(*r.Load)
	}
	e := t.engines[r.Variant]
	if e == nil {
		return answer{}, fmt.Errorf("no engine is called %q", r.Variant)
	}
	if r.Round > 0 {
		c, err := t.round(r.Variant, e, r.Round)
		return answer{Cost: c}, err
	}
	var a answer
	for i := range r.Calls {
		allowed, err := e(&r.Calls[i])
		if err != nil {
			return answer{}, fmt.Errorf("%s: %w", r.Variant, err)
		}
		a.Verdicts = append(a.Verdicts, allowed)
	}
	return a, nil
}

func (t *table) load(w workload) (answer, error) {
	*t = table{engines: make(map[string]engine), hot: w.Hot, next: make(map[string]int)}
	runtime.GC()
	var a answer
	for _, known := range []struct {
		variant string
		load    func([]grant) (engine, error)
	}{{"opa", newOPA}, {"cedar", newCedar}, {"casbin", newCasbin}} {
		began := time.Now()
		e, err := known.load(w.Grants)
		if err != nil {
			return answer{}, fmt.Errorf("%s: %w", known.variant, err)
		}
		t.engines[known.variant] = e
		a.Loaded = append(a.Loaded, loaded{known.variant, time.Since(began).Seconds() * 1e3})
	}
	return a, nil
}

func (t *table) round(variant string, decide engine, n int) (*cost, error) {
	if err := t.turn(variant, decide, n/warmUp); err != nil {
		return nil, err
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := time.Now()
	if err := t.turn(variant, decide, n); err != nil {
		return nil, err
	}
	took := time.Since(began)
	runtime.ReadMemStats(&after)
	return &cost{float64(took.Nanoseconds()), float64(after.Mallocs - before.Mallocs), float64(after.TotalAlloc - before.TotalAlloc)}, nil
}

// warmUp is that of internal/bench.
const warmUp = 8

// turn takes n decisions.
func (t *table) turn(variant string, decide engine, n int) error {
	next := t.next[variant]
	for range n {
		allowed, err := decide(&t.hot[next])
		if err != nil || !allowed {
			return fmt.Errorf("%s denied %s while it was timed, error: %v", variant, t.hot[next].Command, err)
		}
		if next++; next == len(t.hot) {
			next = 0
		}
	}
	t.next[variant] = next
	return nil
}
