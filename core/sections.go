package core

import (
	"errors"
	"fmt"
	"iter"

	"github.com/sallyport/sallyport/isolation"
	"github.com/sallyport/sallyport/schema"
)

// binarySize is how many bytes the sections of a message have.
func binarySize[S isolation.Section | schema.Section](sections []S) (n int) {
	for _, s := range sections {
		n += len(isolation.Section(s).Bytes)
	}
	return n
}

// smallPart is how small a part of a batch a section may be to stay where it is.
const smallPart = 4

// ownSections are the sections of an item of a batch whose plaintext has so many
// bytes, for a handler to keep. Whoever keeps one that lies in the plaintext keeps
// all of that; so a small one becomes a copy, and is cleared where it was.
func ownSections(sections []isolation.Section, plaintext int) []schema.Section {
	if len(sections) == 0 {
		return nil
	}
	own := make([]schema.Section, len(sections))
	for i, s := range sections {
		own[i] = schema.Section(s)
		if len(s.Bytes) < plaintext/smallPart {
			own[i].Bytes = append(make([]byte, 0, len(s.Bytes)), s.Bytes...)
			clear(s.Bytes)
		}
	}
	return own
}

// eachSection is how the record's MAC takes sections; nil is none.
func eachSection(sections []schema.Section) iter.Seq2[string, []byte] {
	if len(sections) == 0 {
		return nil
	}
	return func(yield func(string, []byte) bool) {
		for _, s := range sections {
			if !yield(s.Type, s.Bytes) {
				return
			}
		}
	}
}

// clearSections clears what nobody gets.
func clearSections[S isolation.Section | schema.Section](sections []S) {
	for _, s := range sections {
		clear(isolation.Section(s).Bytes)
	}
}

// Why a message of the core's with raw bytes can't be sent.
var (
	errBinarySize   = errors.New("core: the raw bytes are larger than their limit")
	errSectionCount = fmt.Errorf("core: the raw bytes are in more than %d parts", isolation.MaxSections)
	errFrameSize    = errors.New("core: JSON text and raw bytes together fit no frame")
)

// fits reports why an item with these sections can't be sent; without them, its
// size has been seen to.
func (l *Limits) fits(item int, sections []schema.Section, room int) error {
	switch {
	case len(sections) == 0:
		return nil
	case len(sections) > isolation.MaxSections:
		return errSectionCount
	case binarySize(sections) > l.BinaryBytes:
		return errBinarySize
	case item+sectionsSize(sections) > room:
		return errFrameSize
	}
	return nil
}

// sectionsSize is what sections add to an item.
func sectionsSize(sections []schema.Section) (n int) {
	for _, s := range sections {
		n += 1 + len(s.Type) + 4 + len(s.Bytes)
	}
	return n
}

// endBody completes an item's body, whose JSON begins at start. The sections are
// copied once, and no part of the item stays behind.
func endBody(item []byte, start int, sections []schema.Section) []byte {
	if len(sections) == 0 {
		return isolation.EndBody(item, start, nil)
	}
	if need := len(item) + sectionsSize(sections); need > cap(item) {
		grown := append(make([]byte, 0, need), item...)
		clear(item)
		item = grown
	}
	raw := make([]isolation.Section, len(sections))
	for i, s := range sections {
		raw[i] = isolation.Section(s)
	}
	return isolation.EndBody(item, start, raw)
}
