package schema

import (
	"encoding"
	"encoding/base64"
	"errors"
	"math"
	"reflect"
	"strconv"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const null = "null"

func writeBool(dst []byte, at reflect.Value, _ allowance) ([]byte, error) {
	return strconv.AppendBool(dst, at.Bool()), nil
}

func writeInt(dst []byte, at reflect.Value, _ allowance) ([]byte, error) {
	return strconv.AppendInt(dst, at.Int(), 10), nil
}

func writeUint(dst []byte, at reflect.Value, _ allowance) ([]byte, error) {
	return strconv.AppendUint(dst, at.Uint(), 10), nil
}

func writeFloat32(dst []byte, at reflect.Value, _ allowance) ([]byte, error) {
	return finite(dst, at, 32)
}
func writeFloat64(dst []byte, at reflect.Value, _ allowance) ([]byte, error) {
	return finite(dst, at, 64)
}

func finite(dst []byte, at reflect.Value, bits int) ([]byte, error) {
	f := at.Float()
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, unwritten(at, "the number isn't finite", nil)
	}
	return appendFloat(dst, f, bits), nil
}

func writeString(dst []byte, at reflect.Value, r allowance) ([]byte, error) {
	return textAt(dst, at.String(), at, r)
}

func textAt(dst []byte, text string, at reflect.Value, r allowance) ([]byte, error) {
	dst, err := appendString(dst, text, r)
	if err == errUTF8 {
		err = unwritten(at, "the text isn't valid UTF-8", nil)
	}
	return dst, err
}

// appendString appends a text as a JSON string. Its errors are ErrTooLarge and errUTF8.
func appendString(dst []byte, text string, r allowance) ([]byte, error) {
	if len(text)+len(`""`) > r.end-len(dst) {
		return nil, ErrTooLarge
	}
	for i := range len(text) {
		if c := text[i]; c < ' ' || c == '"' || c == '\\' || c >= 0x80 {
			dst, err := jsontext.AppendQuote(dst, text)
			if err != nil {
				return nil, errUTF8
			}
			return dst, nil
		}
	}
	dst = append(dst, '"')
	dst = append(dst, text...)
	return append(dst, '"'), nil
}

var errUTF8 = errors.New("schema: a text isn't valid UTF-8")

func writeBase64(dst []byte, at reflect.Value, r allowance) ([]byte, error) {
	data := at.Bytes()
	if base64.StdEncoding.EncodedLen(len(data))+len(`""`) > r.end-len(dst) {
		return nil, ErrTooLarge
	}
	return append(base64.StdEncoding.AppendEncode(append(dst, '"'), data), '"'), nil
}

func writeTime(dst []byte, at reflect.Value, _ allowance) ([]byte, error) {
	dst, err := at.Addr().Interface().(*time.Time).AppendText(append(dst, '"'))
	if err != nil {
		return nil, unwritten(at, "RFC 3339 has no such time", nil)
	}
	return append(dst, '"'), nil
}

// writeText writes what has a text of its own.
func writeText(dst []byte, at reflect.Value, r allowance) ([]byte, error) {
	text, err := textOf(at)
	if err != nil {
		return nil, err
	}
	return textAt(dst, text, at, r)
}

// textOf asks a value's method for its text.
func textOf(at reflect.Value) (string, error) {
	var (
		text []byte
		err  error
	)
	switch v := at.Addr().Interface().(type) {
	case encoding.TextAppender:
		text, err = v.AppendText(nil)
	case encoding.TextMarshaler:
		text, err = v.MarshalText()
	}
	if err != nil {
		return "", unwritten(at, "its method for text failed", err)
	}
	return string(text), nil
}

// writeOwn leaves a type to json/v2, which calls its method and checks what it says.
func writeOwn(dst []byte, at reflect.Value, r allowance) ([]byte, error) {
	w := &bounded{dst, r.end}
	err := jsonv2.MarshalWrite(w, at.Addr().Interface(), jsonv2.Deterministic(true))
	if errors.Is(err, ErrTooLarge) {
		return nil, ErrTooLarge
	}
	if err != nil {
		return nil, unwritten(at, "json/v2 refuses it", err)
	}
	return w.bytes, nil
}

// A bounded writer fails where there is no more room.
type bounded struct {
	bytes []byte
	end   int
}

func (b *bounded) Write(p []byte) (int, error) {
	if len(p) > b.end-len(b.bytes) {
		return 0, ErrTooLarge
	}
	b.bytes = append(b.bytes, p...)
	return len(p), nil
}
