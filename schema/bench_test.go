package schema

import (
	"encoding/json"
	"fmt"
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

func BenchmarkParse(b *testing.B) {
	for name, size := range sampleSizes() {
		data := sample(size)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				if _, err := Parse(data, Limits{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkScanFloor is what the strict scan alone costs: the floor for Parse.
func BenchmarkScanFloor(b *testing.B) {
	for name, size := range sampleSizes() {
		data := sample(size)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				if !jsontext.Value(data).IsValid() {
					b.Fatal("invalid")
				}
			}
		})
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
