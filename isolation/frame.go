package isolation

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
)

const (
	framePath  = "/frame/"
	socketPath = "/socket"
)

// A frameHost serves the frame documents and their socket, and nothing else.
type frameHost struct {
	gate   *Gate
	origin origin
	script []byte // runtime, hook and start: the one inline script
	hash   string // of script, as a source expression
}

func newFrameHost(g *Gate, c Config) (*frameHost, error) {
	o, err := parseOrigin(c.FrameOrigin)
	if err != nil {
		return nil, err
	}
	h := &frameHost{gate: g, origin: o}
	if c.Pattern == Brownfield {
		return h, nil
	}
	if len(c.FrameScript) == 0 {
		return nil, errors.New("isolation: Config.FrameScript is empty; it is the frame's runtime from sandbox-iframe")
	}
	hook := normaliseNewlines(c.Hook)
	if err := checkHook(c.HookName, hook); err != nil {
		return nil, err
	}
	h.script = bytes.Join([][]byte{normaliseNewlines(c.FrameScript), hook, []byte(frameStart)}, []byte("\n;\n"))
	h.hash = scriptHash(h.script)
	return h, nil
}

// frameStart is what the runtime waits for: the hook is complete.
const frameStart = "sallyport.start();"

// ServeHTTP answers a request for a frame document or a socket. Everything
// that is not exactly one of these gets an empty refusal.
func (h *frameHost) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g := h.gate
	if err := checkHost(r, h.origin.authority()); err != nil {
		h.refuse(w, err)
		return
	}
	if !spelledPlainly(r.URL) {
		h.refuse(w, refusedPath)
		return
	}
	switch ticket, isFrame := strings.CutPrefix(r.URL.Path, framePath); {
	case g.pattern != Isolation: // the page itself holds the keys, and the socket is on its host
		h.refuse(w, refusedPath)
	case isFrame:
		h.serveFrame(w, r, ticket)
	case r.URL.Path == socketPath:
		if err := checkSocket(r, "null"); err != nil {
			h.refuse(w, err)
			return
		}
		setBareFrameHeaders(w.Header()) // for whatever the upgrade answers
		g.serveSocket(w, r, nil)
	default:
		h.refuse(w, refusedPath)
	}
}

func (h *frameHost) serveFrame(w http.ResponseWriter, r *http.Request, ticket string) {
	g := h.gate
	if err := checkFrame(r); err != nil {
		h.refuse(w, err)
		return
	}
	offer, err := g.redeem(ticket)
	if err != nil {
		refuseOnFrame(w, http.StatusForbidden)
		return
	}
	config, err := json.Marshal(offer.Handshake())
	if err != nil {
		g.log.Error("isolation: frame document", "err", err)
		refuseOnFrame(w, http.StatusInternalServerError)
		return
	}
	socket := ""
	if offer.carrier == Direct {
		socket = offer.socketURL()
	}
	setFrameHeaders(w.Header(), frameCSP([]string{h.hash}, socket, offer.window.Origin))
	// A service worker that an older site has left on this host could read the
	// next document, if that is not sandboxed: a static route of it that races
	// the network (Chromium, tried) sends a request like any other. The host
	// stores nothing of ours.
	w.Header().Set("Clear-Site-Data", `"storage"`)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(frameDocument(config, h.script)) // a frame that didn't arrive says no hello
}

// frameDocument is the whole document: configuration, which json.Marshal
// leaves free of <, > and &, and one script.
func frameDocument(config, script []byte) []byte {
	return bytes.Join([][]byte{
		[]byte(`<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Sallyport</title>`),
		[]byte(`<script type="application/json" id="sallyport-frame">`), config, []byte(`</script>`),
		[]byte(`<script>`), script, []byte(`</script></head><body></body></html>`),
	}, nil)
}

// normaliseNewlines ends every line as an HTML parser does, which reads \r\n
// and \r as \n. The browser compares the policy's hash with what it read, so a
// script of other line ends would never run.
func normaliseNewlines(script []byte) []byte {
	script = bytes.ReplaceAll(script, []byte("\r\n"), []byte("\n"))
	return bytes.ReplaceAll(script, []byte("\r"), []byte("\n"))
}

// refuse counts a request that gets nothing but a status.
func (h *frameHost) refuse(w http.ResponseWriter, err error) {
	h.gate.counters.discard(reasonOf(err))
	refuseOnFrame(w, statusOf(err))
}

// reasonOf is a refusal's stable text.
func reasonOf(err error) string {
	var r refusal
	if errors.As(err, &r) {
		return string(r)
	}
	return "request"
}

// frameURL is where a ticket's frame document lies.
func (g *Gate) frameURL(ticket string) string {
	return g.frames.origin.String() + framePath + ticket
}
