package isolation

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/c2sp/wycheproof"
	"github.com/tink-crypto/tink-go/v2/hybrid/hpke"
	"github.com/tink-crypto/tink-go/v2/insecuresecretdataaccess"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/secretdata"
)

var update = flag.Bool("update", false, "write testdata/vectors.json anew")

// The shared vectors. TypeScript opens and re-produces the same file; what it
// produces itself lies in sandbox-iframe/test/vectors.json.
type vectors struct {
	Comment string         `json:"comment"`
	Sealed  []sealedVector `json:"sealed"`
	Hello   []helloVector  `json:"hello"`
	Items   []itemsVector  `json:"items"`
}

type sealedVector struct {
	Name      string    `json:"name"`
	Key       hexBytes  `json:"key"`
	Session   hexBytes  `json:"session"`
	Direction direction `json:"direction"`
	Type      Type      `json:"type"`
	Epoch     uint16    `json:"epoch"`
	Sequence  uint64    `json:"sequence"`
	Plaintext hexBytes  `json:"plaintext"`
	IV        hexBytes  `json:"iv"`
	Frame     hexBytes  `json:"frame"`
}

type helloVector struct {
	Name                string   `json:"name"`
	RecipientPrivateKey hexBytes `json:"recipientPrivateKey"`
	RecipientPublicKey  hexBytes `json:"recipientPublicKey"`
	EphemeralPrivateKey hexBytes `json:"ephemeralPrivateKey"`
	EphemeralPublicKey  hexBytes `json:"ephemeralPublicKey"`
	Carrier             Carrier  `json:"carrier"` // as on the wire: 1 direct, 2 relay
	Pattern             Pattern  `json:"pattern"` // as on the wire: 1 isolation, 2 brownfield
	Epoch               uint16   `json:"epoch"`   // 0: a hello, else the body of a rekeyed for this epoch
	Session             hexBytes `json:"session"`
	Secret              hexBytes `json:"secret"`
	KeyUp               hexBytes `json:"keyUp"`
	KeyDown             hexBytes `json:"keyDown"`
	Info                hexBytes `json:"info"`
	Frame               hexBytes `json:"frame"`
}

type itemsVector struct {
	Name      string       `json:"name"`
	Direction direction    `json:"direction"`
	Items     []itemVector `json:"items"` // empty: the plaintext must be refused
	Plaintext hexBytes     `json:"plaintext"`
}

// Fields that a kind does not have are left out. Command is an event's name
// where there is one; number is a progress' total, and offset what is done; text
// is an event's label or a progress' text.
type itemVector struct {
	Kind     uint8           `json:"kind"`
	ID       uint32          `json:"id"`
	Timeout  uint32          `json:"timeout,omitempty"` // milliseconds
	Wants    Wants           `json:"wants,omitempty"`
	What     uint8           `json:"what,omitempty"`
	Command  string          `json:"command,omitempty"`
	Cause    Cause           `json:"cause,omitempty"`
	Target   string          `json:"target,omitempty"`
	Offset   uint64          `json:"offset,omitempty"` // of credit, the limit
	Number   uint64          `json:"number,omitempty"`
	Text     string          `json:"text,omitempty"`
	Aborted  bool            `json:"aborted,omitempty"`
	JSON     string          `json:"json,omitempty"`
	Sections []sectionVector `json:"sections,omitempty"`
}

type sectionVector struct {
	Type  string   `json:"type"`
	Bytes hexBytes `json:"bytes"`
}

// vectorOf is an item as Items read it.
func vectorOf(i Item) itemVector {
	v := itemVector{
		Kind: uint8(i.Kind), ID: i.ID, Timeout: uint32(i.Timeout / time.Millisecond), Wants: i.Wants, What: i.What, Cause: i.Cause,
		Command: string(i.Command), Target: string(i.Target), Offset: i.Offset, Aborted: i.Aborted, JSON: string(i.JSON),
	}
	for _, s := range i.Sections {
		v.Sections = append(v.Sections, sectionVector{s.Type, s.Bytes})
	}
	return v
}

func (i itemVector) sections() (list []Section) {
	for _, s := range i.Sections {
		list = append(list, Section{s.Type, s.Bytes})
	}
	return list
}

type hexBytes []byte

func (h hexBytes) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(h)), nil }

func (h *hexBytes) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

// filler is bytes that look like nothing else in the file.
func filler(first byte, n int) hexBytes {
	b := make(hexBytes, n)
	for i := range b {
		b[i] = first + byte(i)
	}
	return b
}

func makeVectors(t *testing.T) vectors {
	v := vectors{Comment: "Made by go test ./isolation -run Vectors -update. isolation/doc.go is the format. All bytes are hex."}
	call := makeItems(itemVector{Kind: 1, ID: 1, Timeout: 1500, Command: "notes.save", JSON: `{"path":"a/b","text":"grüße"}`})
	for _, s := range []sealedVector{
		{Name: "a call, first of its session", Direction: toCore, Type: TypeBatch, Sequence: 1, Plaintext: call},
		{Name: "an empty pong far on in a later epoch", Direction: toCore, Type: TypePong, Epoch: 513, Sequence: 1<<40 + 7},
		{Name: "a bye sealed in advance", Direction: toCore, Type: TypeBye},
		{Name: "ready", Direction: toFrame, Type: TypeReady, Sequence: 1, IV: filler(0xa0, ivSize)},
		{Name: "an answer", Direction: toFrame, Type: TypeBatch, Epoch: 1, Sequence: 2, Plaintext: AppendResult(nil, 1, []byte(`{"ok":true}`)), IV: filler(0xb0, ivSize)},
		{Name: "a challenge outside the sequence", Direction: toFrame, Type: TypeChallenge, Plaintext: filler(0x40, nonceSize), IV: filler(0xc0, ivSize)},
	} {
		s.Key, s.Session = filler(0x10, KeySize), filler(0x80, SessionIDSize)
		if s.Direction == toCore {
			iv := ivFor(s.Sequence)
			s.IV = iv[:]
		}
		s.Frame = sealVector(t, s)
		v.Sealed = append(v.Sealed, s)
	}
	for _, h := range []helloVector{
		{Name: "hello, direct, isolation", Carrier: Direct, Pattern: Isolation},
		{Name: "hello, relay, isolation", Carrier: Relay, Pattern: Isolation},
		{Name: "hello, direct, brownfield", Carrier: Direct, Pattern: Brownfield},
		{Name: "rekeyed for epoch 258", Carrier: Direct, Pattern: Isolation, Epoch: 258},
	} {
		h.RecipientPrivateKey, h.EphemeralPrivateKey = filler(0x21, 32), filler(0x51, 32)
		h.Session, h.Secret, h.KeyUp, h.KeyDown = filler(0x80, SessionIDSize), filler(0x01, SecretSize), filler(0x61, KeySize), filler(0x91, KeySize)
		h.RecipientPublicKey = privateKey(t, h.RecipientPrivateKey).PublicKey().Bytes()
		h.EphemeralPublicKey = privateKey(t, h.EphemeralPrivateKey).PublicKey().Bytes()
		id := sessionID(h.Session)
		h.Info = helloInfo(h.Carrier, h.Pattern, id)
		if h.Epoch > 0 {
			h.Info = rekeyInfo(h.Carrier, h.Pattern, id, h.Epoch)
		}
		key, nonce := hpkeContext(t, privateKey(t, h.EphemeralPrivateKey), privateKey(t, h.RecipientPrivateKey).PublicKey(), h.Info)
		h.Frame = append(bytes.Clone(h.EphemeralPublicKey), gcm(t, key).Seal(nil, nonce, bytes.Join([][]byte{h.Secret, h.KeyUp, h.KeyDown}, nil), nil)...)
		if h.Epoch == 0 {
			h.Frame = bytes.Join([][]byte{header{typ: TypeHello}.append(nil), h.Session, h.Frame}, nil)
		}
		h.Carrier, h.Pattern = h.Carrier+1, h.Pattern+1
		v.Hello = append(v.Hello, h)
	}
	v.Items = itemsVectors()
	return v
}

func sealVector(t *testing.T, s sealedVector) []byte {
	h := header{typ: s.Type, epoch: s.Epoch, sequence: s.Sequence}
	body := gcm(t, s.Key).Seal(nil, s.IV, s.Plaintext, h.associate(new([associatedSize]byte), s.Direction, sessionID(s.Session)))
	return bytes.Join([][]byte{h.append(nil), s.IV, body}, nil)
}

func gcm(t *testing.T, key []byte) cipher.AEAD {
	t.Helper()
	return gcmOf(key)
}

// gcmOf is the standard library's AES-GCM: the second opinion on Tink's.
func gcmOf(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return aead
}

func privateKey(t *testing.T, raw []byte) *ecdh.PrivateKey {
	t.Helper()
	key, err := ecdh.P256().NewPrivateKey(raw)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// hpkeContext is the sender's key schedule of RFC 9180 sections 4.1 and 5.1,
// base mode, for a given ephemeral key: the second opinion on Tink's.
func hpkeContext(t *testing.T, ephemeral *ecdh.PrivateKey, recipient *ecdh.PublicKey, info []byte) (key, nonce []byte) {
	t.Helper()
	dh, err := ephemeral.ECDH(recipient)
	if err != nil {
		t.Fatal(err)
	}
	extract := func(suite string, salt []byte, label string, ikm []byte) []byte {
		prk, err := hkdf.Extract(sha256.New, bytes.Join([][]byte{[]byte("HPKE-v1"), []byte(suite), []byte(label), ikm}, nil), salt)
		if err != nil {
			t.Fatal(err)
		}
		return prk
	}
	expand := func(suite string, prk []byte, label string, info []byte, n int) []byte {
		labelled := binary.BigEndian.AppendUint16(nil, uint16(n))
		labelled = append(labelled, "HPKE-v1"+suite+label...)
		out, err := hkdf.Expand(sha256.New, prk, string(append(labelled, info...)), n)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	const kem, suite = "KEM\x00\x10", "HPKE\x00\x10\x00\x01\x00\x02"
	kemContext := append(ephemeral.PublicKey().Bytes(), recipient.Bytes()...)
	shared := expand(kem, extract(kem, nil, "eae_prk", dh), "shared_secret", kemContext, 32)
	context := bytes.Join([][]byte{{0}, extract(suite, nil, "psk_id_hash", nil), extract(suite, nil, "info_hash", info)}, nil)
	secret := extract(suite, shared, "secret", nil)
	return expand(suite, secret, "key", context, 32), expand(suite, secret, "base_nonce", context, 12)
}

// pairOf is the core's half of a handshake with a given key and secret.
func pairOf(t *testing.T, private, secret []byte) *keyPair {
	t.Helper()
	params, err := hpke.NewParameters(hpke.ParametersOpts{KEMID: hpke.DHKEM_P256_HKDF_SHA256, KDFID: hpke.HKDFSHA256, AEADID: hpke.AES256GCM, Variant: hpke.VariantNoPrefix})
	if err != nil {
		t.Fatal(err)
	}
	key, err := hpke.NewPrivateKey(secretdata.NewBytesFromData(private, insecuresecretdataaccess.Token{}), 0, params)
	if err != nil {
		t.Fatal(err)
	}
	manager := keyset.NewManager()
	id, err := manager.AddKey(key)
	if err != nil {
		t.Fatal(err)
	}
	if err := manager.SetPrimary(id); err != nil {
		t.Fatal(err)
	}
	handle, err := manager.Handle()
	if err != nil {
		t.Fatal(err)
	}
	pair, err := keyPairOf(handle)
	if err != nil {
		t.Fatal(err)
	}
	copy(pair.secret[:], secret)
	return pair
}

// TestVectors holds the code to the shared vectors, ours and TypeScript's.
func TestVectors(t *testing.T) {
	const ours = "testdata/vectors.json"
	made, err := json.MarshalIndent(makeVectors(t), "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	made = append(made, '\n')
	if *update {
		if err := os.WriteFile(ours, made, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	stored, err := os.ReadFile(ours)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(stored, made) {
		t.Errorf("%s is not what the code makes; if the format was meant to change, run go test ./isolation -run Vectors -update", ours)
	}
	for _, file := range []string{ours, "../sandbox-iframe/test/vectors.json"} {
		t.Run(filepath.Base(filepath.Dir(file)), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var v vectors
			if err := json.Unmarshal(data, &v); err != nil {
				t.Fatal(err)
			}
			if len(v.Sealed) == 0 || len(v.Hello) == 0 || len(v.Items) == 0 {
				t.Fatalf("%s holds %d sealed, %d hello and %d items vectors; want some of each", file, len(v.Sealed), len(v.Hello), len(v.Items))
			}
			checkVectors(t, v)
		})
	}
}

func checkVectors(t *testing.T, v vectors) {
	for _, s := range v.Sealed {
		if got := sealVector(t, s); !bytes.Equal(got, s.Frame) {
			t.Errorf("%s: produced\n%x, want\n%x", s.Name, got, s.Frame)
		}
		if s.Direction != toCore || s.Sequence == 0 {
			continue
		}
		aead, err := newAEAD(s.Key)
		if err != nil {
			t.Fatal(err)
		}
		session := &Session{gate: &Gate{limits: DefaultLimits()}, id: sessionID(s.Session)}
		session.in.aead, session.in.epoch, session.in.guard = aead, s.Epoch, &strictOrder{last: s.Sequence - 1}
		if plain, err := session.open(s.Frame, s.Type); err != nil || !bytes.Equal(plain, s.Plaintext) {
			t.Errorf("%s: opened %x, %v", s.Name, plain, err)
		}
	}
	for _, h := range v.Hello {
		body := []byte(h.Frame)
		info := rekeyInfo(h.Carrier-1, h.Pattern-1, sessionID(h.Session), h.Epoch)
		if h.Epoch == 0 {
			id, ok := helloSession(h.Frame, TypeHello)
			if !ok || !bytes.Equal(id[:], h.Session) {
				t.Errorf("%s: session %x, %v", h.Name, id, ok)
			}
			body, info = h.Frame[HeaderSize+SessionIDSize:], helloInfo(h.Carrier-1, h.Pattern-1, id)
		}
		if !bytes.Equal(info, h.Info) {
			t.Errorf("%s: info %x, want %x", h.Name, info, h.Info)
		}
		keys, ok := pairOf(t, h.RecipientPrivateKey, h.Secret).open(body, info)
		if !ok {
			t.Errorf("%s: was not opened", h.Name)
			continue
		}
		for _, k := range []struct {
			raw  []byte
			made interface {
				Decrypt(c, ad []byte) ([]byte, error)
			}
		}{{h.KeyUp, keys.up}, {h.KeyDown, keys.down}} {
			iv := make([]byte, ivSize)
			if _, err := k.made.Decrypt(gcm(t, k.raw).Seal(iv, iv, nil, nil), nil); err != nil {
				t.Errorf("%s: a key of the wrong direction came out", h.Name)
			}
		}
		if _, ok := pairOf(t, h.RecipientPrivateKey, filler(9, SecretSize)).open(body, info); ok {
			t.Errorf("%s: opened without the secret", h.Name)
		}
	}
	for _, i := range v.Items {
		if i.Direction != toCore {
			if got := makeAnswers(i.Items...); i.Items != nil && !bytes.Equal(got, i.Plaintext) {
				t.Errorf("%s: produced %x, want %x", i.Name, got, i.Plaintext)
			}
			continue
		}
		var got []itemVector
		refused := false
		for item, err := range Items(Plain{bytes: i.Plaintext}) {
			if err != nil {
				refused = true
				break
			}
			got = append(got, vectorOf(item))
		}
		if refused != (len(i.Items) == 0) {
			t.Errorf("%s: refused is %v", i.Name, refused)
		}
		if !refused && !bytes.Equal(makeItems(got...), i.Plaintext) {
			t.Errorf("%s: read %+v", i.Name, got)
		}
	}
}

// TestRFC9180 holds the vectors' key schedule to the RFC's, and Tink's HPKE,
// which is one-shot without associated data, to the same schedule.
func TestRFC9180(t *testing.T) {
	data, err := os.ReadFile("testdata/rfc9180.json")
	if err != nil {
		t.Fatal(err)
	}
	var v struct {
		Info, SkRm, SkEm, PkRm, Enc, Key hexBytes
		BaseNonce                        hexBytes `json:"base_nonce"`
		Encryptions                      []struct{ Aad, Ciphertext, Nonce, Plaintext hexBytes }
	}
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	ephemeral, recipient := privateKey(t, v.SkEm), privateKey(t, v.SkRm)
	key, nonce := hpkeContext(t, ephemeral, recipient.PublicKey(), v.Info)
	if !bytes.Equal(key, v.Key) || !bytes.Equal(nonce, v.BaseNonce) || !bytes.Equal(ephemeral.PublicKey().Bytes(), v.Enc) {
		t.Fatalf("key schedule differs: key %x, nonce %x", key, nonce)
	}
	first := v.Encryptions[0]
	if got := gcm(t, key).Seal(nil, nonce, first.Plaintext, first.Aad); !bytes.Equal(got, first.Ciphertext) {
		t.Errorf("sealed %x, want %x", got, first.Ciphertext)
	}
	message := append(bytes.Clone(v.Enc), gcm(t, key).Seal(nil, nonce, first.Plaintext, nil)...)
	pair := pairOf(t, v.SkRm, nil)
	if plain, err := pair.decrypt.Decrypt(message, v.Info); err != nil || !bytes.Equal(plain, first.Plaintext) {
		t.Errorf("Tink opened %x, %v", plain, err)
	}
	if !bytes.Equal(pair.public, v.PkRm) {
		t.Errorf("Tink's public key is %x, want %x", pair.public, v.PkRm)
	}
}

// TestWycheproofAESGCM runs every vector of our sizes through the AEAD that
// sessions use.
func TestWycheproofAESGCM(t *testing.T) {
	data, err := fs.ReadFile(wycheproof.TestVectors, "aes_gcm_test.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		TestGroups []struct {
			IvSize, KeySize, TagSize int
			Tests                    []struct {
				TcID                       int
				Comment, Result            string
				Key, Iv, Aad, Msg, Ct, Tag hexBytes
			}
		}
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	run := 0
	for _, g := range file.TestGroups {
		if g.IvSize != 8*ivSize || g.KeySize != 8*KeySize || g.TagSize != 8*tagSize {
			continue
		}
		for _, c := range g.Tests {
			run++
			aead, err := newAEAD(c.Key)
			if err != nil {
				t.Fatal(err)
			}
			plain, err := aead.Decrypt(bytes.Join([][]byte{c.Iv, c.Ct, c.Tag}, nil), c.Aad)
			if valid := c.Result == "valid"; valid != (err == nil) || valid && !bytes.Equal(plain, c.Msg) {
				t.Errorf("case %d (%s, %s): %v", c.TcID, c.Comment, c.Result, err)
			}
		}
	}
	if run < 40 {
		t.Errorf("only %d vectors of our sizes were run", run)
	}
	t.Logf("%d vectors", run)
}
