package soak

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// answerWithin is how long the browser may take for an answer, garbage
// collections on a busy machine included.
const answerWithin = 60 * time.Second

// A devtools speaks Chromium's DevTools protocol. Its methods may be called
// from many goroutines.
type devtools struct {
	pipe  io.ReadWriter
	heard func(session, method string, params json.RawMessage) // in order, in the reading goroutine

	writing sync.Mutex
	mu      sync.Mutex
	last    int
	waiting map[int]chan message
	over    error
}

type message struct {
	ID        int             `json:"id,omitempty"`
	SessionID string          `json:"sessionId,omitempty"`
	Method    string          `json:"method,omitempty"`
	Params    json.RawMessage `json:"params,omitempty"`
	Result    json.RawMessage `json:"result,omitempty"`
	Error     *struct {
		Message string `json:"message"`
	} `json:"error,omitempty"`
}

// newDevtools reads until the browser ends.
func newDevtools(pipe io.ReadWriter, heard func(session, method string, params json.RawMessage)) *devtools {
	d := &devtools{pipe: pipe, heard: heard, waiting: map[int]chan message{}}
	go d.read()
	return d
}

func (d *devtools) read() {
	r := bufio.NewReader(d.pipe)
	for {
		text, err := r.ReadBytes(0)
		var m message
		if err == nil {
			err = json.Unmarshal(bytes.TrimSuffix(text, []byte{0}), &m)
		}
		if err != nil {
			d.end(err)
			return
		}
		if m.ID == 0 {
			d.heard(m.SessionID, m.Method, m.Params)
			continue
		}
		d.mu.Lock()
		answer := d.waiting[m.ID]
		delete(d.waiting, m.ID)
		d.mu.Unlock()
		if answer != nil {
			answer <- m
		}
	}
}

func (d *devtools) end(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.over = fmt.Errorf("the browser speaks no more: %w", err)
	for id, answer := range d.waiting {
		delete(d.waiting, id)
		close(answer)
	}
}

// call asks for something of a session, "" being the browser, and decodes the
// answer into result, which may be nil.
func (d *devtools) call(session, method string, params, result any) error {
	text, err := json.Marshal(params)
	if err != nil {
		return err
	}
	answer := make(chan message, 1)
	d.mu.Lock()
	if d.over != nil {
		defer d.mu.Unlock()
		return d.over
	}
	d.last++
	m := message{ID: d.last, SessionID: session, Method: method, Params: text}
	d.waiting[m.ID] = answer
	d.mu.Unlock()
	if err := d.write(m); err != nil {
		return err
	}
	select {
	case got, ok := <-answer:
		switch {
		case !ok:
			return fmt.Errorf("%s: %w", method, d.over)
		case got.Error != nil:
			return fmt.Errorf("%s: %s", method, got.Error.Message)
		case result != nil:
			return json.Unmarshal(got.Result, result)
		}
		return nil
	case <-time.After(answerWithin):
		return fmt.Errorf("%s: no answer in %v", method, answerWithin)
	}
}

func (d *devtools) write(m message) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	d.writing.Lock()
	defer d.writing.Unlock()
	_, err = d.pipe.Write(append(text, 0))
	return err
}

type object map[string]any

// evaluate runs a script in a page and waits for what it promises.
func (d *devtools) evaluate(session, script string, result any) error {
	var said struct {
		Result struct {
			Value json.RawMessage `json:"value"`
		} `json:"result"`
		Exception *struct {
			Text      string `json:"text"`
			Exception struct {
				Description string `json:"description"`
			} `json:"exception"`
		} `json:"exceptionDetails"`
	}
	err := d.call(session, "Runtime.evaluate", object{"expression": script, "awaitPromise": true, "returnByValue": true}, &said)
	switch {
	case err != nil:
		return err
	case said.Exception != nil:
		return errors.New(said.Exception.Text + " " + said.Exception.Exception.Description)
	case result != nil && said.Result.Value != nil:
		return json.Unmarshal(said.Result.Value, result)
	}
	return nil
}
