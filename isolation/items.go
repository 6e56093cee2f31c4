package isolation

import (
	"bytes"
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
	ItemReport // the hook kept something of the page's back
	ItemHidden // the hook kept something of the core's back
	ItemEmit
	ItemListen
	ItemUpload // an item of a call's upload
	ItemEnd    // of an upload
	ItemCredit
)

// Wants says what else than its answer a call's frame is ready for. The zero
// value is nothing.
type Wants uint8

// What a frame may be ready for.
const (
	WantsItems Wants = 1 << iota
	WantsUpload
	WantsProgress

	wantsAll = WantsItems | WantsUpload | WantsProgress
)

// A Cause says why the hook kept something back. The zero value is none.
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

// An Item is one entry of a batch, read from the plaintext. Its slices share the
// plaintext's memory, and nothing but the grammar is known of what is in them.
type Item struct {
	Kind    ItemKind
	Wants   Wants         // of a call
	Cause   Cause         // of reports
	What    uint8         // of reports: the kind of the item that was kept back; of hidden, one of the core's
	Aborted bool          // of an end: the page gave up
	ID      uint32        // names the request within its session
	Timeout time.Duration // of a call; zero if the page set none
	Offset  uint64        // of upload and end: its place in the stream; of credit: the limit
	Size    int           // of upload: what it adds to the offset
	Command []byte        // of a call, an emit, a listen (the event) and reports: not yet known to exist
	Target  []byte        // of an emit: the label of a window, empty for all
	JSON    []byte        // of a call, an emit and an upload, not yet parsed

	Sections []Section // that go with JSON
}

// A Section is a run of bytes beside the JSON text of a body.
type Section struct {
	Type  string // media type: type/subtype in lower case, without parameters
	Bytes []byte
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

// offset takes a number that JavaScript can hold, too.
func (r *reader) offset() (n uint64) {
	if b := r.take(8); b != nil {
		n = binary.BigEndian.Uint64(b)
	}
	r.failed = r.failed || n > MaxOffset
	return n
}

// sized takes what its own length, of four bytes, stands before.
func (r *reader) sized() []byte {
	n := r.uint32()
	if uint64(n) > uint64(len(r.rest)) { // before int(n): it may not fit there
		r.failed = true
		return nil
	}
	return r.take(int(n))
}

func (r *reader) body(item *Item) {
	sections := int(r.uint8())
	item.JSON = r.sized()
	if sections > MaxSections {
		r.failed = true
	}
	if sections == 0 || r.failed {
		return
	}
	item.Sections = make([]Section, sections)
	for i := range item.Sections {
		item.Sections[i] = r.section()
	}
}

func (r *reader) section() Section {
	media := r.take(int(r.uint8()))
	if !validMediaType(media) {
		r.failed = true
	}
	return Section{Type: string(media), Bytes: r.sized()}
}

func (r *reader) item() Item {
	before := len(r.rest)
	item := Item{Kind: ItemKind(r.uint8()), ID: r.uint32()}
	switch item.Kind {
	case ItemCall:
		item.Timeout = time.Duration(r.uint32()) * time.Millisecond
		item.Wants = Wants(r.uint8())
		item.Command = r.command()
		r.body(&item)
		if item.Wants&^wantsAll != 0 {
			r.failed = true
		}
	case ItemEmit:
		item.Command, item.Target = r.command(), r.command()
		r.body(&item)
	case ItemListen:
		item.Command = r.command()
	case ItemUpload:
		item.Offset = r.offset()
		r.body(&item)
		item.Size = before - len(r.rest)
	case ItemEnd:
		item.Offset = r.offset()
		how := r.uint8()
		item.Aborted = how == 1
		r.failed = r.failed || how > 1
	case ItemCredit:
		item.Offset = r.offset()
	case ItemCancel:
	case ItemReport, ItemHidden:
		r.report(&item)
	default:
		r.failed = true
	}
	return item
}

func (r *reader) report(item *Item) {
	item.Cause, item.What = Cause(r.uint8()), r.uint8()
	item.Command = r.command()
	known := item.What >= 1 && item.What <= uint8(ItemCredit) && item.What != uint8(ItemReport) && item.What != uint8(ItemHidden)
	if item.Kind == ItemHidden {
		known = item.What >= 1 && item.What <= kindLast
	}
	switch {
	case item.Cause < CauseRefused || item.Cause > CauseDropped:
		r.failed = true
	case item.Cause == CauseDropped: // they are of many
		r.failed = r.failed || item.Kind == ItemHidden || item.What != 0 || len(item.Command) > 0
	case !known:
		r.failed = true
	}
}

// validMediaType reports whether a text is a media type of RFC 6838, section
// 4.2, in lower case, without parameters.
func validMediaType(text []byte) bool {
	if len(text) > maxMediaType {
		return false
	}
	slash := bytes.IndexByte(text, '/')
	return slash > 0 && validMediaName(text[:slash]) && validMediaName(text[slash+1:])
}

// ValidMediaType reports whether a section can have that type.
func ValidMediaType(text string) bool { return validMediaType([]byte(text)) }

func validMediaName(name []byte) bool {
	for i, c := range name {
		plain := 'a' <= c && c <= 'z' || '0' <= c && c <= '9'
		if !plain && (i == 0 || bytes.IndexByte([]byte("!#$&-^_.+"), c) < 0) {
			return false
		}
	}
	return len(name) > 0
}

// The kinds that the core sends.
const (
	kindResult = 1 + iota
	kindError
	kindItem
	kindEvent
	kindEnd
	kindCredit
	kindProgress

	kindLast = kindProgress
)

// ResultStart is where the JSON of a result item begins.
const ResultStart = 1 + 4 + bodyStart

// bodyStart is what a body has before its JSON.
const bodyStart = 1 + 4

// BeginResult appends the start of a result item that answers the request id. The
// caller appends its JSON and nothing else, then calls EndBody: so what was
// judged is, byte for byte and without a copy, what will be sealed.
func BeginResult(dst []byte, id uint32) []byte {
	return append(binary.BigEndian.AppendUint32(append(dst, kindResult), id), 0, 0, 0, 0, 0)
}

// ItemStart is where the JSON of a stream's item begins.
const ItemStart = 1 + 4 + 8 + bodyStart

// BeginItem appends the start of an item of the stream id. Its offset is set by
// PutOffset.
func BeginItem(dst []byte, id uint32) []byte {
	dst = binary.BigEndian.AppendUint32(append(dst, kindItem), id)
	return append(dst, make([]byte, 8+bodyStart)...)
}

// PutOffset sets the offset of an item or an event.
func PutOffset(item []byte, offset uint64) { binary.BigEndian.PutUint64(item[5:], offset) }

// AppendEvent appends the start of an event for the listen id: the number-th for
// it, from the window of that label, or from the core where it is empty. A body
// follows, of AppendBody's making; PutOffset sets its offset.
func AppendEvent(dst []byte, id uint32, number uint64, label string) []byte {
	dst = binary.BigEndian.AppendUint32(append(dst, kindEvent), id)
	dst = append(dst, 0, 0, 0, 0, 0, 0, 0, 0)
	dst = binary.BigEndian.AppendUint64(dst, number)
	return append(append(dst, byte(len(label))), label...)
}

// AppendBody appends a body.
func AppendBody(dst, json []byte, sections []Section) []byte {
	dst = binary.BigEndian.AppendUint32(append(dst, byte(len(sections))), uint32(len(json)))
	return appendSections(append(dst, json...), sections)
}

// EndBody completes the body of an item that BeginResult or BeginItem began
// with nothing before it: its JSON begins at start, and sections follow.
func EndBody(item []byte, start int, sections []Section) []byte {
	item[start-bodyStart] = byte(len(sections))
	binary.BigEndian.PutUint32(item[start-4:], uint32(len(item)-start))
	return appendSections(item, sections)
}

func appendSections(dst []byte, sections []Section) []byte {
	for _, s := range sections {
		dst = append(append(dst, byte(len(s.Type))), s.Type...)
		dst = binary.BigEndian.AppendUint32(dst, uint32(len(s.Bytes)))
		dst = append(dst, s.Bytes...)
	}
	return dst
}

// SectionsSize is what sections add to a body, in bytes.
func SectionsSize(sections []Section) (n int) {
	for _, s := range sections {
		n += 1 + len(s.Type) + 4 + len(s.Bytes)
	}
	return n
}

// AppendResult appends a result item, whose JSON answers the request id.
func AppendResult(dst []byte, id uint32, json []byte) []byte {
	return AppendBody(binary.BigEndian.AppendUint32(append(dst, kindResult), id), json, nil)
}

// AppendError appends an error item: JSON is {"code":…,"id":…,"message":…}.
func AppendError(dst []byte, id uint32, json []byte) []byte {
	dst = binary.BigEndian.AppendUint32(append(dst, kindError), id)
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(json)))
	return append(dst, json...)
}

// AppendEnd appends the end of the core's stream id, whose items took that many
// bytes.
func AppendEnd(dst []byte, id uint32, offset uint64) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(append(dst, kindEnd), id), offset)
}

// AppendCredit appends credit for an upload: items may begin below limit.
func AppendCredit(dst []byte, id uint32, limit uint64) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(append(dst, kindCredit), id), limit)
}

// AppendProgress appends how far the call id has come: done of total, which is 0
// where it is not known. text is UTF-8 of at most 255 bytes.
// What exceeds MaxOffset is taken for just that.
func AppendProgress(dst []byte, id uint32, done, total uint64, text string) []byte {
	done, total = min(done, MaxOffset), min(total, MaxOffset)
	dst = binary.BigEndian.AppendUint32(append(dst, kindProgress), id)
	dst = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(dst, done), total)
	return append(append(dst, byte(len(text))), text...)
}
