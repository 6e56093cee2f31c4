package isolation

import (
	"bytes"
	"testing"
)

// quiet is a Receiver that opens what it gets and reads the items.
type quiet struct{ opened int }

func (q *quiet) Opened(*Session) {}
func (q *quiet) Receive(s *Session, f Sealed) {
	plain, err := s.Open(f)
	if err != nil {
		return
	}
	q.opened++
	for range Items(plain) {
	}
}
func (q *quiet) Ended(*Session, Reason) {}

func quietGate(t testing.TB) (*Gate, *quiet) {
	q := new(quiet)
	g, err := New(Config{
		FrameOrigin: "http://frame-x.localhost:4002",
		Windows:     []Window{{Label: "main", Origin: "http://main-x.localhost:4001"}},
		Hook:        []byte("sallyport.onCall((call) => call)"), FrameScript: []byte("0"), ClientScript: []byte("0"),
	}, q)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Close)
	return g, q
}

// quietSession has known keys, so that a fuzzer's frame could only be opened
// by being forged.
func quietSession(t testing.TB, g *Gate, carrier Carrier) *Session {
	keys, err := newDirectionKeys(filler(0x10, KeySize), filler(0x30, KeySize))
	if err != nil {
		t.Fatal(err)
	}
	s := &Session{gate: g, window: g.windows["main"], carrier: carrier, cancel: func() {}}
	s.in.aead, s.out.aead, s.in.guard = keys.up, keys.down, new(strictOrder)
	if carrier == Relay {
		s.in.guard = new(slidingWindow)
	}
	return s
}

// FuzzOpen delivers arbitrary frames to a live session. None may be opened,
// move the session's state, or panic, and the genuine frame still must work.
func FuzzOpen(f *testing.F) {
	genuine := sealedVector{Key: filler(0x10, KeySize), Session: make(hexBytes, SessionIDSize), Direction: toCore, Type: TypeBatch, Sequence: 1, Plaintext: makeItems(itemVector{Kind: 1, ID: 1, Command: "a.b", JSON: "1"})}
	iv := ivFor(1)
	genuine.IV = iv[:]
	f.Add([]byte{}, false)
	for t := byte(0); t < 14; t++ {
		f.Add(append(header{typ: Type(t), sequence: 1}.append(nil), make([]byte, 40)...), t%2 == 0)
	}
	f.Fuzz(func(t *testing.T, frame []byte, relay bool) {
		g, q := quietGate(t)
		carrier := Direct
		if relay {
			carrier = Relay
		}
		s := quietSession(t, g, carrier)
		right := sealVector(t, genuine)
		if bytes.Equal(frame, right) {
			return
		}
		if s.deliver(bytes.Clone(frame)) || q.opened != 0 || s.ended.Load() {
			t.Fatalf("a frame nobody sealed was taken: %x", frame)
		}
		if !s.deliver(right) || q.opened != 1 {
			t.Fatal("the genuine frame was refused after a forged one")
		}
	})
}

// FuzzItems reads arbitrary plaintexts. What is accepted must be exactly what
// the items encode to: the grammar has one spelling.
func FuzzItems(f *testing.F) {
	f.Add([]byte{})
	f.Add(makeItems(itemVector{Kind: 1, ID: 1, Timeout: 5, Command: "notes.save", JSON: "{}"}, itemVector{Kind: 2, ID: 1}, itemVector{Kind: 3, ID: 2, Cause: 4, Command: "x"}))
	f.Add([]byte{1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, plain []byte) {
		var items []itemVector
		for item, err := range Items(Plain{bytes: plain}) {
			if err != nil {
				return
			}
			items = append(items, itemVector{uint8(item.Kind), item.ID, uint32(item.Timeout.Milliseconds()), item.Command, item.Cause, string(item.JSON)})
		}
		if len(items) == 0 || len(items) > MaxItems {
			t.Fatalf("%d items were accepted", len(items))
		}
		if got := makeItems(items...); !bytes.Equal(got, plain) {
			t.Fatalf("read %x as %+v, which is %x", plain, items, got)
		}
	})
}

// FuzzHello offers arbitrary hellos: none is accepted, and the offer stands.
func FuzzHello(f *testing.F) {
	f.Add([]byte{})
	f.Add(header{typ: TypeHello}.append(nil))
	f.Add(append(header{typ: TypeHello}.append(nil), make([]byte, helloSize-HeaderSize)...))
	f.Fuzz(func(t *testing.T, hello []byte) {
		g, _ := quietGate(t)
		o, err := g.Offer("main", Direct)
		if err != nil {
			t.Fatal(err)
		}
		if len(hello) >= HeaderSize+SessionIDSize { // let it get to the cryptography
			copy(hello[HeaderSize:], o.id[:])
		}
		if _, err := o.Accept(hello, func([]byte) error { return nil }); err == nil {
			t.Fatalf("a made-up hello was accepted: %x", hello)
		}
		if o.pair == nil {
			t.Fatal("a wrong hello consumed the secret")
		}
	})
}

// FuzzRelayBody splits arbitrary request bodies into frames and back.
func FuzzRelayBody(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0, 0, 0, 1, 7, 0, 0, 0, 0})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, body []byte) {
		frames, ok := splitFrames(body)
		if !ok {
			return
		}
		var again []byte
		for _, frame := range frames {
			again = appendLengthPrefixed(again, frame)
		}
		if !bytes.Equal(again, body) {
			t.Fatalf("%x was split into %x", body, frames)
		}
	})
}

func BenchmarkOpenAndSeal(b *testing.B) {
	for name, size := range map[string]int{"200B": 200, "1KiB": 1 << 10, "16KiB": 16 << 10} {
		b.Run(name, func(b *testing.B) {
			g, _ := quietGate(b)
			s := quietSession(b, g, Direct)
			aead := gcmOf(filler(0x10, KeySize))
			plain := make([]byte, size)
			frame := make([]byte, 0, size+64)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				h := header{typ: TypeBatch, sequence: s.in.guard.(*strictOrder).last + 1}
				iv := ivFor(h.sequence)
				frame = append(h.append(frame[:0]), iv[:]...)
				frame = aead.Seal(frame, iv[:], plain, associatedData(h, toCore, s.id))
				opened, err := s.Open(frame)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := s.Seal(opened.bytes[:200]); err != nil {
					b.Fatal(err)
				}
				s.in.count, s.out.count = 0, 0
			}
		})
	}
}

func BenchmarkHandshake(b *testing.B) {
	g, _ := quietGate(b)
	b.ReportAllocs()
	for b.Loop() {
		o, err := g.Offer("main", Direct)
		if err != nil {
			b.Fatal(err)
		}
		g.mu.Lock()
		g.dropOffer(o)
		g.mu.Unlock()
	}
}
