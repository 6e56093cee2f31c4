package isolation

import (
	"bytes"
	"regexp"
	"slices"
	"testing"
)

// readItems reads a plaintext. What is accepted must be exactly what the items
// encode to: the grammar has one spelling.
func readItems(t *testing.T, plain []byte) (items []itemVector, ok bool) {
	t.Helper()
	for item, err := range Items(Plain{bytes: plain}) {
		if err != nil {
			return nil, false
		}
		items = append(items, vectorOf(item))
		if item.Size != 0 && (item.Kind != ItemUpload || item.Size != len(makeItems(vectorOf(item)))) {
			t.Fatalf("an item of kind %d has the size %d", item.Kind, item.Size)
		}
	}
	if len(items) == 0 || len(items) > MaxItems {
		t.Fatalf("%d items were accepted", len(items))
	}
	if got := makeItems(items...); !bytes.Equal(got, plain) {
		t.Fatalf("read %x as %+v, which is %x", plain, items, got)
	}
	return items, true
}

// FuzzItems reads arbitrary plaintexts, and batches of every kind with a fault.
func FuzzItems(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff})
	for _, v := range itemsVectors() {
		if v.Direction == toCore {
			f.Add([]byte(v.Plaintext))
		}
		for _, item := range v.Items {
			if v.Direction == toCore {
				f.Add(makeItems(item))
			}
		}
	}
	f.Fuzz(func(t *testing.T, plain []byte) { readItems(t, plain) })
}

// mediaType is the second opinion on media types.
var mediaType = regexp.MustCompile(`\A[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*\z`)

func fineType(s string) bool { return len(s) <= maxMediaType && mediaType.MatchString(s) }

// expectItem wants one item to be read as it was written if it is well-formed,
// of which fine is what its lengths, offset and media types don't tell, and to
// be refused otherwise.
func expectItem(t *testing.T, item itemVector, fine bool) {
	t.Helper()
	longest := max(len(item.Command), len(item.Target))
	for _, s := range item.Sections {
		longest = max(longest, len(s.Type))
		fine = fine && fineType(s.Type)
	}
	if longest > 255 {
		return // no encoding has that
	}
	fine = fine && max(len(item.Command), len(item.Target)) <= MaxCommand && item.Offset <= MaxOffset
	plain := makeItems(item)
	if items, ok := readItems(t, plain); ok != fine || ok && len(items) != 1 {
		t.Fatalf("%+v: read is %v, as %d items", item, ok, len(items))
	}
	if cut, ok := readItems(t, plain[:len(plain)-1]); ok {
		t.Fatalf("%+v was read without its last byte, as %+v", item, cut)
	}
}

// FuzzEmitItem writes emits and listens of any event, target and section.
func FuzzEmitItem(f *testing.F) {
	f.Add(uint32(1), "notes.changed", "", []byte("{}"), "", []byte(nil))
	f.Add(uint32(2), "notes.changed", "editor-2", []byte(`{"$bytes":1,"type":"image/png"}`), "image/png", []byte{7})
	f.Add(uint32(1<<32-1), "", "\xff", []byte(nil), "Image/png", []byte(nil))
	f.Fuzz(func(t *testing.T, id uint32, event, target string, json []byte, media string, data []byte) {
		expectItem(t, itemVector{Kind: uint8(ItemListen), ID: id, Command: event}, true)
		item := itemVector{Kind: uint8(ItemEmit), ID: id, Command: event, Target: target, JSON: string(json)}
		expectItem(t, item, true)
		for _, n := range []int{1, 2, MaxSections, MaxSections + 1} {
			item.Sections = slices.Repeat([]sectionVector{{media, data}}, n)
			expectItem(t, item, n <= MaxSections)
		}
	})
}

// FuzzUploadItem writes items of a stream at any offset, calls that want
// anything, and ends.
func FuzzUploadItem(f *testing.F) {
	f.Add(uint32(1), uint64(0), byte(0), []byte("1"), "", []byte(nil))
	f.Add(uint32(2), uint64(MaxOffset), byte(7), []byte("[]"), "a/b", []byte{1, 2})
	f.Add(uint32(3), uint64(MaxOffset+1), byte(8), []byte("[]"), "a/b;c", []byte{1, 2})
	f.Fuzz(func(t *testing.T, id uint32, offset uint64, wants byte, json []byte, media string, data []byte) {
		one := []sectionVector{{media, data}}
		expectItem(t, itemVector{Kind: uint8(ItemUpload), ID: id, Offset: offset, JSON: string(json)}, true)
		expectItem(t, itemVector{Kind: uint8(ItemUpload), ID: id, Offset: offset, JSON: string(json), Sections: one}, true)
		expectItem(t, itemVector{Kind: uint8(ItemCall), ID: id, Wants: Wants(wants), JSON: string(json), Sections: one}, wants <= 7)
		expectItem(t, itemVector{Kind: uint8(ItemEnd), ID: id, Offset: offset, Aborted: wants == 1}, true)
	})
}

// FuzzCreditItem writes credit and ends, and lies about what an end is.
func FuzzCreditItem(f *testing.F) {
	f.Add(uint32(1), uint64(StreamWindow), byte(0))
	f.Add(uint32(1<<32-1), uint64(MaxOffset), byte(1))
	f.Add(uint32(1), uint64(1<<64-1), byte(2))
	f.Fuzz(func(t *testing.T, id uint32, limit uint64, how byte) {
		expectItem(t, itemVector{Kind: uint8(ItemCredit), ID: id, Offset: limit}, true)
		end := makeItems(itemVector{Kind: uint8(ItemEnd), ID: id, Offset: limit})
		end[len(end)-1] = how
		if _, ok := readItems(t, end); ok != (how <= 1 && limit <= MaxOffset) {
			t.Fatalf("an end at %d of how %d is read: %v", limit, how, ok)
		}
	})
}
