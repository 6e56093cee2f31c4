package audits

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash"
	"iter"
	"sync"
)

// MinMACKey is the shortest key that NewMAC takes, in bytes.
const MinMACKey = 32

// A MAC turns arguments into what may stand in a record: HMAC-SHA-256 under a
// key that the record does not hold. It shows that two calls of one command
// had the same arguments, and, to whoever holds the key, which; to others it
// shows nothing, also when the arguments are short enough to guess. Its methods
// may be called from many goroutines.
type MAC struct{ pool sync.Pool }

// NewMAC returns a MAC under key, which is copied. With a nil key it draws a
// random one that is never shown and dies with the process. A short key is an
// error.
func NewMAC(key []byte) (*MAC, error) {
	if key == nil {
		key = make([]byte, MinMACKey)
		rand.Read(key) // never fails
	}
	if len(key) < MinMACKey {
		return nil, errors.New("audits: a MAC key of at least 32 bytes was expected; give nil for a random one")
	}
	key = append([]byte(nil), key...)
	return &MAC{pool: sync.Pool{New: func() any {
		return &macState{hash: hmac.New(sha256.New, key)}
	}}}, nil
}

type macState struct {
	hash hash.Hash
	buf  []byte
}

// Sum returns the MAC of a command's arguments, a JSON text, in hexadecimal. The
// command is part of it, so that equal arguments of two commands are not seen to be
// equal. It is HMAC-SHA-256 of
//
//	command ‖ 0 ‖ arguments
//
// and neither holds a zero byte.
func (m *MAC) Sum(command string, args []byte) string { return m.SumBinary(command, args, nil) }

// SumBinary is Sum of arguments with raw sections beside them, each a media type of
// at most 255 bytes and its bytes, in their order; nil is none. It is HMAC-SHA-256 of
//
//	command ‖ 0 ‖ arguments ‖ sections × { 0 ‖ t (1) ‖ media type (t) ‖ k (8) ‖ bytes (k) }
//
// with lengths big-endian, so that no two messages that differ are the same bytes.
func (m *MAC) SumBinary(command string, args []byte, sections iter.Seq2[string, []byte]) string {
	s := m.pool.Get().(*macState)
	defer m.pool.Put(s)
	s.hash.Reset()
	s.buf = append(append(s.buf[:0], command...), 0)
	s.hash.Write(s.buf)
	s.hash.Write(args)
	if sections != nil {
		for media, bytes := range sections {
			s.buf = append(append(s.buf[:0], 0, byte(len(media))), media...)
			s.buf = binary.BigEndian.AppendUint64(s.buf, uint64(len(bytes)))
			s.hash.Write(s.buf)
			s.hash.Write(bytes)
		}
	}
	s.buf = s.hash.Sum(s.buf[:0])
	var text [2 * sha256.Size]byte
	hex.Encode(text[:], s.buf)
	return string(text[:])
}
