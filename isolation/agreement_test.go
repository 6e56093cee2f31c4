package isolation

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"math/rand/v2"
	"os"
	"testing"
	"unicode/utf8"
)

// A spoiltBatch is a batch from the core, most with a fault, and whether it is one still: the
// TypeScript parser has to say the same.
type spoiltBatch struct {
	Plaintext string `json:"plaintext"` // hex
	Good      bool   `json:"good"`
}

const batches = "testdata/batches.json"

// TestBatchesForTheFrame makes the batches anew, which are the same each time.
func TestBatchesForTheFrame(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 53))
	var all []spoiltBatch
	good := 0
	for len(all) < 600 {
		plain := spoil(random, makeAnswers(randomAnswers(random)...))
		ok := goodAnswers(plain)
		if ok {
			good++
		}
		all = append(all, spoiltBatch{hex.EncodeToString(plain), ok})
	}
	if good < 150 || good > 450 {
		t.Errorf("%d of %d batches are good", good, len(all))
	}
	made := []byte("[\n")
	for i, b := range all {
		text, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		made = append(made, text...)
		if i < len(all)-1 {
			made = append(made, ',')
		}
		made = append(made, '\n')
	}
	made = append(made, "]\n"...)
	if *update {
		if err := os.WriteFile(batches, made, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if stored, err := os.ReadFile(batches); err != nil || !bytes.Equal(stored, made) {
		t.Errorf("%s is not what the code makes (%v); if that was meant to change, run go test ./isolation -run BatchesForTheFrame -update", batches, err)
	}
}

func randomAnswers(r *rand.Rand) (items []itemVector) {
	text := func(of ...string) string { return of[r.IntN(len(of))] }
	number := func() uint64 { return []uint64{0, 1, 300, 1 << 32, MaxOffset}[r.IntN(5)] }
	for range 1 + r.IntN(3) {
		i := itemVector{Kind: uint8(1 + r.IntN(kindLast)), ID: r.Uint32(), JSON: text("", "1", "[]", `"é"`), Offset: number(), Number: number(), Text: text("", "main", "é")}
		for range r.IntN(3) {
			i.Sections = append(i.Sections, sectionVector{text("a/b", "image/svg+xml", "application/octet-stream"), make(hexBytes, r.IntN(4))})
		}
		items = append(items, i)
	}
	return items
}

// spoil changes nothing in one of three, and else a byte, the length, or a bit.
func spoil(r *rand.Rand, plain []byte) []byte {
	at := r.IntN(len(plain))
	switch r.IntN(6) {
	case 0:
		return plain[:at]
	case 1:
		return append(plain, byte(r.Uint32()))
	case 2:
		plain[at] = byte(r.Uint32())
	case 3:
		plain[at] ^= 1 << r.IntN(8)
	}
	return plain
}

// goodAnswers reads a batch from the core by the grammar.
func goodAnswers(plain []byte) bool {
	r := reader{rest: plain}
	n := 0
	for ; len(r.rest) > 0 && !r.failed; n++ {
		var item Item
		var text []byte
		kind := r.uint8()
		r.uint32()
		switch kind {
		case kindResult:
			r.body(&item)
		case kindError:
			item.JSON = r.sized()
		case kindItem:
			r.offset()
			r.body(&item)
		case kindEvent:
			r.offset()
			r.offset()
			text = r.take(int(r.uint8()))
			r.body(&item)
		case kindEnd, kindCredit:
			r.offset()
		case kindProgress:
			r.offset()
			r.offset()
			text = r.take(int(r.uint8()))
		default:
			return false
		}
		if !utf8.Valid(item.JSON) || !utf8.Valid(text) {
			return false
		}
	}
	return !r.failed && n > 0 && n <= MaxItems
}
