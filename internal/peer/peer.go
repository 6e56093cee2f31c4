// Package peer is the frame's side of the wire format in Go: what the frame
// runtime does in TypeScript, for tests, the fuzz kit and benchmarks. It can
// also be made to misbehave, which the real one can't.
package peer

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"github.com/tink-crypto/tink-go/v2/hybrid"
	"github.com/tink-crypto/tink-go/v2/hybrid/hpke"
	"github.com/tink-crypto/tink-go/v2/keyset"

	"github.com/sallyport/sallyport/isolation"
)

// The two directions of the associated data.
const (
	ToCore  byte = 1
	ToFrame byte = 2
)

// A Peer holds a frame's keys and its place in both sequences. It is safe for
// concurrent use, but frames must be sent in the order they were sealed.
type Peer struct {
	handshake isolation.Handshake
	session   [isolation.SessionIDSize]byte

	mu    sync.Mutex
	epoch uint16
	up    cipher.AEAD
	down  cipher.AEAD
	next  *keys // sent with rekeyed, not yet confirmed by ready
	sent  uint64
	got   uint64
}

type keys struct{ up, down cipher.AEAD }

// New makes keys for a handshake and the hello that carries them.
func New(h isolation.Handshake) (*Peer, []byte, error) {
	p := &Peer{handshake: h}
	id, err := base64.RawURLEncoding.DecodeString(h.Session)
	if err != nil || len(id) != isolation.SessionIDSize {
		return nil, nil, errors.New("peer: handshake has no session id")
	}
	copy(p.session[:], id)
	secret, err := base64.RawURLEncoding.DecodeString(h.Secret)
	if err != nil {
		return nil, nil, fmt.Errorf("peer: secret: %w", err)
	}
	public, err := base64.RawURLEncoding.DecodeString(h.CoreKey)
	if err != nil {
		return nil, nil, fmt.Errorf("peer: core key: %w", err)
	}
	k, message, err := sealKeys(public, secret, p.info("sallyport/1 hello"))
	if err != nil {
		return nil, nil, err
	}
	p.up, p.down = k.up, k.down
	hello := Header(isolation.TypeHello, 0, 0)
	hello = append(hello, p.session[:]...)
	return p, append(hello, message...), nil
}

// Header is a frame's clear start.
func Header(t isolation.Type, epoch uint16, sequence uint64) []byte {
	h := []byte{isolation.Version, byte(t)}
	h = binary.BigEndian.AppendUint16(h, epoch)
	return binary.BigEndian.AppendUint64(h, sequence)
}

// info is the HPKE info of this handshake; the wire numbers of carrier and
// pattern are one higher than Go's.
func (p *Peer) info(label string) []byte {
	carrier, pattern := byte(1), byte(1)
	if p.handshake.Carrier == isolation.Relay.String() {
		carrier = 2
	}
	if p.handshake.Pattern == isolation.Brownfield.String() {
		pattern = 2
	}
	return append(append([]byte(label), carrier, pattern), p.session[:]...)
}

// sealKeys makes a key for each direction and seals them with the secret.
func sealKeys(public, secret, info []byte) (*keys, []byte, error) {
	var material [2 * isolation.KeySize]byte
	rand.Read(material[:]) // never fails since Go 1.24
	k, err := newKeys(material[:isolation.KeySize], material[isolation.KeySize:])
	if err != nil {
		return nil, nil, err
	}
	params, err := hpke.NewParameters(hpke.ParametersOpts{
		KEMID: hpke.DHKEM_P256_HKDF_SHA256, KDFID: hpke.HKDFSHA256, AEADID: hpke.AES256GCM, Variant: hpke.VariantNoPrefix,
	})
	if err != nil {
		return nil, nil, fmt.Errorf("peer: HPKE parameters: %w", err)
	}
	key, err := hpke.NewPublicKey(public, 0, params)
	if err != nil {
		return nil, nil, fmt.Errorf("peer: core key: %w", err)
	}
	manager := keyset.NewManager()
	id, err := manager.AddKey(key)
	if err != nil {
		return nil, nil, fmt.Errorf("peer: keyset: %w", err)
	}
	if err := manager.SetPrimary(id); err != nil {
		return nil, nil, fmt.Errorf("peer: keyset: %w", err)
	}
	handle, err := manager.Handle()
	if err != nil {
		return nil, nil, fmt.Errorf("peer: keyset: %w", err)
	}
	encrypt, err := hybrid.NewHybridEncrypt(handle)
	if err != nil {
		return nil, nil, fmt.Errorf("peer: HPKE: %w", err)
	}
	message, err := encrypt.Encrypt(append(append([]byte{}, secret...), material[:]...), info)
	return k, message, err
}

func newKeys(up, down []byte) (*keys, error) {
	u, err := newGCM(up)
	if err != nil {
		return nil, err
	}
	d, err := newGCM(down)
	if err != nil {
		return nil, err
	}
	return &keys{u, d}, nil
}

func newGCM(raw []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(raw)
	if err != nil {
		return nil, fmt.Errorf("peer: %w", err)
	}
	return cipher.NewGCM(block)
}

// A Frame is what goes into a sealed frame; every field can be set to what an
// attacker would.
type Frame struct {
	Version   byte
	Type      isolation.Type
	Epoch     uint16
	Sequence  uint64
	IV        [12]byte
	Direction byte
	Session   [isolation.SessionIDSize]byte
	Plain     []byte
}

// Next is the genuine next frame of a type, for Seal to seal or for a test to
// spoil first. It does not count.
func (p *Peer) Next(t isolation.Type, plain []byte) Frame {
	p.mu.Lock()
	defer p.mu.Unlock()
	f := Frame{Version: isolation.Version, Type: t, Epoch: p.epoch, Sequence: p.sent + 1, Direction: ToCore, Session: p.session, Plain: plain}
	f.IV = ivOf(f.Sequence)
	return f
}

func ivOf(sequence uint64) (iv [12]byte) {
	binary.BigEndian.PutUint64(iv[4:], sequence)
	return iv
}

// Encode seals a frame exactly as described, whatever it says.
func (p *Peer) Encode(f Frame) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.encode(f)
}

func (p *Peer) encode(f Frame) []byte {
	header := Header(f.Type, f.Epoch, f.Sequence)
	header[0] = f.Version
	ad := append(append([]byte{}, header...), f.Direction)
	ad = append(ad, f.Session[:]...)
	return p.up.Seal(append(header, f.IV[:]...), f.IV[:], f.Plain, ad)
}

// Seal seals the next frame.
func (p *Peer) Seal(t isolation.Type, plain []byte) []byte {
	f := p.Next(t, plain)
	p.mu.Lock()
	defer p.mu.Unlock()
	f.Sequence = p.sent + 1
	f.IV = ivOf(f.Sequence)
	p.sent++
	return p.encode(f)
}

// Farewell is the bye that a frame seals in advance.
func (p *Peer) Farewell() []byte {
	f := p.Next(isolation.TypeBye, nil)
	f.Sequence, f.IV = 0, [12]byte{}
	return p.Encode(f)
}

// Skip spends n numbers of the sequence on frames that are never sent.
func (p *Peer) Skip(n uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent += n
}

// ErrFrame is every failure to open a frame of the core.
var ErrFrame = errors.New("peer: frame from the core is not authentic")

// Open opens a frame of the core and checks its place: the next one, or for
// resumed a later one; a challenge stands outside the sequence. On the relay
// a gap is accepted, as its responses may overtake each other.
func (p *Peer) Open(frame []byte) (isolation.Type, []byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(frame) < isolation.HeaderSize+12+16 || frame[0] != isolation.Version {
		return 0, nil, ErrFrame
	}
	t := isolation.Type(frame[1])
	epoch := binary.BigEndian.Uint16(frame[2:])
	sequence := binary.BigEndian.Uint64(frame[4:])
	down := p.down
	if p.next != nil && epoch == p.epoch+1 {
		down = p.next.down
	} else if epoch != p.epoch {
		return 0, nil, ErrFrame
	}
	ad := append(append([]byte{}, frame[:isolation.HeaderSize]...), ToFrame)
	ad = append(ad, p.session[:]...)
	body := frame[isolation.HeaderSize:]
	plain, err := down.Open(nil, body[:12], body[12:], ad)
	if err != nil {
		return 0, nil, ErrFrame
	}
	inOrder := sequence == p.got+1 || sequence > p.got && (t == isolation.TypeResumed || p.handshake.Carrier == isolation.Relay.String())
	if t == isolation.TypeChallenge {
		inOrder = sequence == 0
	} else if inOrder {
		p.got = sequence
	}
	if !inOrder {
		return 0, nil, ErrFrame
	}
	if epoch == p.epoch+1 { // confirmed: the core has switched
		p.up, p.down, p.next, p.epoch = p.next.up, p.next.down, nil, epoch
	}
	return t, plain, nil
}

// Rekeyed answers a rekey's plaintext with the frame that holds new keys.
// Nothing else may be sealed until Open has seen the ready that follows.
func (p *Peer) Rekeyed(rekey []byte) ([]byte, error) {
	if len(rekey) != isolation.SecretSize+isolation.PublicKeySize {
		return nil, ErrFrame
	}
	p.mu.Lock()
	info := binary.BigEndian.AppendUint16(p.info("sallyport/1 rekey"), p.epoch+1)
	p.mu.Unlock()
	k, message, err := sealKeys(rekey[isolation.SecretSize:], rekey[:isolation.SecretSize], info)
	if err != nil {
		return nil, err
	}
	frame := p.Seal(isolation.TypeRekeyed, message)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next = k
	return frame, nil
}

// Resume is the clear frame that claims this session on a new socket.
func (p *Peer) Resume() []byte {
	return append(Header(isolation.TypeResume, 0, 0), p.session[:]...)
}
