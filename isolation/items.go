package isolation

import (
	"encoding/binary"
	"errors"
	"iter"
	"time"
)

// A Plain is the opened plaintext of a batch: authentic, fresh and from this
// session, and nothing more is known of it. Only Session.Open makes one.
type Plain struct{ bytes []byte }

// Len is the plaintext's size in bytes.
func (p Plain) Len() int { return len(p.bytes) }

// An ItemKind says what an item of a batch asks for. The zero value is none.
type ItemKind uint8

// The kinds that a frame may send.
const (
	ItemCall ItemKind = 1 + iota
	ItemCancel
	ItemReport // the hook kept a call back
	ItemHidden // the hook kept an answer back
)

// A Cause says why the hook kept a call or an answer back. The zero value is
// none.
type Cause uint8

// The causes of a report.
const (
	CauseRefused Cause = 1 + iota // the hook refused
	CauseThrew                    // it threw, or its promise was rejected
	CauseInvalid                  // it returned neither what it was shown nor a refusal
	CauseTimeout                  // it did not answer in time
	CauseDropped                  // ID reports were dropped by the frame's rate limit
)

var causeNames = [...]string{"", "refused", "threw", "invalid answer", "timeout", "reports dropped"}

// String is the cause in words that are safe to log.
func (c Cause) String() string {
	if int(c) < len(causeNames) {
		return causeNames[c]
	}
	return "unknown"
}

// An Item is one entry of a batch, read from the plaintext.
type Item struct {
	Kind    ItemKind
	ID      uint32        // names the call within its session
	Timeout time.Duration // of a call; zero if the page set none
	Command []byte        // of a call or of reports: as the frame sent it, not yet known to exist; shares the plaintext's memory
	Cause   Cause         // of reports
	JSON    []byte        // of a call: its arguments, not yet parsed; shares the plaintext's memory
}

// errItems is the one error for a plaintext that is not a sequence of items.
var errItems = errors.New("isolation: batch does not follow the item grammar")

// Items reads a batch. It yields an error, once and last, where the plaintext
// breaks the grammar, is empty or holds more than MaxItems items; items before
// it were well-formed.
func Items(p Plain) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		r := reader{rest: p.bytes}
		for n := 0; n == 0 || len(r.rest) > 0; n++ {
			item := r.item()
			if r.failed || n == MaxItems {
				yield(Item{}, errItems)
				return
			}
			if !yield(item, nil) {
				return
			}
		}
	}
}

// A reader takes fields off the front of rest; the first that is not there
// sets failed, after which every field reads as zero.
type reader struct {
	rest   []byte
	failed bool
}

func (r *reader) take(n int) []byte {
	if r.failed || n > len(r.rest) {
		r.failed = true
		return nil
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) uint8() uint8 {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) uint32() uint32 {
	if b := r.take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

func (r *reader) command() []byte {
	n := int(r.uint8())
	if n > MaxCommand {
		r.failed = true
	}
	return r.take(n)
}

func (r *reader) json() []byte {
	n := r.uint32()
	if uint64(n) > uint64(len(r.rest)) { // before int(n): it may not fit there
		r.failed = true
		return nil
	}
	return r.take(int(n))
}

func (r *reader) item() Item {
	item := Item{Kind: ItemKind(r.uint8()), ID: r.uint32()}
	switch item.Kind {
	case ItemCall:
		item.Timeout = time.Duration(r.uint32()) * time.Millisecond
		item.Command = r.command()
		if r.uint8() != 0 { // raw sections are not part of version 1
			r.failed = true
		}
		item.JSON = r.json()
	case ItemCancel:
	case ItemReport, ItemHidden:
		item.Cause = Cause(r.uint8())
		item.Command = r.command()
		switch {
		case item.Cause < CauseRefused || item.Cause > CauseDropped:
			r.failed = true
		case item.Cause == CauseDropped && (item.Kind == ItemHidden || len(item.Command) > 0): // they are of many calls
			r.failed = true
		}
	default:
		r.failed = true
	}
	return item
}

// The kinds that the core sends.
const (
	kindResult = 1
	kindError  = 2
)

// AppendResult appends a result item, whose JSON answers the call id.
func AppendResult(dst []byte, id uint32, json []byte) []byte {
	return appendAnswer(dst, kindResult, id, json)
}

// AppendError appends an error item: JSON is {"code":…,"id":…,"message":…}.
func AppendError(dst []byte, id uint32, json []byte) []byte {
	return appendAnswer(dst, kindError, id, json)
}

// ResultStart is where the JSON of a result item begins.
const ResultStart = 1 + 4 + 4

// BeginResult appends the start of a result item that answers the call id. The
// caller appends its JSON and nothing else, then calls EndResult: so what was
// judged is, byte for byte and without a copy, what will be sealed.
func BeginResult(dst []byte, id uint32) []byte {
	return appendAnswer(dst, kindResult, id, nil)
}

// EndResult completes an item that BeginResult began with nothing before it.
func EndResult(item []byte) []byte {
	binary.BigEndian.PutUint32(item[ResultStart-4:], uint32(len(item)-ResultStart))
	return item
}

func appendAnswer(dst []byte, kind byte, id uint32, json []byte) []byte {
	dst = append(dst, kind)
	dst = binary.BigEndian.AppendUint32(dst, id)
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(json)))
	return append(dst, json...)
}
