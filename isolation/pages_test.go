package isolation

import (
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

func testFiles() fstest.MapFS {
	return fstest.MapFS{
		"index.html":       {Data: []byte("<!doctype html><head><script src=/a.js></script>")},
		"help.html":        {Data: []byte("<p>help")},
		"a.js":             {Data: []byte("a()")},
		"a.js.map":         {Data: []byte("{}")},
		"img/logo.svg":     {Data: []byte("<svg/>")},
		"data.bin":         {Data: []byte{0, 1, 2}},
		".env":             {Data: []byte("SECRET=1")},
		".git/config":      {Data: []byte("x")},
		"img/.DS_Store":    {Data: []byte("x")},
		"mit umlaut ä.txt": {Data: []byte("ä")},
	}
}

func fillOnce(n *int) func() (pageFill, error) {
	return func() (pageFill, error) {
		*n++
		return pageFill{config: []byte(`{"a":1}`), frame: "http://frame-x.localhost:2/frame/", own: []string{"http://main-x.localhost:1/.sallyport/relay/"}}, nil
	}
}

// as changes a request's headers to those of a kind of fetch.
var kinds = map[string]http.Header{
	"navigation": fetched("same-origin", "navigate", "document"),
	"script":     fetched("same-origin", "no-cors", "script"),
	"fetch":      fetched("same-origin", "cors", "empty"),
	"iframe":     fetched("same-origin", "navigate", "iframe"),
	"elsewhere":  fetched("cross-site", "no-cors", "script"),
	"program":    {},
}

func TestServePages(t *testing.T) {
	for _, test := range []struct {
		name         string
		method, path string
		kind         string
		status       int
		contains     string
		fills        int
	}{
		{"the top is index.html", "GET", "/", "navigation", 200, `<head><script type="application/json" id="sallyport-page">{"a":1}</script>`, 1},
		{"index.html by name", "GET", "/index.html", "navigation", 200, "sallyport-page", 1},
		{"a query changes nothing", "GET", "/?v=1", "navigation", 200, "sallyport-page", 1},
		{"another page", "GET", "/help.html", "navigation", 200, "<p>help", 1},
		{"a script", "GET", "/a.js", "script", 200, "a()", 0},
		{"a file in a folder", "GET", "/img/logo.svg", "script", 200, "<svg/>", 0},
		{"a picture in a tab of its own", "GET", "/img/logo.svg", "navigation", 200, "<svg/>", 0},
		{"a name with spaces and umlauts", "GET", "/mit%20umlaut%20%C3%A4.txt", "script", 200, "ä", 0},
		{"HEAD makes no ticket", "HEAD", "/", "navigation", 200, "", 0},
		{"HEAD of a script", "HEAD", "/a.js", "script", 200, "", 0},

		{"a page fetched by script holds no ticket", "GET", "/", "fetch", 403, "", 0},
		{"a page in an iframe is refused", "GET", "/", "iframe", 403, "", 0},
		{"a page as a script is refused", "GET", "/", "script", 403, "", 0},
		{"a script fetched by another site is refused", "GET", "/a.js", "elsewhere", 403, "", 0},
		{"a script fetched by fetch is refused", "GET", "/a.js", "fetch", 403, "", 0},
		{"a program without browser headers is refused", "GET", "/a.js", "program", 403, "", 0},
		{"POST is refused", "POST", "/", "navigation", 405, "", 0},
		{"PUT is refused", "PUT", "/a.js", "script", 405, "", 0},
		{"OPTIONS is refused", "OPTIONS", "/a.js", "script", 405, "", 0},

		{"a file that isn't there", "GET", "/b.js", "script", 404, "", 0},
		{"no fallback to index.html", "GET", "/some/route", "navigation", 404, "", 0},
		{"no listing of a folder", "GET", "/img/", "navigation", 404, "", 0},
		{"no listing without slash either", "GET", "/img", "navigation", 404, "", 0},
		{"dotfiles are hidden", "GET", "/.env", "script", 404, "", 0},
		{"dotfolders are hidden", "GET", "/.git/config", "script", 404, "", 0},
		{"dotfiles in folders are hidden", "GET", "/img/.DS_Store", "script", 404, "", 0},
		{"source maps are hidden", "GET", "/a.js.map", "script", 404, "", 0},
		{"dot segments lead nowhere", "GET", "/img/../a.js", "script", 404, "", 0},
		{"encoded dot segments lead nowhere", "GET", "/img/%2e%2e/a.js", "script", 404, "", 0},
		{"an encoded slash is no slash", "GET", "/img%2flogo.svg", "script", 404, "", 0},
		{"two slashes are not one", "GET", "//a.js", "script", 404, "", 0},
		{"a backslash is no slash", "GET", "/img%5clogo.svg", "script", 404, "", 0},
		{"a zero byte ends nothing", "GET", "/a.js%00.html", "navigation", 404, "", 0},
		{"another case is another name", "GET", "/A.js", "script", 404, "", 0},
		{"a trailing slash is another name", "GET", "/a.js/", "script", 404, "", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, err := newPages(testFiles(), "page", PagePolicy{}, false)
			if err != nil {
				t.Fatal(err)
			}
			r := httptest.NewRequest(test.method, "http://h"+test.path, nil)
			r.Header = kinds[test.kind]
			w, fills := httptest.NewRecorder(), 0
			err = p.serve(w, r, fillOnce(&fills))
			if w.Code != test.status || (err == nil) != (test.status == 200) {
				t.Errorf("status %d, want %d (%v)", w.Code, test.status, err)
			}
			if !strings.Contains(w.Body.String(), test.contains) {
				t.Errorf("body %q lacks %q", w.Body, test.contains)
			}
			if fills != test.fills {
				t.Errorf("%d documents were made, want %d", fills, test.fills)
			}
			csp := w.Header().Get("Content-Security-Policy")
			if isPage := test.fills == 1; isPage == (csp == staticCSP) || csp == "" {
				t.Errorf("policy %q", csp)
			}
			checkHeaders(t, w.Header(), map[string]string{
				"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Cross-Origin-Resource-Policy": "same-origin",
				"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp",
				"Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY",
			})
		})
	}
}

func TestEachResponseHasItsOwnNonce(t *testing.T) {
	p, err := newPages(testFiles(), "page", PagePolicy{}, false)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for range 50 {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header = kinds["navigation"]
		w, n := httptest.NewRecorder(), 0
		if err := p.serve(w, r, fillOnce(&n)); err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(w.Header().Get("Content-Security-Policy"), "script-src 'nonce-")
		nonce, _, _ := strings.Cut(rest, "'")
		if len(nonce) != 24 || seen[nonce] {
			t.Fatalf("nonce %q", nonce)
		}
		seen[nonce] = true
		if got := strings.Count(w.Body.String(), `nonce="`+nonce+`"`); got != 3 {
			t.Errorf("the nonce stands %d times in the page, want 3:\n%s", got, w.Body)
		}
	}
}

func TestBrokenFoldersStopTheStart(t *testing.T) {
	linked := t.TempDir()
	if err := os.WriteFile(filepath.Join(linked, "index.html"), []byte("<p>"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc/hostname", filepath.Join(linked, "host.txt")); err != nil {
		t.Fatal(err)
	}
	with := func(name, text string) fstest.MapFS {
		files := testFiles()
		files[name] = &fstest.MapFile{Data: []byte(text)}
		return files
	}
	for _, test := range []struct {
		name string
		run  func() error
		want string
	}{
		{"no index.html", func() error {
			_, err := newPages(fstest.MapFS{"a.html": {Data: []byte("x")}}, "page", PagePolicy{}, false)
			return err
		}, "page/index.html is missing"},
		{"a handler in a page in a folder", func() error {
			_, err := newPages(with("sub/x.htm", "\n<p onclick=x>"), "page", PagePolicy{}, false)
			return err
		}, "page/sub/x.htm:2: <p> has the event handler"},
		{"the same in development", func() error {
			_, err := newPages(with("x.html", "<p onclick=x>"), "page", PagePolicy{}, true)
			return err
		}, "page/x.html:1:"},
		{"a link out of the folder", func() error { _, err := newPages(os.DirFS(linked), "page", PagePolicy{}, false); return err }, "page/host.txt: not a regular file"},
		{"a folder that isn't there", func() error { _, err := newPages(os.DirFS(linked+"/none"), "page", PagePolicy{}, false); return err }, "page: stat "},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := test.run(); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
	if _, err := newPages(with(".cache/x.html", "<p onclick=x>"), "page", PagePolicy{}, false); err != nil {
		t.Errorf("a page that is never served stops the start: %v", err)
	}
}

func TestDevelopmentReadsFilesAnew(t *testing.T) {
	files := testFiles()
	p, err := newPages(files, "page", PagePolicy{}, true)
	if err != nil {
		t.Fatal(err)
	}
	get := func(path, kind string) (int, string, error) {
		r := httptest.NewRequest("GET", path, nil)
		r.Header = kinds[kind]
		w, n := httptest.NewRecorder(), 0
		err := p.serve(w, r, fillOnce(&n))
		return w.Code, w.Body.String(), err
	}
	files["index.html"] = &fstest.MapFile{Data: []byte("<p>changed")}
	files["new.js"] = &fstest.MapFile{Data: []byte("new()")}
	if code, body, err := get("/", "navigation"); code != 200 || !strings.Contains(body, "changed") {
		t.Errorf("a changed page: %d %s %v", code, body, err)
	}
	if code, body, err := get("/new.js", "script"); code != 200 || body != "new()" {
		t.Errorf("a new script: %d %s %v", code, body, err)
	}
	if code, _, err := get("/a.js.map", "script"); code != 200 {
		t.Errorf("a source map: %d %v", code, err)
	}
	for _, path := range []string{"/.env", "/img/.DS_Store", "/img/", "/img", "/none.html", "/..%2f..%2fetc/passwd", "/img/../.env"} {
		if code, _, err := get(path, "navigation"); code != 404 || err != refusedPath {
			t.Errorf("%s: %d %v", path, code, err)
		}
	}
	files["index.html"] = &fstest.MapFile{Data: []byte("<p onclick=x>")}
	if code, body, err := get("/", "navigation"); code != 500 || strings.Contains(body, "onclick") || err == nil {
		t.Errorf("a page broken meanwhile: %d %s %v", code, body, err)
	}
}

// put replaces what lies at a path.
func put(t *testing.T, path string, make func(path string) error) {
	t.Helper()
	if err := errors.Join(os.RemoveAll(path), os.MkdirAll(filepath.Dir(path), 0o700), make(path)); err != nil {
		t.Fatal(err)
	}
}

func TestLinksThatCameLaterAreNotFollowed(t *testing.T) {
	dir := t.TempDir()
	page, outside := filepath.Join(dir, "page"), filepath.Join(dir, "outside")
	file := func(text string) func(string) error {
		return func(path string) error { return os.WriteFile(path, []byte(text), 0o600) }
	}
	link := func(to string) func(string) error { return func(path string) error { return os.Symlink(to, path) } }
	put(t, filepath.Join(outside, "a.js"), file("secret"))
	for _, development := range []bool{false, true} {
		for _, name := range []string{"index.html", "a.js", "img/a.js", "img/deep/a.js"} {
			put(t, filepath.Join(page, name), file("<p>own"))
		}
		p, err := newPages(os.DirFS(page), "page", PagePolicy{}, development)
		if err != nil {
			t.Fatal(err)
		}
		get := func(path, kind string) (int, string) {
			r := httptest.NewRequest("GET", path, nil)
			r.Header = kinds[kind]
			w, n := httptest.NewRecorder(), 0
			_ = p.serve(w, r, fillOnce(&n))
			return w.Code, w.Body.String()
		}
		for _, test := range []struct{ name, at, to, ask, kind string }{
			{"a script that is a link out of the folder", "a.js", filepath.Join(outside, "a.js"), "/a.js", "script"},
			{"one that is a link inside of it", "a.js", "img/a.js", "/a.js", "script"},
			{"a folder that is a link out of it", "img", outside, "/img/a.js", "script"},
			{"a folder in one", "img/deep", outside, "/img/deep/a.js", "script"},
			{"a page that is a link", "index.html", filepath.Join(outside, "a.js"), "/", "navigation"},
		} {
			if code, _ := get(test.ask, test.kind); code != http.StatusOK {
				t.Fatalf("%s answered %d before there is a link", test.ask, code)
			}
			before := filepath.Join(dir, "before")
			put(t, before, func(path string) error { return os.Rename(filepath.Join(page, test.at), path) })
			put(t, filepath.Join(page, test.at), link(test.to))
			code, body := get(test.ask, test.kind)
			if remembered := test.kind == "navigation" && !development; strings.Contains(body, "secret") || (code == http.StatusNotFound) == remembered {
				t.Errorf("%s, development %v: %d %s", test.name, development, code, body)
			}
			put(t, filepath.Join(page, test.at), func(path string) error { return os.Rename(before, path) })
		}
	}
}

// A trustingFS opens whatever name it is given, as no fs.FS should.
type trustingFS struct {
	fstest.MapFS
	opened *[]string
}

func (f trustingFS) Open(name string) (fs.File, error) {
	*f.opened = append(*f.opened, name)
	return f.MapFS.Open(name)
}

func TestDevelopmentNeverAsksForAnInvalidName(t *testing.T) {
	var opened []string
	p, err := newPages(trustingFS{testFiles(), &opened}, "page", PagePolicy{}, true)
	if err != nil {
		t.Fatal(err)
	}
	opened = nil
	for _, path := range []string{"//a.js", "/img//logo.svg", "/img/", "/a.js/", "/x/y//"} {
		r := httptest.NewRequest("GET", "http://h"+path, nil)
		r.Header = kinds["script"]
		n := 0
		if err := p.serve(httptest.NewRecorder(), r, fillOnce(&n)); err != refusedPath {
			t.Errorf("%s: %v", path, err)
		}
	}
	if len(opened) > 0 {
		t.Errorf("opened %q", opened)
	}
}

func TestAPageWhoseDocumentCanNotBeMadeIsAnError(t *testing.T) {
	p, err := newPages(testFiles(), "page", PagePolicy{}, false)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.Header = kinds["navigation"]
	w := httptest.NewRecorder()
	cause := errors.New("no ticket left")
	if err := p.serve(w, r, func() (pageFill, error) { return pageFill{}, cause }); err != cause || w.Code != 500 || strings.Contains(w.Body.String(), "ticket") {
		t.Errorf("%v, %d %s", err, w.Code, w.Body)
	}
}

func TestContentTypesAreNeverGuessed(t *testing.T) {
	for name, want := range map[string]string{
		"index.html": htmlType, "a.js": "text/javascript; charset=utf-8", "A.MJS": "text/javascript; charset=utf-8",
		"s.css": "text/css; charset=utf-8", "f.woff2": "font/woff2", "x.svg": "image/svg+xml", "noext": "application/octet-stream",
		"x.xhtml": "application/octet-stream", "x.html.exe": "application/octet-stream",
	} {
		if got := contentType(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}
