package attacks

import (
	"net/http"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/browser"
)

// What programs that are no browsers get from the hosts. There is no browser
// in this test: every header is the attacker's.
func TestHostsRefuse(t *testing.T) {
	l := newLab(t, &driver{engine: browser.Chromium}, options{script: "victim"})
	cookie := l.cookie("main")
	main := l.origins["main"]
	page := with(navigation, "Cookie", cookie)
	asset := map[string]string{"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script", "Cookie": cookie}
	port := main[strings.LastIndex(main, ":"):]
	for _, test := range []struct {
		name   string
		r      request
		status int
	}{
		{"the page, as a browser asks for it", request{url: main + "/", header: page}, 200},
		{"an asset, as a browser asks for it", request{url: main + "/lab.js", header: asset}, 200},

		{"C6 another host", request{url: main + "/", host: "evil.example", header: page}, 421},
		{"C6 another host on the same port", request{url: main + "/", host: "evil.example" + port, header: page}, 421},
		{"C6 the host below another", request{url: main + "/", host: l.host("main") + ".evil.example", header: page}, 421},
		{"C6 a host below ours", request{url: main + "/", host: "x." + l.host("main"), header: page}, 421},
		{"C6 the address", request{url: main + "/", host: "127.0.0.1" + port, header: page}, 421},
		{"C6 localhost", request{url: main + "/", host: "localhost" + port, header: page}, 421},
		{"C6 the host in capitals", request{url: main + "/", host: strings.ToUpper(l.host("main")), header: page}, 421},
		{"C6 the host with a dot", request{url: main + "/", host: strings.Replace(l.host("main"), ":", ".:", 1), header: page}, 421},
		{"C6 the host without a port", request{url: main + "/", host: strings.Split(l.host("main"), ":")[0], header: page}, 421},
		{"C6 the frame's host on the page's port", request{url: main + "/", host: l.host("frame"), header: page}, 421},

		{"C6 no cookie", request{url: main + "/", header: navigation}, 403},
		{"C5 another window's cookie", request{url: l.origins["editor"] + "/", header: page}, 403},
		{"C6 no metadata", request{url: main + "/", header: map[string]string{"Cookie": cookie}}, 403},
		{"C6 another site", request{url: main + "/", header: with(page, "Sec-Fetch-Site", "cross-site")}, 403},
		{"C6 the same site", request{url: main + "/", header: with(page, "Sec-Fetch-Site", "same-site")}, 403},
		{"C6 in a frame", request{url: main + "/", header: with(page, "Sec-Fetch-Dest", "iframe")}, 403},
		{"C6 by fetch", request{url: main + "/", header: with(with(page, "Sec-Fetch-Dest", "empty"), "Sec-Fetch-Mode", "cors")}, 403},
		{"C6 ahead of need", request{url: main + "/", header: with(page, "Sec-Purpose", "prefetch;prerender")}, 403},
		{"C6 for a service worker", request{url: main + "/", header: with(page, "Service-Worker-Navigation-Preload", "true")}, 403},
		{"C6 as a service worker", request{url: main + "/worker.js", header: with(with(asset, "Service-Worker", "script"), "Sec-Fetch-Dest", "serviceworker")}, 403},
		{"C6 as a worker", request{url: main + "/worker.js", header: with(asset, "Sec-Fetch-Dest", "worker")}, 403},
		{"C8 a path that is not there", request{url: main + "/nowhere", header: page}, 404},
		{"C8 a path in another spelling", request{url: main + "/%69ndex.html", header: page}, 404},
		{"C8 a path that climbs", request{url: main + "/../index.html", header: page}, 404},
		{"C8 a reserved path that is not there", request{url: main + "/.sallyport/", header: page}, 404},
		{"C8 the relay of a window without one", request{method: "POST", url: main + "/.sallyport/relay/AAAAAAAAAAAAAAAAAAAAAA", header: page}, 404},
		{"C8 the socket of the other pattern", request{url: main + "/.sallyport/socket", header: page}, 404},
		{"C8 another method", request{method: "POST", url: main + "/", header: page}, 405},
		{"C8 a preflight", request{method: "OPTIONS", url: main + "/", header: with(page, "Origin", "http://evil.example")}, 405},

		{"C4 a frame without a ticket", request{url: l.origins["frame"] + "/frame/", header: framing}, 403},
		{"C4 a frame with a made up ticket", request{url: l.origins["frame"] + "/frame/" + strings.Repeat("A", 43), header: framing}, 403},
		{"C4 a frame by fetch", request{url: l.freshFrame("main"), header: with(with(framing, "Sec-Fetch-Dest", "empty"), "Sec-Fetch-Mode", "cors")}, 403},
		{"C4 a frame as a document", request{url: l.freshFrame("main"), header: with(framing, "Sec-Fetch-Dest", "document")}, 403},
		{"C4 a frame as a script", request{url: l.freshFrame("main"), header: with(with(framing, "Sec-Fetch-Dest", "script"), "Sec-Fetch-Mode", "no-cors")}, 403},
		{"C4 a frame ahead of need", request{url: l.freshFrame("main"), header: with(framing, "Sec-Purpose", "prefetch")}, 403},
		{"C4 a frame for a service worker", request{url: l.freshFrame("main"), header: with(framing, "Service-Worker-Navigation-Preload", "true")}, 403},
		{"C4 a frame from its own site", request{url: l.freshFrame("main"), header: with(framing, "Sec-Fetch-Site", "same-origin")}, 403},
		{"C4 a frame without metadata", request{url: l.freshFrame("main")}, 403},
		{"C6 a frame under another host", request{url: l.freshFrame("main"), host: "evil.example", header: framing}, 421},
		{"a frame, as a browser asks for it", request{url: l.freshFrame("main"), header: framing}, 200},
		{"C6 a socket without an upgrade", request{url: l.origins["frame"] + "/socket", header: map[string]string{"Origin": "null"}}, 403},
		{"C6 a socket of another origin", request{url: l.origins["frame"] + "/socket", header: map[string]string{"Origin": main, "Upgrade": "websocket", "Connection": "Upgrade"}}, 403},
		{"C6 a socket without an origin", request{url: l.origins["frame"] + "/socket", header: map[string]string{"Upgrade": "websocket", "Connection": "Upgrade"}}, 403},
		{"C8 a page on the frame's host", request{url: l.origins["frame"] + "/", header: page}, 404},
	} {
		t.Run(test.name, func(t *testing.T) {
			response, body := l.send(test.r)
			if response.StatusCode != test.status {
				t.Errorf("answered %s; want %d", response.Status, test.status)
			}
			if response.StatusCode >= 400 && string(body) != http.StatusText(test.status)+"\n" && test.r.method != http.MethodHead {
				t.Errorf("the answer says %q", body)
			}
		})
	}
}

func TestLaunchTokenIsGoodOnce(t *testing.T) {
	l := newLab(t, &driver{engine: browser.Chromium}, options{script: "victim"})
	launch, err := l.app.Gate().LaunchURL("main")
	if err != nil {
		t.Fatal(err)
	}
	_, target, _ := strings.Cut(launch, l.origins["main"])
	for _, test := range []struct {
		name   string
		r      request
		status int
	}{
		{"C5 at another window", request{url: l.origins["editor"] + target, header: navigation}, 403},
		{"C6 by fetch", request{url: launch, header: with(navigation, "Sec-Fetch-Dest", "empty")}, 403},
		{"C6 ahead of need", request{url: launch, header: with(navigation, "Sec-Purpose", "prefetch")}, 403},
		{"C6 in a frame", request{url: launch, header: with(navigation, "Sec-Fetch-Dest", "iframe")}, 403},
		{"C6 by POST", request{method: "POST", url: launch, header: navigation}, 405},
		{"C6 with more behind it", request{url: launch + "&x=1", header: navigation}, 403},
		{"the right one", request{url: launch, header: navigation}, 200},
		{"C3 once more", request{url: launch, header: navigation}, 403},
	} {
		t.Run(test.name, func(t *testing.T) {
			response, _ := l.send(test.r)
			if response.StatusCode != test.status {
				t.Errorf("answered %s; want %d", response.Status, test.status)
			}
			cookies := response.Header.Values("Set-Cookie")
			if (len(cookies) == 1) != (test.status == http.StatusOK) {
				t.Errorf("cookies: %d", len(cookies))
			}
			for _, c := range cookies {
				if !strings.Contains(c, "HttpOnly") || !strings.Contains(c, "SameSite=Strict") || strings.Contains(c, "Domain") {
					t.Error("the cookie is not HttpOnly, SameSite=Strict and the host's alone")
				}
			}
		})
	}
}

// The client is the first script of a page: nothing that the page brings runs
// before it.
func TestClientComesFirst(t *testing.T) {
	l := newLab(t, &driver{engine: browser.Chromium}, options{script: "victim"})
	_, body := l.send(request{url: l.origins["main"] + "/", header: with(navigation, "Cookie", l.cookie("main"))})
	_, rest, ok := strings.Cut(string(body), "<head>")
	config, rest, more := strings.Cut(rest, "</script>")
	if !ok || !more || !strings.HasPrefix(config, `<script type="application/json" id="sallyport-page">`) {
		t.Fatalf("the head begins with %.80q", config)
	}
	first := rest[strings.Index(rest, "<script"):]
	if !strings.Contains(first[:strings.Index(first, ">")], `src="/.sallyport/client.js"`) {
		t.Errorf("the first script is %.120q", first)
	}
}
