package isolation

import (
	"crypto/subtle"
	"encoding/binary"
)

const (
	hpkeOverhead  = PublicKeySize + tagSize
	keyMaterial   = SecretSize + 2*KeySize
	helloSize     = HeaderSize + SessionIDSize + rekeyedSize
	rekeyedSize   = hpkeOverhead + keyMaterial
	rekeySize     = SecretSize + PublicKeySize
	resumeSize    = HeaderSize + SessionIDSize
	sealedMinimum = HeaderSize + ivSize + tagSize
)

// helloInfo binds version, carrier and pattern into the handshake: a hello
// made for one can't be accepted as another.
func helloInfo(c Carrier, p Pattern, id sessionID) []byte {
	return handshakeInfo("sallyport/1 hello", c, p, id)
}

// rekeyInfo is helloInfo for the keys of a later epoch.
func rekeyInfo(c Carrier, p Pattern, id sessionID, epoch uint16) []byte {
	return binary.BigEndian.AppendUint16(handshakeInfo("sallyport/1 rekey", c, p, id), epoch)
}

func handshakeInfo(label string, c Carrier, p Pattern, id sessionID) []byte {
	info := append([]byte(label), byte(c)+1, byte(p)+1)
	return append(info, id[:]...)
}

// helloSession reads the session id of a hello or resume of the right size,
// so that its offer or session can be looked up; nothing about it is
// authentic yet.
func helloSession(frame []byte, want Type) (sessionID, bool) {
	size := helloSize
	if want == TypeResume {
		size = resumeSize
	}
	h, body, ok := parseHeader(frame)
	if !ok || len(frame) != size || h != (header{typ: want}) {
		return sessionID{}, false
	}
	return sessionID(body[:SessionIDSize]), true
}

// open takes the frame's two keys out of the HPKE message, if it holds the
// one-time secret. A message that doesn't leaves the pair as it was.
func (k *keyPair) open(message, info []byte) (*directionKeys, bool) {
	plain, err := k.decrypt.Decrypt(message, info)
	if err != nil || len(plain) != keyMaterial {
		return nil, false
	}
	defer clear(plain)
	if subtle.ConstantTimeCompare(plain[:SecretSize], k.secret[:]) != 1 {
		return nil, false
	}
	keys, err := newDirectionKeys(plain[SecretSize:SecretSize+KeySize], plain[SecretSize+KeySize:])
	if err != nil {
		return nil, false
	}
	return keys, true
}

// destroy drops what the handshake needed: the secret is wiped, the private
// key left to the collector (Go can drop keys, not wipe them).
func (k *keyPair) destroy() {
	clear(k.secret[:])
	k.decrypt = nil
}
