package core

import (
	"errors"
	"log/slog"
	"strconv"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/schema"
)

// What stands in place of a schema's keyword where no schema was asked.
const (
	keywordSyntax = "syntax" // the text is no acceptable JSON
	keywordLimits = "limits" // it is larger than its limit, as schema says it too
)

// mismatch is what a refused value should have been, nil if err is about
// something else. Nothing in it is of the value's making, if err is schema's: one
// of a handler may hold a schema's error about some other value.
func mismatch(err error) *audits.Mismatch {
	var (
		invalid *schema.Invalid
		syntax  *schema.SyntaxError
	)
	switch {
	case errors.As(err, &invalid):
		return &audits.Mismatch{Pointer: invalid.Pointer, Keyword: invalid.Keyword, Expected: invalid.Expected}
	case errors.As(err, &syntax):
		return &audits.Mismatch{Pointer: syntax.Pointer, Keyword: keywordSyntax, Expected: "one strict JSON value"}
	}
	return nil
}

// unencodable is the mismatch of a result's part that can't become JSON.
func unencodable(err *schema.EncodeError) *audits.Mismatch {
	return &audits.Mismatch{Pointer: err.Pointer, Keyword: keywordSyntax, Expected: "what JSON has a form for"}
}

// What is limited, in words.
const (
	ofJSON   = "bytes of JSON"
	ofBinary = "raw bytes beside the JSON"
	ofFrame  = "bytes of JSON and raw bytes in one frame"
	ofParts  = "parts of raw bytes"
)

// tooLarge is the mismatch of what is over its limit.
func tooLarge(limit int, of string) *audits.Mismatch {
	return &audits.Mismatch{Keyword: keywordLimits, Expected: "at most " + strconv.Itoa(limit) + " " + of}
}

func mismatchAttrs(m *audits.Mismatch) []slog.Attr {
	if m == nil {
		return nil
	}
	return []slog.Attr{
		slog.String("pointer", m.Pointer),
		slog.String("keyword", m.Keyword),
		slog.String("expected", m.Expected),
	}
}
