package attacks

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/isolation"
)

// byWindow makes frames speak by window messages, as they do on WebKitGTK.
func byWindow(l *lab, page, frame http.Handler) (http.Handler, http.Handler) {
	return page, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/frame/") {
			frame.ServeHTTP(w, r)
			return
		}
		kept := httptest.NewRecorder()
		frame.ServeHTTP(kept, r)
		for name, values := range kept.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(kept.Code)
		w.Write(bytes.Replace(kept.Body.Bytes(), []byte(`"hop":"auto"`), []byte(`"hop":"window"`), 1))
	})
}

func TestWindowMessages(t *testing.T) {
	inBrowsers(t, func(t *testing.T, d *driver) {
		l := newLab(t, d, options{script: "window", policy: hostile, front: byWindow})
		l.hold(t, l.visit("main"),
			verdict{"calls by window messages", "C1", map[string]string{"count": "ok", "vault": "hook_refused", "see": `ok {"seen":["call main ` + l.origins["main"] + `"]}`}, nil},
			verdict{"other windows' messages", "C1", map[string]string{
				"done": "done a child,done a popup,done a sandboxed child", "truth": `ok {"text":"truth"}`, "call": "ok",
			}, func(t *testing.T, s *seen) {
				var heard []string
				for _, h := range s.handlers("echo") {
					if h.Text != "truth" {
						heard = append(heard, h.Text)
					}
				}
				if !slices.Equal(heard, []string{"the page"}) {
					t.Errorf("the frame has heard %q; want the page alone", heard)
				}
				if n := s.after.stats.Boundary.Ended[isolation.EndBye] - s.before.stats.Boundary.Ended[isolation.EndBye]; n != 0 {
					t.Errorf("%d sessions were ended", n)
				}
			}},
		)
	})
}
