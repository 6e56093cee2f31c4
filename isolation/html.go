package isolation

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
)

// An htmlPage is one HTML file of a page, cut once at start where a response
// has something to add: nonces, and at the top of the head what every page of
// ours begins with. All other bytes are the file's own.
type htmlPage struct {
	parts [][]byte // what stands before each mark, and after the last
	marks []htmlMark
}

// An htmlMark is what goes in between two parts.
type htmlMark uint8

const (
	markHead  htmlMark = iota // configuration, nonce for build tools, client
	markNonce                 // the attribute nonce="…"
)

// prepareHTML cuts a page. It refuses what the page's policy would make dead
// or what would weaken it, with file and line, so that an author learns at
// start instead of from a silent console: event handler attributes,
// javascript: URLs, style attributes (unless styleAttributes), scripts from
// elsewhere, <base>, and <meta> that sets a policy, refreshes, or changes the
// referrer. It is no sanitiser: the policy is what holds.
func prepareHTML(name string, src []byte, styleAttributes bool) (*htmlPage, error) {
	if !utf8.Valid(src) {
		return nil, fmt.Errorf("%s: not UTF-8; save the file as UTF-8", name)
	}
	p := &htmlPage{}
	cut := 0
	mark := func(at int, m htmlMark) {
		p.parts = append(p.parts, src[cut:at])
		p.marks = append(p.marks, m)
		cut = at
	}
	headed := false
	at := 0 // of the token, since a token's Raw bytes are exactly the source's
	for z := html.NewTokenizer(bytes.NewReader(src)); ; {
		kind := z.Next()
		raw := len(z.Raw())
		if kind == html.ErrorToken {
			if err := z.Err(); err != io.EOF {
				return nil, fmt.Errorf("%s:%d: %w", name, lineOf(src, at), err)
			}
			break
		}
		tag := readTag(z, kind)
		if !headed && !mayPrecedeHead(tag, src[at:at+raw]) {
			headed = true
			if tag.kind == html.StartTagToken && tag.name == "head" {
				mark(at+raw, markHead)
			} else {
				mark(at, markHead)
			}
		}
		if err := checkTag(tag, styleAttributes); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, lineOf(src, at), err)
		}
		if tag.wantsNonce() {
			mark(at+len("<")+len(tag.name), markNonce)
		}
		at += raw
	}
	if !headed {
		mark(len(src), markHead)
	}
	p.parts = append(p.parts, src[cut:])
	return p, nil
}

// render writes the page with this response's nonce and configuration, which
// is JSON. The nonce stands first in its tag, and the first attribute of a
// name wins, so an author's own nonce attribute changes nothing.
func (p *htmlPage) render(nonce string, config []byte) []byte {
	attribute := ` nonce="` + nonce + `"`
	size := len(config) + 512
	for _, part := range p.parts {
		size += len(part) + len(attribute)
	}
	out := make([]byte, 0, size)
	for i, m := range p.marks {
		out = append(out, p.parts[i]...)
		switch m {
		case markNonce:
			out = append(out, attribute...)
		case markHead:
			out = append(out, `<script type="application/json" id="sallyport-page">`...)
			out = append(out, bytes.ReplaceAll(config, []byte("<"), []byte(`\u003c`))...)
			// Vite and others look here for the nonce of preloads they add.
			out = append(out, `</script><meta property="csp-nonce"`+attribute+`>`...)
			out = append(out, `<script`+attribute+` src="`+clientPath+`"></script>`...)
		}
	}
	return append(out, p.parts[len(p.parts)-1]...)
}

// clientPath is where every page loads the client from.
const clientPath = "/.sallyport/client.js"

// An htmlTag is one token, with its attributes decoded. A name that comes
// twice counts once, as in browsers.
type htmlTag struct {
	kind       html.TokenType
	name       string
	attributes map[string]string
}

func readTag(z *html.Tokenizer, kind html.TokenType) htmlTag {
	if kind == html.SelfClosingTagToken {
		kind = html.StartTagToken // browsers ignore the slash on HTML elements
	}
	t := htmlTag{kind: kind}
	if kind != html.StartTagToken {
		return t
	}
	name, more := z.TagName()
	t.name = string(name)
	t.attributes = map[string]string{}
	for more {
		var key, value []byte
		key, value, more = z.TagAttr()
		if _, twice := t.attributes[string(key)]; !twice {
			t.attributes[string(key)] = string(value)
		}
	}
	return t
}

// mayPrecedeHead says whether a parser has still not begun the head after
// this token: a doctype, comments, white space, <html>.
func mayPrecedeHead(t htmlTag, raw []byte) bool {
	switch t.kind {
	case html.DoctypeToken, html.CommentToken:
		return true
	case html.TextToken:
		return len(bytes.Trim(bytes.TrimPrefix(raw, []byte("\ufeff")), " \t\r\n\f")) == 0
	case html.StartTagToken:
		return t.name == "html"
	}
	return false
}

// wantsNonce says whether the policy asks for a nonce on this element.
func (t htmlTag) wantsNonce() bool {
	if t.kind != html.StartTagToken {
		return false
	}
	switch t.name {
	case "script", "style":
		return true
	case "link":
		return t.loadsScript()
	}
	return false
}

// loadsScript says whether a <link> fetches a script ahead of its use.
func (t htmlTag) loadsScript() bool {
	for rel := range strings.FieldsSeq(strings.ToLower(t.attributes["rel"])) {
		if rel == "modulepreload" || rel == "preload" && strings.EqualFold(t.attributes["as"], "script") {
			return true
		}
	}
	return false
}

// urlAttributes are those that a click, a submission or loading follows.
var urlAttributes = [...]string{"href", "src", "action", "formaction", "data", "xlink:href"}

func checkTag(t htmlTag, styleAttributes bool) error {
	if t.kind != html.StartTagToken {
		return nil
	}
	for name := range t.attributes {
		if isEventHandler(name) {
			return fmt.Errorf("<%s> has the event handler attribute %s, which the page's policy never runs; use addEventListener in a script file", t.name, name)
		}
	}
	for _, name := range urlAttributes {
		if value, ok := t.attributes[name]; ok && urlScheme(value) == "javascript" {
			return fmt.Errorf("<%s> has a javascript: URL in %s, which the page's policy never runs; use a button and addEventListener", t.name, name)
		}
	}
	if _, ok := t.attributes["style"]; ok && !styleAttributes {
		return fmt.Errorf("<%s> has a style attribute, which the page's policy never applies; use a class and a style sheet, or set InsecureStyleAttributes", t.name)
	}
	switch t.name {
	case "base":
		return errors.New("<base> is refused, it would move every relative URL; write the URLs out")
	case "meta":
		return checkMeta(t)
	case "script":
		return checkOwnScript(t, "src")
	case "link":
		if t.loadsScript() {
			return checkOwnScript(t, "href")
		}
	}
	return nil
}

func checkMeta(t htmlTag) error {
	switch value := strings.ToLower(strings.TrimSpace(t.attributes["http-equiv"])); value {
	case "content-security-policy", "content-security-policy-report-only":
		return fmt.Errorf("<meta http-equiv=%s> is refused, the page's policy is a header; say what the page loads in the window's settings", value)
	case "refresh":
		return errors.New("<meta http-equiv=refresh> is refused, it would leave the page; use location in a script")
	}
	if strings.EqualFold(strings.TrimSpace(t.attributes["name"]), "referrer") {
		return errors.New("<meta name=referrer> is refused, it would override the Referrer-Policy header; remove it")
	}
	return nil
}

// checkOwnScript refuses a script from elsewhere: its element would get our
// nonce, and the policy then refuses the host.
func checkOwnScript(t htmlTag, attribute string) error {
	value, ok := t.attributes[attribute]
	if !ok {
		return nil
	}
	address := strings.Trim(value, " \t\r\n\f")
	if urlScheme(value) != "" || strings.HasPrefix(address, "//") || strings.ContainsAny(address, "\\\t\r\n") {
		return fmt.Errorf("<%s> loads a script from elsewhere (%s); scripts come from the page folder, put a copy there", t.name, attribute)
	}
	return nil
}

// isEventHandler goes by the form of the name: new handlers come with every
// engine, and no other attribute of HTML begins with "on".
func isEventHandler(name string) bool {
	rest, ok := strings.CutPrefix(name, "on")
	return ok && rest != "" && strings.Trim(rest, "abcdefghijklmnopqrstuvwxyz") == ""
}

// urlScheme returns the scheme a browser would find: it ignores controls and
// spaces in front, and tabs and line ends anywhere.
func urlScheme(value string) string {
	value = strings.Map(func(r rune) rune {
		if r == '\t' || r == '\n' || r == '\r' {
			return -1
		}
		return r
	}, value)
	value = strings.ToLower(strings.TrimLeftFunc(value, func(r rune) bool { return r <= ' ' }))
	scheme, _, ok := strings.Cut(value, ":")
	if !ok || scheme == "" || strings.Trim(scheme, "abcdefghijklmnopqrstuvwxyz0123456789+-.") != "" || scheme[0] < 'a' {
		return ""
	}
	return scheme
}

func lineOf(src []byte, at int) int { return 1 + bytes.Count(src[:at], []byte("\n")) }
