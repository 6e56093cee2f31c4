package peer

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/sallyport/sallyport/isolation"
)

// A Call is a call item.
type Call struct {
	ID       uint32
	Timeout  time.Duration // rounded down to milliseconds; zero means none
	Wants    isolation.Wants
	Command  string
	JSON     []byte
	Sections []isolation.Section
}

// Append appends the item.
func (c Call) Append(dst []byte) []byte {
	dst = head(dst, isolation.ItemCall, c.ID)
	dst = binary.BigEndian.AppendUint32(dst, uint32(c.Timeout.Milliseconds()))
	dst = text(append(dst, byte(c.Wants)), c.Command)
	return isolation.AppendBody(dst, c.JSON, c.Sections)
}

// AppendCall appends a call item that wants nothing but its answer.
func AppendCall(dst []byte, id uint32, timeout time.Duration, command string, json []byte) []byte {
	return Call{ID: id, Timeout: timeout, Command: command, JSON: json}.Append(dst)
}

// AppendCancel appends a cancel item.
func AppendCancel(dst []byte, id uint32) []byte { return head(dst, isolation.ItemCancel, id) }

// AppendReport appends a report of a call that the hook kept back.
func AppendReport(dst []byte, id uint32, cause isolation.Cause, command string) []byte {
	what := byte(isolation.ItemCall)
	if cause == isolation.CauseDropped {
		what = 0
	}
	return AppendKept(dst, isolation.ItemReport, id, cause, what, command)
}

// AppendHidden appends a report of an answer that the hook kept back.
func AppendHidden(dst []byte, id uint32, cause isolation.Cause, command string) []byte {
	return AppendKept(dst, isolation.ItemHidden, id, cause, 1, command)
}

// AppendKept appends a report of either kind about an item of the kind what.
func AppendKept(dst []byte, kind isolation.ItemKind, id uint32, cause isolation.Cause, what byte, name string) []byte {
	return text(append(head(dst, kind, id), byte(cause), what), name)
}

// AppendEmit appends an emit item; an empty target is all windows and the core.
func AppendEmit(dst []byte, id uint32, event, target string, json []byte, sections ...isolation.Section) []byte {
	return isolation.AppendBody(text(text(head(dst, isolation.ItemEmit, id), event), target), json, sections)
}

// AppendListen appends a listen item.
func AppendListen(dst []byte, id uint32, event string) []byte {
	return text(head(dst, isolation.ItemListen, id), event)
}

// AppendUpload appends an item of a call's upload.
func AppendUpload(dst []byte, id uint32, offset uint64, json []byte, sections ...isolation.Section) []byte {
	dst = binary.BigEndian.AppendUint64(head(dst, isolation.ItemUpload, id), offset)
	return isolation.AppendBody(dst, json, sections)
}

// AppendEnd appends the end of an upload.
func AppendEnd(dst []byte, id uint32, offset uint64, aborted bool) []byte {
	dst = binary.BigEndian.AppendUint64(head(dst, isolation.ItemEnd, id), offset)
	if aborted {
		return append(dst, 1)
	}
	return append(dst, 0)
}

// AppendCredit appends credit for what the core streams under that id.
func AppendCredit(dst []byte, id uint32, limit uint64) []byte {
	return binary.BigEndian.AppendUint64(head(dst, isolation.ItemCredit, id), limit)
}

func head(dst []byte, kind isolation.ItemKind, id uint32) []byte {
	return binary.BigEndian.AppendUint32(append(dst, byte(kind)), id)
}

func text(dst []byte, s string) []byte { return append(append(dst, byte(len(s))), s...) }

// Kinds of the items that a core sends.
const (
	Result = 1 + iota
	Failure
	StreamItem
	Event
	End
	Credit
	Progress
)

// An Answer is one item of the core.
type Answer struct {
	Kind     byte
	ID       uint32
	Failed   bool   // Kind is Failure
	JSON     []byte // of Result, Failure, StreamItem and Event
	Sections []isolation.Section
	Offset   uint64 // of StreamItem, Event and End; of Credit the limit; of Progress what is done
	Number   uint64 // of Event; of Progress the total
	Text     string // of Event the label of who sent it; of Progress its text
	Size     int    // of the whole item
}

var errGrammar = errors.New("peer: batch of the core does not follow the item grammar")

// Answers reads a batch of the core.
func Answers(plain []byte) ([]Answer, error) {
	var answers []Answer
	r := reader{rest: plain}
	for len(r.rest) > 0 {
		before := len(r.rest)
		a := r.answer()
		if r.failed {
			return nil, errGrammar
		}
		a.Size = before - len(r.rest)
		answers = append(answers, a)
	}
	return answers, nil
}

type reader struct {
	rest   []byte
	failed bool
}

func (r *reader) take(n uint64) []byte {
	if r.failed || n > uint64(len(r.rest)) {
		r.failed = true
		return nil
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) number(bytes uint64) (n uint64) {
	for _, b := range r.take(bytes) {
		n = n<<8 | uint64(b)
	}
	return n
}

func (r *reader) sized() []byte { return r.take(r.number(4)) }

func (r *reader) text() string { return string(r.take(r.number(1))) }

func (r *reader) body(a *Answer) {
	n := r.number(1)
	a.JSON = r.sized()
	for range n {
		a.Sections = append(a.Sections, isolation.Section{Type: r.text(), Bytes: r.sized()})
	}
}

func (r *reader) answer() Answer {
	a := Answer{Kind: byte(r.number(1)), ID: uint32(r.number(4))}
	switch a.Kind {
	case Result:
		r.body(&a)
	case Failure:
		a.Failed, a.JSON = true, r.sized()
	case StreamItem:
		a.Offset = r.number(8)
		r.body(&a)
	case Event:
		a.Offset, a.Number, a.Text = r.number(8), r.number(8), r.text()
		r.body(&a)
	case End, Credit:
		a.Offset = r.number(8)
	case Progress:
		a.Offset, a.Number, a.Text = r.number(8), r.number(8), r.text()
	default:
		r.failed = true
	}
	return a
}
