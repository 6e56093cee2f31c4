package isolation

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// testLaunches returns launches on a clock that the test moves.
func testLaunches() (*launches, func(time.Duration)) {
	now := time.Unix(1_000_000, 0)
	return newLaunches(func() time.Time { return now }), func(d time.Duration) { now = now.Add(d) }
}

// minted is a launch target of label's.
func minted(l *launches, label string) string {
	target, err := l.mint(label)
	if err != nil {
		panic(err)
	}
	return target
}

// launch requests target as a browser does that follows the launch file.
func launch(l *launches, label, target string, change ...func(*http.Request)) (*httptest.ResponseRecorder, error) {
	r := httptest.NewRequest("GET", target, nil)
	r.Header = fetched("cross-site", "navigate", "document")
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	err := l.serve(w, r, label, false)
	return w, err
}

func TestALaunchTokenBecomesTheCookieOfItsWindow(t *testing.T) {
	l, _ := testLaunches()
	w, err := launch(l, "main", minted(l, "main"))
	if err != nil || w.Code != 200 {
		t.Fatal(w.Code, err)
	}
	set := w.Header().Get("Set-Cookie")
	for _, want := range []string{"__sallyport=", "; HttpOnly", "; SameSite=Strict", "; Path=/"} {
		if !strings.Contains(set, want) {
			t.Errorf("Set-Cookie %q lacks %s", set, want)
		}
	}
	for _, unwanted := range []string{"Domain", "Secure", "Expires", "Max-Age"} {
		if strings.Contains(set, unwanted) {
			t.Errorf("Set-Cookie %q has %s", set, unwanted)
		}
	}
	if !strings.Contains(w.Body.String(), `http-equiv="refresh" content="0;url=/"`) {
		t.Errorf("nothing leads on to the page: %s", w.Body)
	}
	if csp := w.Header().Get("Content-Security-Policy"); csp != launchCSP || strings.Contains(csp, "sandbox") {
		t.Errorf("policy %q", csp)
	}
	back := httptest.NewRequest("GET", "/", nil)
	back.AddCookie(w.Result().Cookies()[0])
	if err := l.check(back, "main", false); err != nil {
		t.Errorf("the cookie is refused: %v", err)
	}
	if err := l.check(back, "editor", false); err != refusedCookie {
		t.Errorf("the cookie opens another window: %v", err)
	}
}

func TestASecureCookieOverHTTPS(t *testing.T) {
	l, _ := testLaunches()
	r := httptest.NewRequest("GET", minted(l, "main"), nil)
	r.Header = fetched("none", "navigate", "document")
	w := httptest.NewRecorder()
	if err := l.serve(w, r, "main", true); err != nil {
		t.Fatal(err)
	}
	set := w.Header().Get("Set-Cookie")
	if !strings.HasPrefix(set, "__Host-sallyport=") || !strings.Contains(set, "; Secure") || !strings.Contains(set, "; Path=/;") || strings.Contains(set, "Domain") {
		t.Errorf("Set-Cookie %q: engines drop it, or let sibling hosts set it", set)
	}
	back := httptest.NewRequest("GET", "/", nil)
	cookie := w.Result().Cookies()[0]
	back.AddCookie(cookie)
	if err := l.check(back, "main", true); err != nil {
		t.Errorf("the cookie is refused: %v", err)
	}
	back.Header.Set("Cookie", plainCookie+"="+cookie.Value) // a name that a sibling host may set
	if err := l.check(back, "main", true); err != refusedCookie {
		t.Errorf("the cookie is taken under the other name: %v", err)
	}
}

func TestWhatALaunchRefuses(t *testing.T) {
	for _, test := range []struct {
		name   string
		target func(l *launches, pass func(time.Duration)) string
		change func(*http.Request)
		want   error
	}{
		{"a token used twice", func(l *launches, _ func(time.Duration)) string {
			target := minted(l, "main")
			if _, err := launch(l, "main", target); err != nil {
				panic(err)
			}
			return target
		}, nil, refusedToken},
		{"a token of another window", func(l *launches, _ func(time.Duration)) string { return minted(l, "editor") }, nil, refusedToken},
		{"an expired token", func(l *launches, pass func(time.Duration)) string {
			target := minted(l, "main")
			pass(launchWithin)
			return target
		}, nil, refusedToken},
		{"no token", func(*launches, func(time.Duration)) string { return launchPath }, nil, refusedToken},
		{"an empty token", func(*launches, func(time.Duration)) string { return launchPath + "?token=" }, nil, refusedToken},
		{"a token cut short", func(l *launches, _ func(time.Duration)) string { t := minted(l, "main"); return t[:len(t)-1] }, nil, refusedToken},
		{"a token with padding", func(l *launches, _ func(time.Duration)) string { return minted(l, "main") + "=" }, nil, refusedToken},
		{"another parameter beside it", func(l *launches, _ func(time.Duration)) string { return minted(l, "main") + "&x=1" }, nil, refusedToken},
		{"a second token beside it", func(l *launches, _ func(time.Duration)) string {
			t := minted(l, "main")
			return t + "&" + t[len(launchPath)+1:]
		}, nil, refusedToken},
		{"the last bits of a token changed without changing its bytes", func(l *launches, _ func(time.Duration)) string {
			t := minted(l, "main") // 43 characters hold 258 bits: two are spare
			last := strings.IndexByte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", t[len(t)-1])
			return t[:len(t)-1] + string("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[last|1])
		}, nil, refusedToken},
		{"a prefetch", func(l *launches, _ func(time.Duration)) string { return minted(l, "main") },
			func(r *http.Request) { r.Header.Set("Sec-Purpose", "prefetch") }, refusedPrefetch},
		{"fetch by another site", func(l *launches, _ func(time.Duration)) string { return minted(l, "main") },
			func(r *http.Request) { r.Header = fetched("cross-site", "cors", "empty") }, refusedDest},
		{"HEAD", func(l *launches, _ func(time.Duration)) string { return minted(l, "main") },
			func(r *http.Request) { r.Method = "HEAD" }, refusedMethod},
		{"a program that is no browser", func(l *launches, _ func(time.Duration)) string { return minted(l, "main") },
			func(r *http.Request) { r.Header = http.Header{} }, refusedMissing},
	} {
		t.Run(test.name, func(t *testing.T) {
			l, pass := testLaunches()
			change := test.change
			if change == nil {
				change = func(*http.Request) {}
			}
			w, err := launch(l, "main", test.target(l, pass), change)
			if err != test.want {
				t.Errorf("got %v, want %v", err, test.want)
			}
			if w.Code == 200 || w.Header().Get("Set-Cookie") != "" {
				t.Errorf("status %d, Set-Cookie %q", w.Code, w.Header().Get("Set-Cookie"))
			}
		})
	}
}

func TestARefusedLaunchLeavesTheTokenGood(t *testing.T) {
	l, _ := testLaunches()
	target := minted(l, "main")
	if _, err := launch(l, "main", target, func(r *http.Request) { r.Header.Set("Sec-Purpose", "prefetch") }); err == nil {
		t.Fatal("a prefetch was served")
	}
	if _, err := launch(l, "editor", target); err != refusedToken {
		t.Fatal(err)
	}
	if _, err := launch(l, "main", target); err != nil {
		t.Errorf("the token was used up by a refused request: %v", err)
	}
}

func TestWaitingTokensAreBounded(t *testing.T) {
	l, pass := testLaunches()
	first := minted(l, "main")
	targets := make([]string, maxLaunches)
	for i := range targets {
		targets[i] = minted(l, "main")
	}
	if _, err := launch(l, "main", first); err != refusedToken {
		t.Errorf("the oldest token still works: %v", err)
	}
	for _, target := range targets {
		if _, err := launch(l, "main", target); err != nil {
			t.Fatalf("one of the newest tokens is lost: %v", err)
		}
	}
	minted(l, "main")
	pass(launchWithin)
	minted(l, "main")
	if n := len(l.waiting["main"]); n != 1 {
		t.Errorf("%d tokens wait after the first expired", n)
	}
}

// granted launches a browser and returns its cookie, as a header.
func granted(t *testing.T, l *launches, label string) string {
	t.Helper()
	w, err := launch(l, label, minted(l, label))
	if err != nil {
		t.Fatal(err)
	}
	c := w.Result().Cookies()[0]
	return c.Name + "=" + c.Value
}

// shown asks for a page of label with these cookies.
func shown(l *launches, label, cookies string) error {
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Cookie", cookies)
	return l.check(r, label, false)
}

func TestEachLaunchGetsACookieOfItsOwn(t *testing.T) {
	l, _ := testLaunches()
	first, second := granted(t, l, "main"), granted(t, l, "main")
	if first == second {
		t.Error("two launches share a cookie")
	}
	for _, cookie := range []string{first, second} {
		if err := shown(l, "main", cookie); err != nil {
			t.Errorf("a launch ended another one: %v", err)
		}
	}
}

func TestGrantedCookiesAreBounded(t *testing.T) {
	l, _ := testLaunches()
	used, unused := granted(t, l, "main"), granted(t, l, "main")
	if err := shown(l, "main", used); err != nil {
		t.Fatal(err)
	}
	for range maxGranted - 1 {
		granted(t, l, "main")
	}
	if n := len(l.granted["main"]); n != maxGranted {
		t.Errorf("%d cookies are kept, want %d", n, maxGranted)
	}
	if err := shown(l, "main", unused); err != refusedCookie {
		t.Errorf("the cookie that was not used for longest still works: %v", err)
	}
	if err := shown(l, "main", used); err != nil {
		t.Errorf("a cookie that was used later is lost: %v", err)
	}
}

func TestRevokedLaunchesAreForgotten(t *testing.T) {
	l, _ := testLaunches()
	first, second, other := granted(t, l, "main"), granted(t, l, "main"), granted(t, l, "editor")
	waiting := minted(l, "main")
	l.revoke("main")
	for _, cookie := range []string{first, second} {
		if err := shown(l, "main", cookie); err != refusedCookie {
			t.Errorf("a revoked cookie still works: %v", err)
		}
	}
	if _, err := launch(l, "main", waiting); err != refusedToken {
		t.Errorf("a revoked token still works: %v", err)
	}
	if err := shown(l, "editor", other); err != nil {
		t.Errorf("another window's cookie is lost: %v", err)
	}
	if err := shown(l, "main", granted(t, l, "main")); err != nil {
		t.Errorf("a new launch is refused: %v", err)
	}
}

func TestWhichCookiesAreTaken(t *testing.T) {
	l, _ := testLaunches()
	good := granted(t, l, "main")
	other := plainCookie + "=" + newSecret().String()
	for _, test := range []struct {
		name   string
		cookie string
		want   error
	}{
		{"the window's cookie", good, nil},
		{"the window's beside the page's own", "theme=dark; " + good, nil},
		{"one that another local program set first doesn't lock the window out", other + "; " + good, nil},
		{"nor do sixty of them", strings.Repeat(other+"; ", 60) + good, nil},

		{"none", "", refusedCookie},
		{"another value", other, refusedCookie},
		{"an empty value", plainCookie + "=", refusedCookie},
		{"a prefix of the value", good[:len(good)-1], refusedCookie},
		{"more than the value", good + "A", refusedCookie},
		{"the value under another name", "x" + good, refusedCookie},
		{"the name in another case", strings.ToUpper(plainCookie) + good[len(plainCookie):], refusedCookie},
		{"too many of the name", strings.Repeat(other+"; ", maxCookies) + good, refusedCookie},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := shown(l, "main", test.cookie); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

// launchOf is where a launch file leads.
func launchOf(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, target, _ := strings.Cut(string(text), "http://main-x.localhost:4001")
	target, _, _ = strings.Cut(target, `"`)
	return target
}

func TestALaunchFileIsThereForAsLongAsItsTokenIsGood(t *testing.T) {
	const origin = "http://main-x.localhost:4001"
	for _, test := range []struct {
		name string
		do   func(l *launches, target string)
		gone bool
	}{
		{"nothing happens", func(*launches, string) {}, false},
		{"another launch of the window is redeemed", func(l *launches, _ string) { launch(l, "main", minted(l, "main")) }, false},
		{"the launch is refused", func(l *launches, target string) { launch(l, "editor", target) }, false},
		{"another window is revoked", func(l *launches, _ string) { l.revoke("editor") }, false},
		{"a minute is not over", func(*launches, string) { time.Sleep(launchWithin - time.Second) }, false},

		{"it is redeemed", func(l *launches, target string) { launch(l, "main", target) }, true},
		{"newer ones push it out", func(l *launches, _ string) {
			for range maxLaunches {
				minted(l, "main")
			}
		}, true},
		{"its window is revoked", func(l *launches, _ string) { l.revoke("main") }, true},
		{"the gate is closed", func(l *launches, _ string) { l.close() }, true},
		{"a minute is over", func(*launches, string) { time.Sleep(launchWithin + time.Second) }, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				l := newLaunches(time.Now)
				file, err := l.file(dir, "main", origin)
				if err != nil {
					t.Fatal(err)
				}
				test.do(l, launchOf(t, file))
				if _, err := os.Stat(file); test.gone != os.IsNotExist(err) {
					t.Errorf("the file: %v", err)
				}
				l.close()
				if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
					t.Errorf("%d files left behind (%v)", len(left), err)
				}
			})
		})
	}
}

func TestAClosedGateLaunchesNothing(t *testing.T) {
	dir := t.TempDir()
	l, _ := testLaunches()
	l.close()
	if _, err := l.mint("main"); err == nil {
		t.Error("a token was made")
	}
	if file, err := l.file(dir, "main", "http://main-x.localhost:4001"); err == nil || file != "" {
		t.Errorf("a file was made: %s, %v", file, err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("%d files left behind (%v)", len(left), err)
	}
}

func TestWriteLaunchFile(t *testing.T) {
	const address = "http://main-x.localhost:41001/.sallyport/launch?token=abc&x=1"
	path, remove, err := WriteLaunchFile(t.TempDir(), address)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" { // where access goes by the folder's owner
		for name, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700} {
			info, err := os.Stat(name)
			if err != nil || info.Mode().Perm() != want {
				t.Errorf("%s: mode %v, want %v (%v)", name, info.Mode().Perm(), want, err)
			}
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), `content="0;url=http://main-x.localhost:41001/.sallyport/launch?token=abc&amp;x=1"`) {
		t.Errorf("the file doesn't lead to the page:\n%s", text)
	}
	if strings.Contains(string(text), "<script") || !strings.Contains(string(text), `name="referrer" content="no-referrer"`) {
		t.Errorf("the file has a script, or tells where it lies:\n%s", text)
	}
	remove()
	remove()
	if _, err := os.Stat(filepath.Dir(path)); !os.IsNotExist(err) {
		t.Errorf("the folder is still there: %v", err)
	}
}

func TestLaunchFilesEscapeAndRefuse(t *testing.T) {
	got := launchFile(`http://h/?"><script>'&`)
	if strings.Contains(got, "<script") || strings.Count(got, `"`) != strings.Count(launchFile("http://h/"), `"`) {
		t.Errorf("the address leaves its attribute:\n%s", got)
	}
	dir := t.TempDir()
	for _, address := range []string{
		"", "javascript:alert(1)", "file:///etc/passwd", "/.sallyport/launch", "http://", "http://me@h/x",
		"http://h/\"><script>", "http://h/ x", "http://h/x\nSet-Cookie: y", "HTTP://h/x",
	} {
		path, remove, err := WriteLaunchFile(dir, address)
		if err == nil {
			remove()
			t.Errorf("%q was written to %s", address, path)
		} else if u, bad := url.Parse(address); bad == nil && u.Path != "" && len(address) > 3 && strings.Contains(err.Error(), address) {
			t.Errorf("the address, and so the token, is in the error: %v", err)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("%d files left behind (%v)", len(left), err)
	}
	if _, _, err := WriteLaunchFile(filepath.Join(dir, "missing"), "http://h/x"); err == nil {
		t.Error("a missing folder is no error")
	}
}
