package isolation

import "encoding/binary"

// Version is the wire version, the first byte of every frame.
const Version = 1

// Sizes of the wire format, in bytes unless said otherwise.
const (
	HeaderSize    = 12
	SessionIDSize = 16
	SecretSize    = 32
	KeySize       = 32
	PublicKeySize = 65 // uncompressed P-256 point
	ivSize        = 12
	tagSize       = 16
	nonceSize     = 32

	MaxItems     = 256     // items in one batch
	MaxSections  = 64      // of one body
	MaxCommand   = 128     // a command's name, or an event's
	MaxFrames    = 1 << 24 // sealed frames of one direction under one key
	replayWindow = 1024    // sequence numbers remembered on the relay
	maxMediaType = 127     // in bytes

	StreamWindow = 1 << 20   // credit of a fresh stream, in bytes
	EventWindow  = 256 << 10 // that of a listen
	MaxOffset    = 1<<53 - 1 // of a stream, and any number of eight bytes in an item: what JavaScript counts to
)

// A Type says what a frame is for. The zero value is no type.
type Type uint8

// The types of the wire format.
const (
	TypeHello Type = 1 + iota
	TypeReady
	TypeBatch
	TypePing
	TypePong
	TypeRekey
	TypeRekeyed
	TypeResume
	TypeChallenge
	TypeProof
	TypeResumed
	TypeBye
)

// A Carrier is how frames travel. The zero value is Direct.
type Carrier uint8

// The carriers. Their numbers on the wire are one higher.
const (
	Direct Carrier = iota // a WebSocket owned by the frame
	Relay                 // POST requests made by the page
)

// A Pattern says who makes the handshake and holds the keys. The zero value
// is Isolation.
type Pattern uint8

// The patterns, named as in Tauri. Their numbers on the wire are one higher.
const (
	Isolation  Pattern = iota // a sandboxed frame, after the hook
	Brownfield                // the page itself; there is no hook
)

func (c Carrier) String() string {
	switch c {
	case Direct:
		return "direct"
	case Relay:
		return "relay"
	}
	return "unknown"
}

func (p Pattern) String() string {
	switch p {
	case Isolation:
		return "isolation"
	case Brownfield:
		return "brownfield"
	}
	return "unknown"
}

// A header is the clear start of a frame; all of it is associated data.
type header struct {
	typ      Type
	epoch    uint16
	sequence uint64
}

// parseHeader splits a frame. It reports false unless the frame is of this
// version and long enough to hold a header.
func parseHeader(frame []byte) (header, []byte, bool) {
	if len(frame) < HeaderSize || frame[0] != Version {
		return header{}, nil, false
	}
	return header{
		typ:      Type(frame[1]),
		epoch:    binary.BigEndian.Uint16(frame[2:]),
		sequence: binary.BigEndian.Uint64(frame[4:]),
	}, frame[HeaderSize:], true
}

func (h header) append(dst []byte) []byte {
	dst = append(dst, Version, byte(h.typ))
	dst = binary.BigEndian.AppendUint16(dst, h.epoch)
	return binary.BigEndian.AppendUint64(dst, h.sequence)
}

// A direction is part of the associated data, so that no frame can be sent
// back to whom it came from.
type direction byte

const (
	toCore  direction = 1
	toFrame direction = 2
)

type sessionID [SessionIDSize]byte

// associatedSize is the length of a frame's associated data.
const associatedSize = HeaderSize + 1 + SessionIDSize

// associate makes, in room of the caller's, the associated data: it binds a
// sealed body to everything that stands outside it.
func (h header) associate(room *[associatedSize]byte, d direction, id sessionID) []byte {
	ad := h.append(room[:0])
	ad = append(ad, byte(d))
	return append(ad, id[:]...)
}

// ivFor is the only IV that the core accepts under a sequence number. A key
// has one direction and a sequence never repeats under it, so neither does
// the IV.
func ivFor(sequence uint64) [ivSize]byte {
	var iv [ivSize]byte
	binary.BigEndian.PutUint64(iv[ivSize-8:], sequence)
	return iv
}
