package audits

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
)

// Scan reads the lines of a record in order. A line that is no record, for
// instance one that its writer's death cut short, yields an error naming it by
// number and the scan goes on; an error of the reader itself ends it.
func Scan(r io.Reader) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		lines := bufio.NewScanner(r)
		lines.Buffer(nil, 1<<20)
		for n := 1; lines.Scan(); n++ {
			record, err := decode(lines.Bytes())
			if err != nil {
				err = fmt.Errorf("audits: line %d: %w", n, err)
			}
			if !yield(record, err) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			yield(Record{}, fmt.Errorf("audits: read the record: %w", err))
		}
	}
}

func decode(line []byte) (Record, error) {
	var r Record
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		return Record{}, fmt.Errorf("not a whole record: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return Record{}, errors.New("one record was expected, and more follows it")
	}
	if r.Version != lineVersion {
		return Record{}, fmt.Errorf("version %d of the record was expected, got %d", lineVersion, r.Version)
	}
	return r, nil
}
