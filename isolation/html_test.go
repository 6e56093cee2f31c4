package isolation

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// head is what render puts at the top of a head for nonce N and {"a":1}.
const head = `<script type="application/json" id="sallyport-page">{"a":1}</script>` +
	`<meta property="csp-nonce" nonce="N"><script nonce="N" src="/.sallyport/client.js"></script>`

func TestRenderHTML(t *testing.T) {
	for _, test := range []struct {
		name, src, want string
	}{
		{"right after <head>", `<!doctype html><html lang="de"><head><title>T</title></head>`, `<!doctype html><html lang="de"><head>@<title>T</title></head>`},
		{"after a <head> with attributes", `<head data-x="<head>"><title>`, `<head data-x="<head>">@<title>`},
		{"in upper case", `<!DOCTYPE HTML><HTML><HEAD><TITLE>`, `<!DOCTYPE HTML><HTML><HEAD>@<TITLE>`},
		{"after <html> when there is no head", `<!doctype html><html><body>x`, `<!doctype html><html>@<body>x`},
		{"after the doctype when there is neither", `<!doctype html><p>x`, `<!doctype html>@<p>x`},
		{"at the start of a fragment", `<p>x`, `@<p>x`},
		{"in an empty file", ``, `@`},
		{"after comments and white space", "\n<!-- <head> --><!doctype html>\n<html>\n<!-- c --> <head>\n", "\n<!-- <head> --><!doctype html>\n<html>\n<!-- c --> <head>@\n"},
		{"after a byte order mark", "\ufeff<!doctype html><head>", "\ufeff<!doctype html><head>@"},
		{"before a script that stands before <head>", `<!doctype html><script>1</script><head>`, `<!doctype html>@<script nonce="N">1</script><head>`},
		{"before text that begins the body", `<!doctype html>text<head>`, `<!doctype html>@text<head>`},

		{"scripts and styles get the nonce", `<head><script src="/a.js"></script><style>b{}</style>`, `<head>@<script nonce="N" src="/a.js"></script><style nonce="N">b{}</style>`},
		{"modules and import maps too", `<head><script type=module src=a.js></script><script type="importmap">{}</script>`, `<head>@<script nonce="N" type=module src=a.js></script><script nonce="N" type="importmap">{}</script>`},
		{"a script without space keeps its form", `<head><SCRIPT>1</SCRIPT>`, `<head>@<SCRIPT nonce="N">1</SCRIPT>`},
		{"preloads of scripts get it", `<head><link rel=modulepreload href=/a.js><link rel="preload" as="script" href="/b.js"><link as=font rel=preload href=f>`, `<head>@<link nonce="N" rel=modulepreload href=/a.js><link nonce="N" rel="preload" as="script" href="/b.js"><link as=font rel=preload href=f>`},
		{"style sheet links need none", `<head><link rel=stylesheet href=/s.css>`, `<head>@<link rel=stylesheet href=/s.css>`},
		{"an author's nonce comes second and is ignored by browsers", `<head><script nonce="mine">1</script>`, `<head>@<script nonce="N" nonce="mine">1</script>`},
		{"scripts in SVG get it", `<head><svg><script href="#"/></svg>`, `<head>@<svg><script nonce="N" href="#"/></svg>`},

		{"text of scripts, styles, comments and text areas is left alone", `<head><script>"<script><style><head>"</script><textarea><script></textarea><!--<script>--><title><script></title>`, `<head>@<script nonce="N">"<script><style><head>"</script><textarea><script></textarea><!--<script>--><title><script></title>`},
		{"entities, odd quotes and line ends are kept", "<head>\r\n<p a='&amp;' b=x   c>&nbsp;&lt;\x00</P >\r", "<head>@\r\n<p a='&amp;' b=x   c>&nbsp;&lt;\x00</P >\r"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, err := prepareHTML("x.html", []byte(test.src), false)
			if err != nil {
				t.Fatal(err)
			}
			want := strings.ReplaceAll(test.want, "@", head)
			if got := string(p.render("N", []byte(`{"a":1}`))); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestConfigurationCanNotEndItsElement(t *testing.T) {
	p, err := prepareHTML("x.html", []byte("<head>"), false)
	if err != nil {
		t.Fatal(err)
	}
	got := string(p.render("N", []byte(`{"a":"</script><!--<script>"}`)))
	if strings.Contains(got, "</script><!--") || !strings.Contains(got, `{"a":"\u003c/script>\u003c!--\u003cscript>"}`) {
		t.Error(got)
	}
}

func TestPagesThatCanNotWorkAreRefusedAtStart(t *testing.T) {
	for _, test := range []struct {
		name, src string
		want      string // in the error: file, line and what
	}{
		{"an event handler", "<head>\n<body>\n<button type=button\n onclick='x()'>", "x.html:3: <button> has the event handler attribute onclick"},
		{"an event handler in upper case", `<BODY ONLOAD=x()>`, "x.html:1: <body> has the event handler attribute onload"},
		{"an event handler after a slash", `<svg/onload=x()>`, "event handler attribute onload"},
		{"a javascript: link", "\n\n<a href=\"javascript:x()\">", "x.html:3: <a> has a javascript: URL in href"},
		{"one in mixed case with white space", "<a href=\" \x01Java\tScr\nipt:x()\">", "javascript: URL"},
		{"one written with entities", `<a href="&#106;avascript&colon;x()">`, "javascript: URL"},
		{"a javascript: form", `<form action=javascript:x()>`, "javascript: URL in action"},
		{"a javascript: button", `<button formaction=javascript:x()>`, "javascript: URL in formaction"},
		{"a javascript: frame", `<iframe src=javascript:x()>`, "javascript: URL in src"},
		{"a javascript: link in SVG", `<svg><a xlink:href=javascript:x()>`, "javascript: URL in xlink:href"},
		{"a base", `<head><base href="/x/">`, "<base> is refused"},
		{"a policy of its own", `<meta http-equiv="Content-Security-Policy" content="default-src *">`, "<meta http-equiv=content-security-policy> is refused"},
		{"a reporting policy", `<meta http-equiv=content-security-policy-report-only content=x>`, "is refused, the page's policy is a header"},
		{"a refresh", `<meta http-equiv=" Refresh " content="0;url=https://evil.example">`, "<meta http-equiv=refresh> is refused"},
		{"a referrer policy", `<meta name=referrer content=unsafe-url>`, "<meta name=referrer> is refused"},
		{"a style attribute", `<p style="color:red">`, "<p> has a style attribute"},
		{"a script from elsewhere", `<script src="https://cdn.example/x.js"></script>`, "<script> loads a script from elsewhere (src)"},
		{"a script from elsewhere by scheme-relative URL", `<script src=" //cdn.example/x.js"></script>`, "from elsewhere"},
		{"a script from elsewhere by backslashes", `<script src="/\cdn.example/x.js"></script>`, "from elsewhere"},
		{"a script from elsewhere by a hidden tab", "<script src=\"/\t/cdn.example/x.js\"></script>", "from elsewhere"},
		{"a data: script", `<script src="data:text/javascript,1"></script>`, "from elsewhere"},
		{"a module preload from elsewhere", `<link rel=modulepreload href=https://cdn.example/x.js>`, "<link> loads a script from elsewhere (href)"},
		{"a file that is not UTF-8", "<p>\xff\xfe", "x.html: not UTF-8"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := prepareHTML("x.html", []byte(test.src), false)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

func TestHarmlessPagesPass(t *testing.T) {
	for name, src := range map[string]string{
		"a word that only begins like a handler": `<p on="x" data-onclick="x" on-click="y" once2="z">`,
		"javascript as text":                     `<p>javascript:x()</p><a href="/javascript:x">`,
		"a handler in a comment":                 `<!-- <p onclick=x> -->`,
		"a handler in a script's text":           `<script>"<p onclick=x>"</script>`,
		"a relative script":                      `<script src="./a/b.js?v=1:2"></script><script src="/c.js"></script>`,
		"other metas":                            `<meta charset=utf-8><meta name=viewport content=x><meta http-equiv=x-ua-compatible content=y>`,
		"a self-closing tag":                     `<br/><img src="data:image/png;base64,AA"/>`,
	} {
		if _, err := prepareHTML("x.html", []byte(src), false); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := prepareHTML("x.html", []byte(`<p style="color:red">`), true); err != nil {
		t.Errorf("a style attribute where inline styles are allowed: %v", err)
	}
}

// The pages below testdata/pages are what real build tools put out, with
// their frameworks; render must leave all bytes but its own alone.
func TestBuiltPagesKeepTheirBytes(t *testing.T) {
	files, err := filepath.Glob("testdata/pages/*/index.html")
	if err != nil || len(files) == 0 {
		t.Fatalf("no pages found: %v", err)
	}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		p, err := prepareHTML(file, src, false)
		if err != nil {
			t.Fatal(err)
		}
		got := p.render("N", []byte(`{"a":1}`))
		got = bytes.ReplaceAll(got, []byte(head), nil)
		got = bytes.ReplaceAll(got, []byte(` nonce="N"`), nil)
		if !bytes.Equal(got, src) {
			t.Errorf("%s changed:\n%s", file, got)
		}
	}
}

func FuzzRenderKeepsTheBytes(f *testing.F) {
	f.Add([]byte(`<!doctype html><head><script>1</script><style>x</style><link rel=modulepreload href=a>`))
	f.Add([]byte("<svg><![CDATA[<script>]]></svg><plaintext><script>"))
	f.Add([]byte("<script><!--<script></script>--></script><p/><script/>"))
	f.Fuzz(func(t *testing.T, src []byte) {
		p, err := prepareHTML("x.html", src, true)
		if err != nil {
			return
		}
		if got := bytes.Join(p.parts, nil); !bytes.Equal(got, src) {
			t.Errorf("%q became %q", src, got)
		}
		if n := bytes.Count(p.render("N", []byte("{}")), []byte(`id="sallyport-page"`)); n != 1+bytes.Count(src, []byte(`id="sallyport-page"`)) {
			t.Errorf("%q has the configuration %d times", src, n)
		}
	})
}
