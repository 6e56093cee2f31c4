package main

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// locate finds what stands at an offset of a document: its pointer, its line and its column, both
// from 1, the column in bytes. Where the document can't be read on, the pointer leads to what
// could be read last.
func locate(data []byte, offset int) (pointer string, line, column int) {
	offset = min(max(offset, 0), len(data))
	before := data[:offset]
	line, column = 1+bytes.Count(before, []byte{'\n'}), offset-bytes.LastIndexByte(before, '\n')
	d := jsontext.NewDecoder(bytes.NewBuffer(data), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	for {
		if _, err := d.ReadToken(); err != nil {
			return string(d.StackPointer()), line, column
		}
		if int(d.InputOffset()) <= offset {
			continue
		}
		// The token that was read last reaches past the offset: it begins there or around it.
		return string(d.StackPointer()), line, column
	}
}
