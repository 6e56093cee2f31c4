package core

import (
	"errors"
	"reflect"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/sallyport/sallyport/schema"
)

// errResultSize is of what is larger as JSON text than its limit.
var errResultSize = errors.New("core: the result is larger than its limit")

// A bounded writer keeps at most limit bytes, so that something huge costs no more
// memory than what is permitted.
type bounded struct {
	bytes []byte
	limit int
}

func (b *bounded) Write(p []byte) (int, error) {
	if len(b.bytes)+len(p) > b.limit {
		return 0, errResultSize
	}
	b.bytes = append(b.bytes, p...)
	return len(p), nil
}

// encodeJSON is the JSON text, of at most limit bytes, of a value that is no message's:
// what the app says of a user or a grant.
func encodeJSON(value any, limit int) ([]byte, error) {
	w := bounded{limit: limit}
	err := json.MarshalWrite(&w, value)
	return w.bytes, err
}

// reserve waits until the session may hold a result of at most n bytes. False
// says that the call ended before. It waits for as much as the result may
// become before it is begun: results that grew into each other's room could
// wait for each other forever.
func (c *call) reserve(n int) bool {
	n = min(n, c.session.app.limits.PendingResults)
	results := c.session.budget.results
	if !results.TryAcquire(int64(n)) && results.Acquire(&c.context, int64(n)) != nil {
		return false
	}
	c.held = n
	return true
}

// shrink gives back what is held beyond n bytes.
func (c *call) shrink(n int) {
	if c.held > n {
		c.session.budget.results.Release(int64(c.held - n))
		c.held = n
	}
}

var null = []byte("null")

// An encodable result is one whose type a Command's encoder has compiled.
type encodable interface {
	encode(dst []byte, limit int) ([]byte, []schema.Section, error)
	likely() int   // bytes, a guess
	mayHave() bool // raw bytes
	name() string
}

type commandResult[R any] struct {
	encoder *schema.Encoder[R]
	value   R
}

func (r *commandResult[R]) encode(dst []byte, limit int) ([]byte, []schema.Section, error) {
	return r.encoder.AppendMessage(dst, &r.value, limit)
}

func (r *commandResult[R]) mayHave() bool { return r.encoder.MayHaveBytes() }

func (r *commandResult[R]) likely() int { return r.encoder.Likely() }

func (r *commandResult[R]) name() string { return reflect.TypeFor[R]().String() }

// likely is a guess at how many bytes a result's JSON text has.
func likely(result any) int {
	if r, ok := result.(encodable); ok {
		return r.likely()
	}
	return 55 // with the item's start 64
}

// encode appends a handler's result to dst as JSON text of at most limit bytes, and
// returns the raw bytes that go with it, which are the result's. Besides an error it
// returns dst as it was.
func (app *App) encode(dst []byte, result any, limit int) (_ []byte, sections []schema.Section, err error) {
	if result == nil {
		return append(dst, null...), nil, nil
	}
	if r, ok := result.(encodable); ok {
		dst, sections, err = r.encode(dst, limit)
	} else {
		value := result // of which only this needs the address
		dst, sections, err = app.encoder.AppendMessage(dst, &value, limit)
	}
	if err == schema.ErrTooLarge {
		err = errResultSize
	}
	return dst, sections, err
}

// mayHold is the most that the result may become.
func (c *call) mayHold(result any) int {
	if r, ok := result.(encodable); ok && !r.mayHave() {
		return c.limits().ResultBytes
	}
	return c.limits().ResultBytes + c.limits().BinaryBytes
}

// errorJSON is what the page gets to see of a call that did not succeed.
func errorJSON(code Code, id, message string) []byte {
	b := make([]byte, 0, 40+len(code)+len(id)+len(message))
	b = append(b, `{"code":"`...)
	b = append(b, code...)
	b = append(b, `","id":"`...)
	b = append(b, id...)
	b = append(b, '"')
	if message != "" {
		b = append(b, `,"message":`...)
		// The message is valid UTF-8 already, so quoting can't fail.
		quoted, err := jsontext.AppendQuote(nil, message)
		if err == nil {
			b = append(b, quoted...)
		} else {
			b = append(b, `""`...)
		}
	}
	return append(b, '}')
}
