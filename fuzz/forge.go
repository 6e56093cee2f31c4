package fuzz

import (
	"bytes"

	"github.com/sallyport/sallyport/internal/peer"
	"github.com/sallyport/sallyport/isolation"
)

// A forgery is a frame that a genuine one is made into. It must be discarded,
// whatever it holds, and leave the session as it was.
type forgery struct {
	name string
	make func(p, other *page, f peer.Frame, c *choices) []byte
}

var forgeries = []forgery{
	{"a flipped bit", func(p, _ *page, f peer.Frame, c *choices) []byte {
		wire := p.peer.Encode(f)
		wire[c.below(len(wire))] ^= 1 << c.below(8)
		return wire
	}},
	{"a cut frame", func(p, _ *page, f peer.Frame, c *choices) []byte {
		wire := p.peer.Encode(f)
		return wire[:c.below(len(wire))]
	}},
	{"a byte more", func(p, _ *page, f peer.Frame, c *choices) []byte { return append(p.peer.Encode(f), byte(c.below(256))) }},
	{"a replay", func(p, _ *page, f peer.Frame, c *choices) []byte {
		if len(p.sent) == 0 {
			return nil
		}
		return bytes.Clone(p.sent[c.below(len(p.sent))])
	}},
	{"a number skipped", spoiled(func(f *peer.Frame, c *choices) { n := uint64(1 + c.below(5)); f.Sequence += n; f.IV[11] += byte(n) })},
	{"a far number", spoiled(func(f *peer.Frame, _ *choices) {
		f.Sequence = 1<<64 - 1
		f.IV = [12]byte{4: 255, 255, 255, 255, 255, 255, 255, 255}
	})},
	{"number zero", spoiled(func(f *peer.Frame, _ *choices) { f.Sequence, f.IV = 0, [12]byte{} })},
	{"another IV", spoiled(func(f *peer.Frame, c *choices) { f.IV[c.below(12)]++ })},
	{"another epoch", spoiled(func(f *peer.Frame, c *choices) { f.Epoch += uint16(1 + c.below(3)) })},
	{"another version", spoiled(func(f *peer.Frame, c *choices) { f.Version += byte(1 + c.below(3)) })},
	{"a type of the core's", spoiled(func(f *peer.Frame, c *choices) {
		f.Type = []isolation.Type{0, isolation.TypeReady, isolation.TypePing, isolation.TypeRekey, isolation.TypeChallenge, isolation.TypeResumed, 13, 255}[c.below(8)]
	})},
	{"a handshake in a live session", spoiled(func(f *peer.Frame, c *choices) {
		f.Type = []isolation.Type{isolation.TypeHello, isolation.TypeResume, isolation.TypeProof}[c.below(3)]
	})},
	{"the other direction", spoiled(func(f *peer.Frame, _ *choices) { f.Direction = peer.ToFrame })},
	{"another session's name", spoiled(func(f *peer.Frame, c *choices) { f.Session[c.below(len(f.Session))]++ })},
	{"another session's frame", func(_, other *page, f peer.Frame, _ *choices) []byte {
		g := other.peer.Next(f.Type, f.Plain)
		g.Sequence, g.IV = f.Sequence, f.IV
		return other.peer.Encode(g)
	}},
	{"noise", func(_, _ *page, _ peer.Frame, c *choices) []byte {
		noise := make([]byte, c.below(200))
		for i := range noise {
			noise[i] = byte(c.below(256))
		}
		return noise
	}},
}

func spoiled(change func(f *peer.Frame, c *choices)) func(p, other *page, f peer.Frame, c *choices) []byte {
	return func(p, _ *page, f peer.Frame, c *choices) []byte {
		change(&f, c)
		return p.peer.Encode(f)
	}
}
