package core

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

func TestAReaderJoinsWhatThePageSentInPieces(t *testing.T) {
	broken := errors.New("broken")
	for _, test := range []struct {
		name  string
		items []string
		err   error
	}{
		{"one", []string{"abc"}, io.EOF},
		{"many", []string{"abc", "d", "efgh"}, io.EOF},
		{"empty ones", []string{"", "abc", "", "", "d", ""}, io.EOF},
		{"none", nil, io.EOF},
		{"up to an error", []string{"abc", "d"}, broken},
	} {
		t.Run(test.name, func(t *testing.T) {
			source := func() *byteReader {
				items := slices.Clone(test.items)
				return &byteReader{receive: func() ([]byte, error) {
					if len(items) == 0 {
						return nil, test.err
					}
					item := items[0]
					items = items[1:]
					return []byte(item), nil
				}}
			}
			want, fails := strings.Join(test.items, ""), test.err != io.EOF
			for name, read := range map[string]func() ([]byte, error){
				"Read":        func() ([]byte, error) { return io.ReadAll(struct{ io.Reader }{source()}) },
				"one by one":  func() ([]byte, error) { return io.ReadAll(iotest.OneByteReader(source())) },
				"WriteTo":     func() ([]byte, error) { var b bytes.Buffer; _, err := source().WriteTo(&b); return b.Bytes(), err },
				"Read and To": func() ([]byte, error) { return readAndWrite(source()) },
			} {
				got, err := read()
				if string(got) != want || fails != (err != nil) || fails && !errors.Is(err, broken) {
					t.Errorf("%s: %q, %v", name, got, err)
				}
			}
		})
	}
	if n, err := (&byteReader{}).Read(nil); n != 0 || err != nil {
		t.Errorf("of no room: %d, %v", n, err)
	}
}

func readAndWrite(r *byteReader) ([]byte, error) {
	var first [1]byte
	n, err := r.Read(first[:])
	if err == io.EOF {
		return nil, nil
	}
	b := bytes.NewBuffer(first[:n:n])
	if err == nil {
		_, err = r.WriteTo(b)
	}
	return b.Bytes(), err
}

func TestAWriterCutsWhatIsTooLargeForAnItem(t *testing.T) {
	for _, test := range []struct {
		name  string
		write func(w io.Writer) (int64, error)
		sent  string
		n     int64
	}{
		{"a small one", func(w io.Writer) (int64, error) { n, err := w.Write([]byte("ab")); return int64(n), err }, "[ab]", 2},
		{"a large one", func(w io.Writer) (int64, error) { n, err := w.Write([]byte("abcdefgh")); return int64(n), err }, "[abc def gh]", 8},
		{"nothing", func(w io.Writer) (int64, error) { n, err := w.Write(nil); return int64(n), err }, "[]", 0},
		{"a copy", func(w io.Writer) (int64, error) {
			return io.Copy(w, struct{ io.Reader }{strings.NewReader("abcdefgh")})
		}, "[abc def gh]", 8},
		{"a copy of what comes slowly", func(w io.Writer) (int64, error) {
			return io.Copy(w, struct{ io.Reader }{iotest.OneByteReader(strings.NewReader("abc"))})
		}, "[a b c]", 3},
		{"a copy whose end comes with data", func(w io.Writer) (int64, error) {
			return io.Copy(w, struct{ io.Reader }{iotest.DataErrReader(strings.NewReader("abcd"))})
		}, "[abc d]", 4},
	} {
		t.Run(test.name, func(t *testing.T) {
			var sent []string
			w := &byteWriter{most: 3, send: func(p []byte) error { sent = append(sent, string(p)); return nil }}
			n, err := test.write(w)
			if got := fmt.Sprint(sent); got != test.sent || n != test.n || err != nil {
				t.Errorf("sent %s, %d, %v; want %s, %d", got, n, err, test.sent, test.n)
			}
		})
	}

	broken := errors.New("broken")
	w := &byteWriter{most: 3, send: func(p []byte) error {
		if p[0] == 'd' {
			return broken
		}
		return nil
	}}
	if n, err := w.Write([]byte("abcdefgh")); n != 3 || err != broken {
		t.Errorf("up to an error: %d, %v", n, err)
	}
	if n, err := io.Copy(w, iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("abc")))); n != 1 || err != iotest.ErrTimeout {
		t.Errorf("of what breaks: %d, %v", n, err)
	}
	if n, err := io.Copy(w, struct{ io.Reader }{strings.NewReader("abcdef")}); n != 3 || err != broken {
		t.Errorf("a copy up to an error: %d, %v", n, err)
	}
}
