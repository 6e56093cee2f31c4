package core

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/sallyport/sallyport/isolation"
	"github.com/sallyport/sallyport/schema"
)

// receive waits for the page's next item and judges it.
func (st *streams) receive() (schema.Value, error) {
	c, in := st.call, st.in
	in.reading.Lock()
	defer in.reading.Unlock()
	p, err := st.await()
	if err != nil {
		return nil, err
	}
	c.session.budget.drop(p.room())
	value, refused := c.judgePiece(p)
	if refused != nil {
		return nil, st.refuse(refused)
	}
	if limit, due := in.grant(); due {
		c.write(isolation.AppendCredit(nil, c.number, limit))
	}
	c.moved()
	return value, nil
}

// await waits for an item to be there.
func (st *streams) await() (piece, error) {
	for {
		if st.gone() {
			return piece{}, st.over()
		}
		switch p, r := st.in.take(); r {
		case item:
			return p, nil
		case complete:
			return piece{}, io.EOF
		case aborted:
			return piece{}, ErrAborted
		}
		select {
		case <-st.in.wake:
		case <-st.running.Done():
		}
	}
}

// judgePiece parses an item of the page and holds it to its schema.
func (c *call) judgePiece(p piece) (schema.Value, *refusal) {
	value, err := schema.ParseMessage(p.json, p.sections, c.limits().parseItem())
	clear(p.json) // from here on there is only the parsed value
	if err == nil {
		err = c.session.app.schemas.Validate(schema.Upload, c.command.name, value)
	}
	if err != nil {
		return nil, &refusal{code: CodeInvalidArgs, reason: "an item of the upload: " + err.Error(), mismatch: mismatch(err)}
	}
	return value, nil
}

// An encoding makes the text of an item of at most limit bytes.
type encoding func(dst []byte, limit int) ([]byte, []schema.Section, error)

// send sends an item once the page has read enough.
func (st *streams) send(encode encoding, likely int, name string) error {
	c, out, limits := st.call, st.out, st.call.limits()
	out.writing.Lock()
	defer out.writing.Unlock()
	if !out.wait(st.running) || st.gone() {
		return st.over()
	}
	results := c.session.budget.results
	room := int64(min(limits.ItemBytes+limits.BinaryBytes, c.session.app.limits.PendingResults))
	if results.Acquire(st.running, room) != nil {
		return st.over()
	}
	defer func() { results.Release(room) }()
	text, sections, err := encode(isolation.BeginItem(make([]byte, 0, isolation.ItemStart+likely), c.number), limits.ItemBytes)
	if err == schema.ErrTooLarge {
		err = errResultSize
	}
	if err == nil {
		err = limits.fits(len(text)-isolation.ItemStart, sections, c.session.app.itemRoom)
	}
	if err != nil {
		clear(text)
		return st.refuse(c.unfit("item", name, limits.ItemBytes, err, nil))
	}
	if refused := c.judgeItem(text[isolation.ItemStart:], sections, name); refused != nil {
		return st.refuse(refused)
	}
	content := len(text) - isolation.ItemStart + binarySize(sections)
	plain := endBody(text, isolation.ItemStart, sections)
	if unused := room - int64(len(plain)); unused > 0 {
		results.Release(unused)
		room -= unused
	}
	return st.post(plain, content)
}

// post gives an item its place and hands it to the boundary.
func (st *streams) post(plain []byte, content int) error {
	c, out, n := st.call, st.out, len(plain)
	offset, at := out.begin(n)
	switch at {
	case placeOver:
		clear(plain)
		return st.over()
	case placeFull:
		clear(plain)
		return st.refuse(&refusal{code: CodeTooLarge, reason: "the items would become more than a stream can be"})
	}
	isolation.PutOffset(plain, offset)
	if err := c.session.link.Send(st.running, plain); err != nil {
		out.undo(n)
		if st.gone() || errors.Is(err, isolation.ErrEnded) {
			return st.over()
		}
		return st.refuse(&refusal{code: CodeInternal, reason: err.Error()})
	}
	out.sent(content)
	c.moved()
	return nil
}

// judgeItem reads an item again, from the bytes that will be sealed.
func (c *call) judgeItem(text []byte, sections []schema.Section, name string) *refusal {
	limits := c.limits()
	value, err := schema.ParseMessage(text, sections, limits.parseItem())
	if err == nil {
		err = c.session.app.schemas.Validate(schema.Channel, c.command.name, value)
	}
	if err == nil {
		return nil
	}
	clear(text)
	return c.unfit("item", name, limits.ItemBytes, err, mismatch(err))
}

// refuse ends the call for what went wrong with an item, and is the error for its
// handler.
func (st *streams) refuse(r *refusal) error {
	st.call.interrupt(r)
	return fmt.Errorf("core: %s: %w", r.reason, st.over())
}

// gone reports whether the call is over or its handler has returned: running may
// learn of a call's end a moment later.
func (st *streams) gone() bool { return st.call.context.Err() != nil || st.running.Err() != nil }

// over is why nothing is streamed any more.
func (st *streams) over() error {
	err := st.call.context.Err()
	if err == nil { // the handler has returned
		err = context.Canceled
	}
	return fmt.Errorf("core: the call that the stream goes with is over: %w", err)
}
