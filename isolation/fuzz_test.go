package isolation

import (
	"bufio"
	"bytes"
	"crypto/ecdh"
	"net/http"
	"net/url"
	"strings"
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
	s.out.held.expiry = watch{within: holdAtMost, late: s.letGo}
	return s
}

// spoilt is what a fuzzer makes of a genuine frame: at one place another byte,
// and cut there or not. A change of 0 leaves the fuzzer's own bytes, which
// seldom get past the first checks.
func spoilt(genuine, own []byte, at uint16, change byte) []byte {
	if change == 0 {
		return bytes.Clone(own)
	}
	frame := bytes.Clone(genuine)
	i := int(at) % len(frame)
	frame[i] ^= change
	if change&1 != 0 && at > 0x7fff {
		frame = frame[:i+1]
	}
	return frame
}

// FuzzOpen delivers arbitrary frames, and genuine ones with a fault, to a live
// session. None may be opened, move the session's state, or panic, and the
// genuine frame still must work.
func FuzzOpen(f *testing.F) {
	genuine := sealedVector{Key: filler(0x10, KeySize), Session: make(hexBytes, SessionIDSize), Direction: toCore, Type: TypeBatch, Sequence: 1, Plaintext: makeItems(itemVector{Kind: 1, ID: 1, Command: "a.b", JSON: "1"})}
	iv := ivFor(1)
	genuine.IV = iv[:]
	f.Add([]byte{}, false, uint16(0), byte(0))
	for t := byte(0); t < 14; t++ {
		f.Add(append(header{typ: Type(t), sequence: 1}.append(nil), make([]byte, 40)...), t%2 == 0, uint16(0), byte(0))
	}
	for i, at := range []uint16{0, 1, 3, HeaderSize - 1, HeaderSize, HeaderSize + ivSize, 0x8000, 0xffff} {
		f.Add([]byte{}, i%2 == 0, at, byte(i+1))
	}
	f.Fuzz(func(t *testing.T, own []byte, relay bool, at uint16, change byte) {
		g, q := quietGate(t)
		carrier := Direct
		if relay {
			carrier = Relay
		}
		s := quietSession(t, g, carrier)
		right := sealVector(t, genuine)
		frame := spoilt(right, own, at, change)
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

// FuzzHello offers arbitrary hellos, and genuine ones with a fault: none is
// accepted, and the offer stands for the genuine one.
func FuzzHello(f *testing.F) {
	f.Add([]byte{}, uint16(0), byte(0))
	f.Add(header{typ: TypeHello}.append(nil), uint16(0), byte(0))
	f.Add(append(header{typ: TypeHello}.append(nil), make([]byte, helloSize-HeaderSize)...), uint16(0), byte(0))
	for i, at := range []uint16{0, 1, 2, HeaderSize, HeaderSize + SessionIDSize, HeaderSize + SessionIDSize + 1, HeaderSize + SessionIDSize + PublicKeySize, helloSize - 1, 0x8000, 0xffff} {
		f.Add([]byte{}, at, byte(i+1))
	}
	f.Fuzz(func(t *testing.T, own []byte, at uint16, change byte) {
		g, _ := quietGate(t)
		o, err := g.Offer("main", Direct)
		if err != nil {
			t.Fatal(err)
		}
		right := helloTo(t, o)
		hello := spoilt(right, own, at, change)
		if change == 0 && len(hello) >= HeaderSize+SessionIDSize { // let it get to the cryptography
			copy(hello[HeaderSize:], o.id[:])
		}
		if bytes.Equal(hello, right) {
			return
		}
		if _, err := o.Accept(hello, func([]byte) error { return nil }); err == nil {
			t.Fatalf("a made-up hello was accepted: %x", hello)
		}
		if o.pair == nil {
			t.Fatal("a wrong hello consumed the secret")
		}
		if _, err := o.Accept(right, func([]byte) error { return nil }); err != nil {
			t.Fatal("the genuine hello was refused after a wrong one")
		}
	})
}

// helloTo is the genuine hello of an offer, by the vectors' own HPKE.
func helloTo(t *testing.T, o *Offer) []byte {
	t.Helper()
	recipient, err := ecdh.P256().NewPublicKey(o.pair.public)
	if err != nil {
		t.Fatal(err)
	}
	ephemeral := privateKey(t, filler(0x51, 32))
	key, nonce := hpkeContext(t, ephemeral, recipient, helloInfo(o.carrier, o.gate.pattern, o.id))
	plain := bytes.Join([][]byte{o.pair.secret[:], filler(0x61, KeySize), filler(0x91, KeySize)}, nil)
	return bytes.Join([][]byte{header{typ: TypeHello}.append(nil), o.id[:], ephemeral.PublicKey().Bytes(), gcm(t, key).Seal(nil, nonce, plain, nil)}, nil)
}

// FuzzResume claims a live session on a new socket by arbitrary frames, and by
// genuine ones with a fault: nothing moves it but the genuine proof.
func FuzzResume(f *testing.F) {
	resume := append(header{typ: TypeResume}.append(nil), make([]byte, SessionIDSize)...)
	f.Add([]byte{}, []byte{}, uint16(0), byte(0))
	f.Add(resume, append(header{typ: TypeProof, sequence: 1}.append(nil), make([]byte, 60)...), uint16(0), byte(0))
	for i, at := range []uint16{0, 1, 3, HeaderSize - 1, HeaderSize, HeaderSize + ivSize, 0x8000, 0xffff} {
		f.Add(resume, []byte{}, at, byte(i+1))
	}
	f.Fuzz(func(t *testing.T, claim, own []byte, at uint16, change byte) {
		g, _ := quietGate(t)
		s := quietSession(t, g, Direct)
		g.mu.Lock()
		g.sessions[s.id] = s
		g.mu.Unlock()
		r, _, err := g.beginResume(claim, nil)
		if taken := err == nil; taken != bytes.Equal(claim, resume) {
			t.Fatalf("the claim %x was taken: %v", claim, taken)
		}
		if err != nil {
			if r, _, err = g.beginResume(resume, nil); err != nil {
				t.Fatal("the genuine claim was refused after a wrong one")
			}
		}
		iv := ivFor(1)
		right := sealVector(t, sealedVector{Key: filler(0x10, KeySize), Session: s.id[:], Direction: toCore, Type: TypeProof, Sequence: 1, IV: iv[:], Plaintext: r.nonce[:]})
		to := &funcLink{call: func([]byte) error { return nil }}
		if proof := spoilt(right, own, at, change); !bytes.Equal(proof, right) && r.prove(proof, to) == nil {
			t.Fatalf("a made-up proof was taken: %x", proof)
		}
		if s.out.link != nil {
			t.Fatal("a wrong proof moved the session")
		}
		if err := r.prove(right, to); err != nil {
			t.Fatal("the genuine proof was refused after a wrong one")
		}
	})
}

// FuzzHost addresses requests in all spellings: what is served is addressed,
// in so many bytes, to a host of ours, and origins have one spelling alone.
func FuzzHost(f *testing.F) {
	const ours = "main-abcdefghijklmnop.localhost:41001"
	for _, host := range []string{
		ours, "", "main-abcdefghijklmnop.evil.example:41001", ours + ".evil.example", "evil." + ours, "x@" + ours, "Main-abcdefghijklmnop.localhost:41001",
		"main-abcdefghijklmnop.localhost.:41001", "main-abcdefghijklmnop.localhost:041001", "main-abcdefghijklmnop.localhost", "127.0.0.1:41001", "[::1]:41001",
		"main-abcdefghijklmnop.xn--localhost-x:41001", "main-abcdefghijklmnop.ｌocalhost:41001", "main-abcdefghijklmnop\u3002localhost:41001", "0x7f.1", "2130706433", "app.example.com:443",
	} {
		f.Add(host, "/", "http")
		f.Add(host, "http://"+host+"/", "https")
	}
	f.Fuzz(func(t *testing.T, host, target, scheme string) {
		if o, err := parseOrigin(scheme + "://" + host); err == nil {
			u, err := url.Parse(o.String())
			if o.String() != scheme+"://"+host || err != nil || u.Host != o.authority() || u.User != nil || u.Path != "" || strings.ToLower(u.Host) != u.Host {
				t.Fatalf("%s://%s is taken for the origin %s", scheme, host, o)
			}
		}
		if strings.ContainsAny(host+target, "\r\n") { // that would be other headers
			return
		}
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader("GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n")))
		if err != nil || checkHost(r, ours) != nil {
			return
		}
		if got := strings.Trim(host, " \t"); got != ours || !strings.HasPrefix(target, "/") {
			t.Fatalf("a request to %q at host %q is served", target, host)
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
				frame = aead.Seal(frame, iv[:], plain, h.associate(new([associatedSize]byte), toCore, s.id))
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
