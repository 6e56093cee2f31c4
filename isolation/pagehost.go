package isolation

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// reservedPath is the part of a page host that is ours and not the page's.
const reservedPath = "/.sallyport/"

// A pageHost serves the pages of all windows, each on its own host, and what
// a page needs of us: the client, a launch, and where it may use the relay
// that too. It serves nothing to a browser that was not launched.
type pageHost struct {
	gate     *Gate
	byHost   map[string]*window
	hosts    []string
	launches *launches
	pages    map[string]*pages // by label
	client   map[string][]byte // by path below reservedPath
}

func newPageHost(g *Gate, c Config) (*pageHost, error) {
	if len(c.ClientScript) == 0 {
		return nil, errors.New("isolation: Config.ClientScript is empty; it is the page's client from sandbox-iframe")
	}
	h := &pageHost{
		gate: g, byHost: map[string]*window{}, launches: newLaunches(time.Now), pages: map[string]*pages{},
		client: map[string][]byte{"client.js": bytes.Clone(c.ClientScript)},
	}
	if len(c.ClientModule) > 0 {
		h.client["api.mjs"] = bytes.Clone(c.ClientModule)
	}
	own := []string{c.FrameOrigin}
	for _, w := range g.windows {
		own = append(own, w.Origin)
		h.hosts = append(h.hosts, w.origin.authority())
		h.byHost[w.origin.authority()] = w
	}
	for _, given := range c.Windows { // in their order, so that the first error is the first
		w := g.windows[given.Label]
		if err := w.Policy.Validate(own...); err != nil {
			if e, ok := errors.AsType[*PolicyError](err); ok {
				e.Window = w.Label
			}
			return nil, err
		}
		if loosened := w.Policy.loosened(); len(loosened) > 0 {
			g.log.Warn("isolation: page policy is loosened", "window", w.Label, "fields", loosened)
		}
		if w.Page == nil {
			continue
		}
		p, err := newPages(w.Page, w.PageName, w.Policy, c.Development)
		if err != nil {
			return nil, fmt.Errorf("isolation: window %q: page: %w", w.Label, err)
		}
		h.pages[w.Label] = p
	}
	return h, nil
}

// ServeHTTP answers a request to a page host. What is not exactly right gets
// a status and nothing else.
func (h *pageHost) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := checkHost(r, h.hosts...); err != nil {
		h.refuse(w, err)
		return
	}
	if !spelledPlainly(r.URL) {
		h.refuse(w, refusedPath)
		return
	}
	in := h.byHost[r.Host]
	if r.URL.Path == launchPath {
		if err := h.launches.serve(w, r, in.Label, in.origin.secure()); err != nil {
			h.gate.counters.discard(reasonOf(err))
		}
		return
	}
	if err := h.launches.check(r, in.Label, in.origin.secure()); err != nil {
		h.refuse(w, err)
		return
	}
	if rest, ours := strings.CutPrefix(r.URL.Path, reservedPath); ours {
		h.serveOwn(w, r, in, rest)
		return
	}
	if p := h.pages[in.Label]; p != nil {
		h.servePage(w, r, in, p)
		return
	}
	h.refuse(w, refusedPath)
}

// servePage serves a file of the page. A navigation to an HTML file makes a
// new document.
func (h *pageHost) servePage(w http.ResponseWriter, r *http.Request, in *window, p *pages) {
	err := p.serve(w, r, func() (pageFill, error) {
		config, err := h.newDocumentConfig(in)
		return pageFill{config: config, frame: h.frameSource(), own: h.connections(in)}, err
	})
	if err == nil {
		return
	}
	if _, refused := errors.AsType[refusal](err); !refused {
		h.gate.log.Error("isolation: page could not be served", "window", in.Label, "err", err)
	}
	h.gate.counters.discard(reasonOf(err))
}

// serveOwn serves what is below reservedPath.
func (h *pageHost) serveOwn(w http.ResponseWriter, r *http.Request, in *window, rest string) {
	kind, name, _ := strings.Cut(rest, "/")
	var err error
	switch {
	case h.client[rest] != nil:
		if err = checkSubresource(r); err == nil {
			setPageHeaders(w.Header(), staticCSP, nil)
			writeBody(w, "text/javascript; charset=utf-8", h.client[rest]) // no ranges: nobody asks for a part
		}
	case rest == "socket" && h.gate.pattern == Brownfield:
		if err = checkSocket(r, in.Origin); err == nil {
			setPageHeaders(w.Header(), staticCSP, nil) // for whatever the upgrade answers
			h.gate.serveSocket(w, r, in)
		}
	case kind == "relay" && slices.Contains(in.carriers, Relay):
		if err = checkPost(r, in.Origin); err != nil {
			break
		}
		if !spells(name, SessionIDSize) {
			err = refusedPath
			break
		}
		h.gate.serveRelay(w, r, in, name)
	case kind == "ticket" && in.fallsBack():
		if err = checkPost(r, in.Origin); err == nil {
			err = h.serveTicket(w, in, name)
		}
	default:
		err = refusedPath
	}
	if err != nil {
		h.refuse(w, err)
	}
}

func (w *window) fallsBack() bool { return len(w.carriers) == 2 }

// spells says whether an id from a path is as long as size bytes are in
// base64. Together with strict decoding that leaves each id one spelling,
// since Go's decoder skips line ends, and a path may have some.
func spells(id string, size int) bool { return len(id) == base64url.EncodedLen(size) }

// serveTicket gives a document that can't use the direct carrier a new frame
// over the relay. The session it makes ends the document's older one.
func (h *pageHost) serveTicket(w http.ResponseWriter, in *window, name string) error {
	d, ok := h.gate.parseDocument(in, name)
	if !ok || !spells(name, len(d.random)+len(d.mac)) {
		return refusedPath
	}
	body, err := json.Marshal(map[string]string{
		"frame":   h.gate.frameURL(h.gate.mint(in, d, Relay)),
		"carrier": Relay.String(),
	})
	if err != nil {
		return err
	}
	setPageHeaders(w.Header(), staticCSP, nil)
	writeBody(w, "application/json", body)
	return nil
}

// A pageConfig is what the client finds in each HTML page.
type pageConfig struct {
	Version     int        `json:"version"`
	Pattern     string     `json:"pattern"`
	Window      string     `json:"window"`
	Carrier     string     `json:"carrier"`
	Frame       string     `json:"frame,omitempty"`     // isolation: the frame document, once
	Relay       string     `json:"relay,omitempty"`     // where the relay takes frames
	Ticket      string     `json:"ticket,omitempty"`    // where a fallback's frame is asked for
	Handshake   *Handshake `json:"handshake,omitempty"` // brownfield: the page makes it
	Development bool       `json:"development"`
}

// newDocumentConfig makes the configuration of one load of a page: a new
// document with a new ticket or, in the brownfield pattern, a new handshake.
func (h *pageHost) newDocumentConfig(in *window) ([]byte, error) {
	g := h.gate
	d := g.newDocument(in)
	carrier := in.carriers[0]
	c := pageConfig{
		Version: Version, Pattern: g.pattern.String(), Window: in.Label,
		Carrier: carrier.String(), Development: g.development,
	}
	if slices.Contains(in.carriers, Relay) {
		c.Relay = reservedPath + "relay/"
	}
	if g.pattern == Brownfield {
		o, err := g.offer(&Offer{id: newSessionID(), window: in, document: d, carrier: carrier})
		if err != nil {
			return nil, err
		}
		handshake := o.Handshake()
		c.Handshake = &handshake
		return json.Marshal(c)
	}
	c.Frame = g.frameURL(g.mint(in, d, carrier))
	if in.fallsBack() {
		c.Ticket = reservedPath + "ticket/" + d.String()
	}
	return json.Marshal(c)
}

// connections are the URLs of ours that a window's pages connect to.
func (h *pageHost) connections(in *window) []string {
	var own []string
	if slices.Contains(in.carriers, Relay) {
		own = append(own, in.Origin+reservedPath+"relay/")
	}
	if h.gate.pattern == Brownfield {
		return append(own, in.origin.socket(reservedPath+"socket"))
	}
	if in.fallsBack() {
		own = append(own, in.Origin+reservedPath+"ticket/")
	}
	return own
}

// frameSource is where a window's pages may frame documents from.
func (h *pageHost) frameSource() string {
	if h.gate.pattern == Brownfield {
		return ""
	}
	return h.gate.frames.origin.String() + framePath
}

func (h *pageHost) refuse(w http.ResponseWriter, err error) {
	h.gate.counters.discard(reasonOf(err))
	refuseOnPage(w, statusOf(err))
}

// LaunchURL mints a single-use URL that lets one browser open a window's
// page, within a minute. It holds a token: where the app is mounted, hand it on
// as a redirect to a user whom your own server has authenticated; never in an
// argument list or a log. On a machine of the user's own, use LaunchFile.
//
// A window has at most 32 URLs waiting; one more makes the oldest useless. So
// mint it for a user who is about to follow it, not ahead. Of the cookies that
// it becomes a window has 1024, and of pages whose frame has not been fetched
// yet Limits.MaxTickets; of each the oldest goes.
func (g *Gate) LaunchURL(label string) (string, error) {
	w := g.windows[label]
	if w == nil {
		return "", fmt.Errorf("isolation: no window has the label %q", label)
	}
	target, err := g.pages.launches.mint(label)
	if err != nil {
		return "", err
	}
	return w.Origin + target, nil
}

// LaunchFile is LaunchURL by way of a file, as WriteLaunchFile makes them in
// dir, and returns the file's path. The file is removed when its token is no
// good any more: redeemed, after a minute, revoked, or with Close.
func (g *Gate) LaunchFile(dir, label string) (path string, err error) {
	w := g.windows[label]
	if w == nil {
		return "", fmt.Errorf("isolation: no window has the label %q", label)
	}
	return g.pages.launches.file(dir, label, w.Origin)
}

// RevokeLaunches forgets every launch of a window: cookies that were given out
// stop working, and so do tokens that wait. Documents that are open lose the
// relay and can't be reloaded; sessions over a socket go on until EndWindow.
// A label that no window has changes nothing.
func (g *Gate) RevokeLaunches(label string) { g.pages.launches.revoke(label) }

// Page serves the page hosts of all windows.
func (g *Gate) Page() http.Handler { return g.pages }

// Frame serves the frame documents and their socket.
func (g *Gate) Frame() http.Handler { return g.frames }
