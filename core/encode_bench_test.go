package core

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/schema"
)

type benchRow struct {
	ID   int    `json:"id"`
	Name string `json:"name"`
	Done bool   `json:"done"`
}

type benchRows struct {
	Path string     `json:"path"`
	Rows []benchRow `json:"rows"`
}

func benchRowsOf(n int) benchRows {
	r := benchRows{Path: "notes/today.md"}
	for i := range n {
		r.Rows = append(r.Rows, benchRow{i, fmt.Sprintf("row %d", i), i%2 == 0})
	}
	return r
}

// BenchmarkEncode divides what becomes of a result: as a Command's and as a Handler's, and
// reading its text again.
func BenchmarkEncode(b *testing.B) {
	benchmarkEncode(b, "small", text{strings.Repeat("x", 40)})
	benchmarkEncode(b, "20 rows", benchRowsOf(20))
	benchmarkEncode(b, "16 KiB of rows", benchRowsOf(390))
}

func benchmarkEncode[R any](b *testing.B, name string, result R) {
	encoder, err := schema.NewEncoder[R]()
	if err != nil {
		b.Fatal(err)
	}
	typed := &commandResult[R]{encoder, result}
	var app App
	if app.encoder, err = schema.NewEncoder[any](); err != nil {
		b.Fatal(err)
	}
	out, _, err := app.encode(nil, typed, 1<<20)
	if err != nil {
		b.Fatal(err)
	}
	for stage, run := range map[string]func() error{
		"command": func() error { _, _, err := app.encode(make([]byte, 0, likely(typed)), typed, 1<<20); return err },
		"handler": func() error { _, _, err := app.encode(make([]byte, 0, likely(result)), result, 1<<20); return err },
		"parse":   func() error { _, err := schema.Parse(out, schema.DefaultLimits()); return err },
	} {
		b.Run(name+"/"+stage, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := run(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
