package audits

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"sync"
)

// MinMACKey is the shortest key that NewMAC takes, in bytes.
const MinMACKey = 32

// A MAC turns arguments into what may stand in a record: HMAC-SHA-256 under a
// key that the record does not hold. It shows that two calls of one command
// had the same arguments, and, to whoever holds the key, which; to others it
// shows nothing, also when the arguments are short enough to guess. Its method
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

// Sum returns the MAC of a command's arguments, in hexadecimal. The command is
// part of it, so that equal arguments of two commands are not seen to be equal.
func (m *MAC) Sum(command string, args []byte) string {
	s := m.pool.Get().(*macState)
	defer m.pool.Put(s)
	s.hash.Reset()
	// A command holds no zero byte, so the two cannot run into each other.
	s.buf = append(append(s.buf[:0], command...), 0)
	s.hash.Write(s.buf)
	s.hash.Write(args)
	s.buf = s.hash.Sum(s.buf[:0])
	var text [2 * sha256.Size]byte
	hex.Encode(text[:], s.buf)
	return string(text[:])
}
