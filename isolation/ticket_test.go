package isolation

import (
	"strings"
	"testing"
	"time"
)

// twoWindows is a gate whose windows share nothing but the gate.
func twoWindows(t *testing.T, l Limits) *Gate {
	t.Helper()
	g, err := New(Config{
		FrameOrigin: "http://frame-x.localhost:4002",
		Windows: []Window{
			{Label: "main", Origin: "http://main-x.localhost:4001", Carriers: []Carrier{Direct, Relay}},
			{Label: "editor", Origin: "http://editor-x.localhost:4001"},
		},
		Hook: []byte("sallyport.onCall((call) => call)"), FrameScript: []byte("0"), ClientScript: []byte("0"),
		Limits: l,
	}, new(quiet))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Close)
	return g
}

// TestC6ATicketIsRedeemedOnceAndInTime presents tickets that are unknown,
// used and expired, and looks at what is counted and kept.
func TestC6ATicketIsRedeemedOnceAndInTime(t *testing.T) {
	g := twoWindows(t, Limits{TicketLife: 10 * time.Second})
	w := g.windows["main"]
	d := g.newDocument(w)
	refused := func(what, ticket, reason string) {
		t.Helper()
		before := g.Stats().Discarded[reason]
		if _, err := g.redeem(ticket); err == nil {
			t.Errorf("%s ticket was redeemed", what)
		}
		if n := g.Stats().Discarded[reason]; n != before+1 {
			t.Errorf("%s ticket was counted %d times", what, n-before)
		}
	}
	refused("an unknown", strings.Repeat("A", 43), "ticket unknown")
	refused("an empty", "", "ticket unknown")

	late := g.mint(w, d, Direct)
	g.tickets.tickets[keyOfTicket(late)].expires = time.Now().Add(-time.Nanosecond)
	refused("an expired", late, "ticket expired")

	ticket := g.mint(w, d, Relay)
	o, err := g.redeem(ticket)
	if err != nil {
		t.Fatal(err)
	}
	if o.window != w || o.document != d || o.carrier != Relay || o.ticket != keyOfTicket(ticket) {
		t.Errorf("the offer is for window %q, carrier %v", o.window.Label, o.carrier)
	}
	g.sweepOnce(time.Now().Add(g.limits.HelloWithin - time.Second))
	if g.tickets.tickets[o.ticket] == nil {
		t.Error("a used ticket was forgotten while its offer stands, and with it that it was used")
	}
	pair := o.pair
	refused("a used", ticket, "ticket used")
	if g.pending(o.id) != nil || o.pair != nil || pair.secret != [SecretSize]byte{} {
		t.Error("the offer of a ticket that came twice stands")
	}
	refused("a ticket whose offer has gone, a third time", ticket, "ticket unknown")
	g.sweepOnce(time.Now().Add(time.Hour))
	if n := len(g.tickets.tickets); n != 0 {
		t.Errorf("%d tickets are kept", n)
	}
}

// TestC6ATicketThatComesTwiceMakesNoOffer presents it again while the keys of
// its offer are still being made.
func TestC6ATicketThatComesTwiceMakesNoOffer(t *testing.T) {
	g := twoWindows(t, Limits{})
	w := g.windows["main"]
	ticket := g.mint(w, g.newDocument(w), Direct)
	key := keyOfTicket(ticket)
	kept := g.tickets.tickets[key] // as redeem leaves it before it makes keys
	kept.used, kept.offer = true, newSessionID()
	if _, err := g.redeem(ticket); err == nil {
		t.Fatal("a used ticket was redeemed")
	}
	if _, err := g.offer(&Offer{id: kept.offer, window: w, ticket: key}); err == nil {
		t.Error("the first redemption went on")
	}
	if len(g.offers) != 0 || len(g.tickets.tickets) != 0 {
		t.Errorf("%d offers and %d tickets are kept", len(g.offers), len(g.tickets.tickets))
	}
}

// TestC9TicketsAndOffersAreBoundedForEachWindow floods one window: its own
// oldest ones go, another's stay, and so do those that were redeemed.
func TestC9TicketsAndOffersAreBoundedForEachWindow(t *testing.T) {
	const most = 4
	g := twoWindows(t, Limits{MaxTickets: most})
	main, editor := g.windows["main"], g.windows["editor"]
	mint := func(w *window) string {
		text := g.mint(w, g.newDocument(w), Direct)
		time.Sleep(time.Microsecond) // so that one of them is the oldest
		return text
	}
	other := mint(editor)
	redeemed := mint(main)
	first, err := g.redeem(redeemed)
	if err != nil {
		t.Fatal(err)
	}
	var tickets []string
	for range most + 3 {
		tickets = append(tickets, mint(main))
	}
	if n := g.Stats().Tickets; n != most+1 {
		t.Errorf("%d tickets wait, want %d and another window's", n, most)
	}
	for i, ticket := range tickets {
		if kept := g.tickets.tickets[keyOfTicket(ticket)] != nil; kept != (i >= 3) {
			t.Errorf("ticket %d is kept: %v", i, kept)
		}
	}
	if _, err := g.redeem(other); err != nil {
		t.Errorf("another window's ticket went: %v", err)
	}
	if g.tickets.tickets[keyOfTicket(redeemed)] == nil || g.pending(first.id) == nil {
		t.Error("a redeemed ticket went, or its offer")
	}
	var offers []*Offer
	for range most {
		time.Sleep(time.Microsecond)
		o, err := g.Offer("main", Direct)
		if err != nil {
			t.Fatal(err)
		}
		offers = append(offers, o)
	}
	if g.pending(first.id) != nil || g.tickets.tickets[keyOfTicket(redeemed)] != nil {
		t.Error("the window's oldest offer stays, or its ticket")
	}
	for i, o := range offers {
		if g.pending(o.id) == nil {
			t.Errorf("offer %d of %d went", i, most)
		}
	}
	if n := g.Stats().Offers; n != most+1 {
		t.Errorf("%d offers stand, want %d and another window's", n, most)
	}
}

func TestC9TicketsThatNobodyRedeemsAreForgotten(t *testing.T) {
	g := twoWindows(t, Limits{})
	w := g.windows["main"]
	g.mint(w, g.newDocument(w), Direct)
	g.sweepOnce(time.Now().Add(g.limits.TicketLife - time.Second))
	if n := g.Stats().Tickets; n != 1 {
		t.Errorf("%d tickets wait before their time is over", n)
	}
	g.sweepOnce(time.Now().Add(g.limits.TicketLife + time.Second))
	if n := g.Stats().Tickets; n != 0 {
		t.Errorf("%d tickets wait when their time is over", n)
	}
}

// TestC5ADocumentsIDIsMadeByTheCoreForOneWindow asks with every kind of id
// that it did not make.
func TestC5ADocumentsIDIsMadeByTheCoreForOneWindow(t *testing.T) {
	g := twoWindows(t, Limits{})
	main, editor := g.windows["main"], g.windows["editor"]
	d := g.newDocument(main)
	if got, ok := g.parseDocument(main, d.String()); !ok || got != d {
		t.Fatal("its own id was refused")
	}
	if _, ok := g.parseDocument(editor, d.String()); ok {
		t.Error("another window's id was taken")
	}
	if other := twoWindows(t, Limits{}); other != nil {
		if _, ok := other.parseDocument(other.windows["main"], d.String()); ok {
			t.Error("another gate's id was taken")
		}
	}
	spoilt := d
	spoilt.random[0] ^= 1
	forged := d
	forged.mac[15] ^= 1
	text := d.String()
	for name, id := range map[string]string{
		"another random part": spoilt.String(), "another MAC": forged.String(), "nothing": "",
		"a short one": text[:42], "a long one": text + "AAAA", "its random part alone": text[:22],
		"bits at the end": text[:42] + string(text[42]+1), "padding": text + "=",
	} {
		if _, ok := g.parseDocument(main, id); ok {
			t.Errorf("%s was taken", name)
		}
	}
}
