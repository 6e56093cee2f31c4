package isolation

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"time"
)

// A documentID names one load of a page, so that its newer session can end
// its older one. It authenticates itself: window and random part under the
// gate's own key, so the gate need not remember documents.
type documentID struct {
	random [16]byte
	mac    [16]byte
}

func newDocumentKey() (key [32]byte) {
	rand.Read(key[:]) // never fails since Go 1.24
	return key
}

func newSessionID() (id sessionID) {
	rand.Read(id[:]) // never fails since Go 1.24
	return id
}

func (g *Gate) newDocument(w *window) (d documentID) {
	rand.Read(d.random[:]) // never fails since Go 1.24
	d.mac = g.documentMAC(w, d.random)
	return d
}

func (g *Gate) documentMAC(w *window, random [16]byte) (mac [16]byte) {
	h := hmac.New(sha256.New, g.docKey[:])
	h.Write([]byte(w.Label))
	h.Write([]byte{0})
	h.Write(random[:])
	copy(mac[:], h.Sum(nil))
	return mac
}

func (d documentID) String() string {
	return base64url.EncodeToString(append(d.random[:], d.mac[:]...))
}

// parseDocument accepts a document id that this gate made for this window.
func (g *Gate) parseDocument(w *window, text string) (documentID, bool) {
	raw, err := base64url.Strict().DecodeString(text)
	if err != nil || len(raw) != 32 {
		return documentID{}, false
	}
	d := documentID{[16]byte(raw[:16]), [16]byte(raw[16:])}
	want := g.documentMAC(w, d.random)
	return d, hmac.Equal(want[:], d.mac[:])
}

// A ticketKey is the hash that a ticket is kept under, so that looking one up
// tells nothing of another by its timing. The zero value is no ticket.
type ticketKey [sha256.Size]byte

// A ticket is the right to fetch one frame document, once.
type ticket struct {
	window   *window
	document documentID
	carrier  Carrier
	expires  time.Time
	used     bool
	again    bool      // presented a second time
	offer    sessionID // of the handshake it was spent on
}

// A ticketBox holds tickets until they expire and, once used, until their
// session ends. The zero value is empty. It is guarded by Gate.mu.
type ticketBox struct{ tickets map[ticketKey]*ticket }

func keyOfTicket(text string) ticketKey { return sha256.Sum256([]byte(text)) }

// mint makes a ticket; the window's oldest unused one goes if there are max.
func (b *ticketBox) mint(t ticket, max int) string {
	if b.tickets == nil {
		b.tickets = map[ticketKey]*ticket{}
	}
	var oldest ticketKey
	n := 0
	for k, o := range b.tickets {
		if o.window == t.window && !o.used {
			if n == 0 || o.expires.Before(b.tickets[oldest].expires) {
				oldest = k
			}
			n++
		}
	}
	if n >= max {
		delete(b.tickets, oldest)
	}
	var raw [32]byte
	rand.Read(raw[:]) // never fails since Go 1.24
	text := base64url.EncodeToString(raw[:])
	b.tickets[keyOfTicket(text)] = &t
	return text
}

func (b *ticketBox) forget(k ticketKey) { delete(b.tickets, k) }

func (b *ticketBox) unused() int {
	n := 0
	for _, t := range b.tickets {
		if !t.used {
			n++
		}
	}
	return n
}

// expire drops what nobody came for; a used ticket is kept for as long as its
// offer or session lives, which the gate ends by forget.
func (b *ticketBox) expire(now time.Time) {
	for k, t := range b.tickets {
		if now.After(t.expires) && !t.used {
			delete(b.tickets, k)
		}
	}
}
