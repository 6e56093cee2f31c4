package isolation

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
	MaxCommand   = 128     // a command's name
	MaxFrames    = 1 << 24 // sealed frames of one direction under one key
	replayWindow = 1024    // sequence numbers remembered on the relay
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
