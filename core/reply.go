package core

import (
	"errors"
	"reflect"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/sallyport/sallyport/schema"
)

// errResultSize ends the encoding of a result as soon as it is over its limit.
var errResultSize = errors.New("core: the result is larger than its limit")

// A bounded writer keeps at most limit bytes, so that a handler's huge result
// costs no more memory than a permitted one.
type bounded struct {
	bytes []byte
	limit int // of bytes, whatever they began with included
}

func (b *bounded) Write(p []byte) (int, error) {
	if len(b.bytes)+len(p) > b.limit {
		return 0, errResultSize
	}
	b.bytes = append(b.bytes, p...)
	return len(p), nil
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
	encode(dst []byte, limit int) ([]byte, error)
	likely() int // bytes, a guess
	name() string
}

type commandResult[R any] struct {
	encoder *schema.Encoder[R]
	value   R
}

func (r *commandResult[R]) encode(dst []byte, limit int) ([]byte, error) {
	dst, err := r.encoder.Append(dst, &r.value, limit)
	if err == schema.ErrTooLarge {
		err = errResultSize
	}
	return dst, err
}

func (r *commandResult[R]) likely() int { return r.encoder.Likely() }

func (r *commandResult[R]) name() string { return reflect.TypeFor[R]().String() }

// likely is a guess at how many bytes a result's JSON text has.
func likely(result any) int {
	if r, ok := result.(encodable); ok {
		return r.likely()
	}
	return 55 // with the item's start 64
}

// encode appends a handler's result to dst as JSON text of at most limit bytes.
// Besides an error it returns dst as it was.
func encode(dst []byte, result any, limit int) ([]byte, error) {
	if result == nil {
		return append(dst, null...), nil
	}
	if r, ok := result.(encodable); ok {
		return r.encode(dst, limit)
	}
	w := bounded{bytes: dst, limit: len(dst) + limit}
	if err := json.MarshalWrite(&w, result); err != nil {
		return dst, err
	}
	return w.bytes, nil
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
