package schema

import (
	"encoding/json"
	"reflect"
	"strconv"
	"sync"
)

// Held writes what interfaces hold: by the writer of its type, made when the first one comes. It is
// one encoder's, and safe for concurrent use.
type held struct{ made sync.Map } // reflect.Type to *heldWriter

type heldWriter struct {
	write writer
	err   error
}

// write is the writer of an interface.
func (h *held) write(dst []byte, at reflect.Value, r allowance) ([]byte, error) {
	if at.IsNil() {
		return append(dst, null...), nil
	}
	return h.append(dst, at.Interface(), at, r)
}

func (h *held) append(dst []byte, v any, at reflect.Value, r allowance) ([]byte, error) {
	r, err := r.within(at)
	if err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case nil:
		return append(dst, null...), nil
	case bool:
		return strconv.AppendBool(dst, v), nil
	case string:
		return textAt(dst, v, at, r)
	case json.Number:
		return textAt(dst, string(v), at, r)
	case []any:
		return h.list(dst, v, at, r)
	case map[string]any:
		return h.tree(dst, v, at, r)
	}
	return h.other(dst, reflect.ValueOf(v), at, r)
}

func (h *held) list(dst []byte, list []any, at reflect.Value, r allowance) (_ []byte, err error) {
	dst = append(dst, '[')
	for i, v := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		if dst, err = h.append(dst, v, at, r); err != nil {
			return nil, under(err, strconv.Itoa(i))
		}
		if len(dst) > r.end {
			return nil, ErrTooLarge
		}
	}
	return append(dst, ']'), nil
}

func (h *held) tree(dst []byte, tree map[string]any, at reflect.Value, r allowance) (_ []byte, err error) {
	dst = append(dst, '{')
	o, err := newSorted(len(tree), len(dst), r)
	if err != nil {
		return nil, err
	}
	for name, v := range tree {
		if dst, err = o.name(dst, name, at, r); err != nil {
			return nil, err
		}
		if dst, err = h.append(dst, v, at, r); err != nil {
			return nil, under(err, "*")
		}
		dst = o.end(dst)
	}
	return o.close(dst, at)
}

// other writes a value of a type of the app's.
func (h *held) other(dst []byte, v, at reflect.Value, r allowance) ([]byte, error) {
	w := h.of(v.Type())
	if w.err != nil {
		return nil, &EncodeError{Type: v.Type(), Problem: "its type has no JSON text", Err: w.err}
	}
	place := reflect.New(v.Type()).Elem() // methods of pointers want one
	place.Set(v)
	return w.write(dst, place, r)
}

func (h *held) of(t reflect.Type) *heldWriter {
	if w, ok := h.made.Load(t); ok {
		return w.(*heldWriter)
	}
	w := &heldWriter{}
	w.write, w.err = (&writers{made: map[reflect.Type]*writer{}, held: h}).of(t)
	first, _ := h.made.LoadOrStore(t, w)
	return first.(*heldWriter)
}
