package isolation

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	launchPath   = "/.sallyport/launch"
	launchWithin = 60 * time.Second // from minting a token to its redemption
	maxLaunches  = 32               // tokens of one window that wait at once
	maxGranted   = 1024             // cookies of one window that work at once
	maxCookies   = 64               // cookies of our name looked at in one request

	// secureCookie can be set by its own host alone, over https: engines hold
	// a __Host- cookie to that, so no sibling host can add one of the name.
	secureCookie = "__Host-sallyport"
	// plainCookie is for loopback, where not every engine gives plain http a
	// __Host- cookie. Nothing then keeps a server on another port of the same
	// host name from reading or replacing it, once a browser is led there.
	plainCookie = "__sallyport"
)

// launches turns single-use tokens into cookies, each of one window and one
// browser. A cookie says that this browser was sent here by the app, and
// nothing else: it opens no session. It is safe for concurrent use.
type launches struct {
	now func() time.Time

	mu      sync.Mutex
	granted map[string][]secret // by label: cookies, the one used last at the end
	waiting map[string][]waitingLaunch
	gone    []func() // of tokens that were lost while mu is held: see unlock
	closed  bool
}

// A secret is 256 random bits.
type secret [32]byte

type waitingLaunch struct {
	token   secret
	expires time.Time
	gone    func() // called, once, when the token is no good any more
}

func newLaunches(now func() time.Time) *launches {
	return &launches{now: now, granted: map[string][]secret{}, waiting: map[string][]waitingLaunch{}}
}

func newSecret() (s secret) {
	rand.Read(s[:])
	return s
}

func (s secret) String() string { return base64.RawURLEncoding.EncodeToString(s[:]) }

// parseSecret accepts the one spelling that String gives.
func parseSecret(text string) (s secret, ok bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) != len(s) || len(text) != base64.RawURLEncoding.EncodedLen(len(s)) {
		return s, false
	}
	copy(s[:], b)
	return s, true
}

func (s secret) equal(t secret) bool { return subtle.ConstantTimeCompare(s[:], t[:]) == 1 }

// unlock lets go of mu, and of what belonged to tokens that are no good any
// more, so that nobody waits for a disk.
func (l *launches) unlock() {
	gone := l.gone
	l.gone = nil
	l.mu.Unlock()
	for _, f := range gone {
		f()
	}
}

// mint makes a token for label and returns the path and query that redeem it.
func (l *launches) mint(label string) (target string, err error) {
	token := newSecret()
	return launchTarget(token), l.wait(label, token, func() {})
}

func launchTarget(token secret) string { return launchPath + "?token=" + token.String() }

// file mints a token for label into a launch file, which is there for as long
// as the token is good.
func (l *launches) file(dir, label, origin string) (path string, err error) {
	token := newSecret()
	path, remove, err := WriteLaunchFile(dir, origin+launchTarget(token))
	if err != nil {
		return "", err
	}
	expiry := time.AfterFunc(launchWithin, func() {
		l.mu.Lock()
		defer l.unlock()
		l.drop(label, token)
	})
	if err := l.wait(label, token, func() { expiry.Stop(); remove() }); err != nil {
		return "", err
	}
	return path, nil
}

// wait makes token one of label's. Beyond maxLaunches the oldest is lost.
func (l *launches) wait(label string, token secret, gone func()) error {
	l.mu.Lock()
	defer l.unlock()
	if l.closed {
		l.gone = append(l.gone, gone)
		return errors.New("isolation: the gate is closed")
	}
	waiting := append(l.live(label), waitingLaunch{token, l.now().Add(launchWithin), gone})
	if len(waiting) > maxLaunches {
		l.gone = append(l.gone, waiting[0].gone)
		waiting = waiting[1:]
	}
	l.waiting[label] = waiting
	return nil
}

// redeem uses up label's token for a new cookie. Beyond maxGranted the cookie
// that was not used for longest is lost.
func (l *launches) redeem(label string, token secret) (cookie secret, ok bool) {
	l.mu.Lock()
	defer l.unlock()
	if !l.drop(label, token) {
		return secret{}, false
	}
	cookie = newSecret()
	granted := append(l.granted[label], cookie)
	if len(granted) > maxGranted {
		granted = slices.Delete(granted, 0, len(granted)-maxGranted)
	}
	l.granted[label] = granted
	return cookie, true
}

// drop forgets a token and says whether it was one of label's. Every waiting
// token is compared, in constant time, whether or not one fitted already. The
// caller holds mu.
func (l *launches) drop(label string, token secret) (found bool) {
	kept := l.waiting[label][:0]
	for _, w := range l.live(label) {
		if w.token.equal(token) {
			found = true
			l.gone = append(l.gone, w.gone)
			continue
		}
		kept = append(kept, w)
	}
	l.waiting[label] = kept
	return found
}

// revoke forgets label's tokens and cookies.
func (l *launches) revoke(label string) {
	l.mu.Lock()
	defer l.unlock()
	l.forget(label)
	delete(l.granted, label)
}

// close forgets all tokens, and takes no more.
func (l *launches) close() {
	l.mu.Lock()
	defer l.unlock()
	l.closed = true
	for label := range l.waiting {
		l.forget(label)
	}
}

// forget drops all of label's tokens. The caller holds mu.
func (l *launches) forget(label string) {
	for _, w := range l.waiting[label] {
		l.gone = append(l.gone, w.gone)
	}
	delete(l.waiting, label)
}

// live returns label's tokens that have not expired. The caller holds mu.
func (l *launches) live(label string) []waitingLaunch {
	now := l.now()
	kept := l.waiting[label][:0]
	for _, w := range l.waiting[label] {
		if now.Before(w.expires) {
			kept = append(kept, w)
		} else {
			l.gone = append(l.gone, w.gone)
		}
	}
	return kept
}

// use says whether a cookie is one of label's. Each of them is compared, in
// constant time.
func (l *launches) use(label string, cookie secret) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	granted, at := l.granted[label], -1
	for i := range granted {
		if granted[i].equal(cookie) {
			at = i
		}
	}
	if at < 0 {
		return false
	}
	copy(granted[at:], granted[at+1:])
	granted[len(granted)-1] = cookie
	return true
}

// check refuses a request without a cookie of label's. Others of the name
// don't matter: over plain http a host below this one, or another port of it,
// can add some, and must not be able to lock the window out with them.
func (l *launches) check(r *http.Request, label string, secure bool) error {
	found := false
	for i, c := range r.CookiesNamed(cookieName(secure)) {
		if i == maxCookies {
			break
		}
		if got, ok := parseSecret(c.Value); ok && l.use(label, got) {
			found = true
		}
	}
	if !found {
		return refusedCookie
	}
	return nil
}

func cookieName(secure bool) string {
	if secure {
		return secureCookie
	}
	return plainCookie
}

// serve redeems the token of a launch request for label and answers with the
// cookie and a page that goes on to "/" by itself. That second navigation is
// the page's own, so that engines send the SameSite=Strict cookie with it,
// and the token's URL is replaced in the history (tried, Chromium and
// Firefox, from a file:// page too). The error says what was refused; the
// response is written either way.
func (l *launches) serve(w http.ResponseWriter, r *http.Request, label string, secure bool) error {
	cookie, err := l.admit(r, label)
	if err != nil {
		refuseOnPage(w, statusOf(err))
		return err
	}
	setPageHeaders(w.Header(), launchCSP, nil)
	http.SetCookie(w, &http.Cookie{
		Name: cookieName(secure), Value: cookie.String(), Path: "/",
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: secure,
	})
	const page = "<!doctype html>\n<meta charset=\"utf-8\">\n<title>Opening…</title>\n" +
		"<meta http-equiv=\"refresh\" content=\"0;url=/\">\n<p><a href=\"/\">Continue</a></p>\n"
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(page)))
	io.WriteString(w, page)
	return nil
}

// admit returns the cookie for a launch request.
func (l *launches) admit(r *http.Request, label string) (secret, error) {
	if err := checkLaunch(r); err != nil {
		return secret{}, err
	}
	text, ok := strings.CutPrefix(r.URL.RawQuery, "token=")
	if !ok {
		return secret{}, refusedToken
	}
	token, ok := parseSecret(text)
	if !ok {
		return secret{}, refusedToken
	}
	cookie, ok := l.redeem(label, token)
	if !ok {
		return secret{}, refusedToken
	}
	return cookie, nil
}

// WriteLaunchFile writes an HTML file that sends a browser to launch, a URL of
// Gate.LaunchURL, and returns its path for the browser to open: so the token
// is in no argument list, where every user of the machine could read it. The
// file has mode 0600 in a fresh folder of mode 0700 inside dir ("" is the
// system's temporary folder; a browser in a snap or flatpak reads neither
// that nor hidden folders). remove deletes both and may be called twice; call
// it once the page is there or the token has expired. LaunchFile sees to that
// by itself.
func WriteLaunchFile(dir, launch string) (path string, remove func(), err error) {
	u, err := url.Parse(launch)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.String() != launch {
		// The URL holds a token and stays out of the error.
		return "", nil, errors.New("isolation: launch file: want a URL made by LaunchURL")
	}
	folder, err := os.MkdirTemp(dir, "sallyport-")
	if err != nil {
		return "", nil, fmt.Errorf("isolation: launch file: %w", err)
	}
	remove = func() { os.RemoveAll(folder) }
	path = filepath.Join(folder, "open.html")
	if err := writeNew(path, launchFile(launch)); err != nil {
		remove()
		return "", nil, fmt.Errorf("isolation: launch file: %w", err)
	}
	return path, remove, nil
}

// launchFile is a page without script: a refresh, and a link for browsers
// that are told to ignore it. Neither tells the launch host of the file.
func launchFile(launch string) string {
	address := html.EscapeString(launch)
	return "<!doctype html>\n<meta charset=\"utf-8\">\n<meta name=\"referrer\" content=\"no-referrer\">\n" +
		"<title>Opening…</title>\n<meta http-equiv=\"refresh\" content=\"0;url=" + address + "\">\n" +
		"<p><a href=\"" + address + "\">Continue</a></p>\n"
}

// writeNew writes a file that must not exist yet, private from its first byte.
func writeNew(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}
