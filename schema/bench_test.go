package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/fstest"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// sample returns small rows of about that many bytes, the shape that costs most per byte.
func sample(size int) []byte {
	var b strings.Builder
	b.WriteString(`{"path":"notes/today.md","rows":[`)
	for i := 0; b.Len() < size-40; i++ {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"id":%d,"name":"row %d","done":%t}`, i, i, i%2 == 0)
	}
	b.WriteString(`]}`)
	return []byte(b.String())
}

type sampleArgs struct {
	Path string `json:"path"`
	Rows []struct {
		ID   int    `json:"id"`
		Name string `json:"name"`
		Done bool   `json:"done"`
	} `json:"rows"`
}

const sampleSchema = `{"type":"object","additionalProperties":false,"required":["path","rows"],"properties":{
	"path":{"type":"string","pattern":"^notes/","maxLength":200},
	"rows":{"type":"array","maxItems":10000,"items":{"type":"object","additionalProperties":false,"required":["id","name","done"],
		"properties":{"id":{"type":"integer","minimum":0},"name":{"type":"string","maxLength":64},"done":{"type":"boolean"}}}}}}`

func sampleSizes() map[string]int {
	return map[string]int{"200B": 200, "1KiB": 1024, "16KiB": 16 << 10}
}

// parsed are the documents of BenchmarkParse and its floor.
func parsed() []struct {
	name string
	data []byte
} {
	return []struct {
		name string
		data []byte
	}{
		{"200B", sample(200)}, {"1KiB", sample(1024)}, {"16KiB", sample(16 << 10)}, {"1MiB", sample(1 << 20)},
		{"1MiB-string", []byte(`"` + strings.Repeat("a", 1<<20-2) + `"`)},
		{"8MiB", sample(8 << 20)},
	}
}

func BenchmarkParse(b *testing.B) {
	for _, test := range parsed() {
		b.Run(test.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(test.data)))
			for b.Loop() {
				if _, err := Parse(test.data, Limits{Size: 8 << 20, Nodes: 1 << 20}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkJsontext is what the library for strict JSON takes that leaves no tape: to say
// whether a document is acceptable, to read it as one value, to read it token by token.
func BenchmarkJsontext(b *testing.B) {
	whole := func(d *jsontext.Decoder) error {
		if _, err := d.ReadValue(); err != nil {
			return err
		}
		if _, err := d.ReadToken(); err != io.EOF {
			return errors.New("something follows")
		}
		return nil
	}
	tokens := func(d *jsontext.Decoder) error {
		for {
			if _, err := d.ReadToken(); err == io.EOF {
				return nil
			} else if err != nil {
				return err
			}
		}
	}
	for _, test := range parsed() {
		run := func(name string, read func() error) {
			b.Run(name+"/"+test.name, func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(int64(len(test.data)))
				for b.Loop() {
					if err := read(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
		d := jsontext.NewDecoder(bytes.NewBuffer(nil))
		decode := func(read func(*jsontext.Decoder) error) func() error {
			return func() error {
				d.Reset(bytes.NewBuffer(test.data))
				return read(d)
			}
		}
		run("IsValid", func() error {
			if !jsontext.Value(test.data).IsValid() {
				return errors.New("invalid")
			}
			return nil
		})
		run("ReadValue", decode(whole))
		run("ReadToken", decode(tokens))
	}
}

// BenchmarkDecode is the tape alone and with the parse that made it, beside two libraries that
// read the same text into the same struct.
func BenchmarkDecode(b *testing.B) {
	d, err := NewDecoder[sampleArgs]()
	if err != nil {
		b.Fatal(err)
	}
	for name, size := range sampleSizes() {
		data := sample(size)
		v, err := Parse(data, Limits{})
		if err != nil {
			b.Fatal(err)
		}
		for way, decode := range map[string]func() error{
			"tape": func() error { _, err := d.Decode(v); return err },
			"parse and tape": func() error {
				v, err := Parse(data, Limits{})
				if err == nil {
					_, err = d.Decode(v)
				}
				return err
			},
			"json v2":       func() error { return jsonv2.Unmarshal(data, new(sampleArgs), jsonv2.RejectUnknownMembers(true)) },
			"encoding json": func() error { return json.Unmarshal(data, new(sampleArgs)) },
		} {
			b.Run(name+"/"+way, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := decode(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkValidate(b *testing.B) {
	s, err := Compile(fstest.MapFS{"notes.save.input.json": {Data: []byte(sampleSchema)}})
	if err != nil {
		b.Fatal(err)
	}
	for name, size := range sampleSizes() {
		v, err := Parse(sample(size), Limits{})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := s.ValidateInput("notes.save", v); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkEncode is a result of each size, beside json/v2.
func BenchmarkEncode(b *testing.B) {
	e, err := NewEncoder[sampleArgs]()
	if err != nil {
		b.Fatal(err)
	}
	for name, size := range sampleSizes() {
		v, err := Parse(sample(size), Limits{})
		if err != nil {
			b.Fatal(err)
		}
		var value sampleArgs
		if err := Decode(v, &value); err != nil {
			b.Fatal(err)
		}
		for way, encode := range map[string]func() error{
			"encoder": func() error { _, err := e.Append(nil, &value, 1<<20); return err },
			"json v2": func() error { return jsonv2.MarshalWrite(&bounded{nil, 1 << 20}, &value) },
		} {
			b.Run(name+"/"+way, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := encode(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
