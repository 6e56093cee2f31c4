package attacks

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sallyport/sallyport/internal/browser"
)

// A squatter is a site that has the app's two hosts before the app has them,
// as an older program on the same names might.
type squatter struct{ gone atomic.Bool }

func (q *squatter) front(l *lab, page, frame http.Handler) (http.Handler, http.Handler) {
	until := func(after http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if q.gone.Load() {
				after.ServeHTTP(w, r)
				return
			}
			w.Header().Set("Service-Worker-Allowed", "/")
			l.serveScripts(w, r)
		})
	}
	return until(page), until(frame)
}

// No page of ours can register a service worker. One that was there before
// gets what its navigation preload and its own requests bring: nothing. Where
// the frame's documents lie it is gone after the first of them.
func TestAServiceWorkerFromBefore(t *testing.T) {
	inBrowsers(t, func(t *testing.T, d *driver) {
		q := new(squatter)
		l := newLab(t, d, options{script: "squatted", policy: hostile, front: q.front})
		d.open(l.origins["main"] + "/page/squat/")
		for _, scope := range []string{"/index.html", "/frame/"} {
			if l.await("a worker on "+scope, func() bool { return l.left("on "+scope) != "" }); l.left("on "+scope) != "activated true" {
				t.Fatalf("the worker on %s: %s", scope, l.left("on "+scope))
			}
		}
		q.gone.Store(true)
		v := l.visit("main")
		heard := "1"
		if d.engine == browser.Firefox {
			heard = "0|1"
		}
		// Chromium has cleared the frame's host of its worker when the genuine
		// frame came. Firefox has not, and knows no worker that hides itself.
		untouched := func(t *testing.T, s *seen) {
			for _, e := range s.requests(func(e *exchange) bool { return strings.HasPrefix(e.Path, "/frame/") }) {
				if want := map[any]int{"0": http.StatusForbidden, "1": http.StatusOK}[s.facts["heard"]]; e.Status != want {
					t.Errorf("want status %d: %v", want, &e)
				}
			}
			if s.facts["heard"] == "0" {
				counted("service_worker")(t, s)
			}
		}
		l.hold(t, v,
			verdict{"a page by way of the worker", "C6", map[string]string{"client": "undefined|SecurityError", "title": "The worker's own|SecurityError"}, func(t *testing.T, s *seen) {
				preloads := 0
				for _, e := range s.requests(func(e *exchange) bool { return e.Path == "/index.html" }) {
					if e.Request.Get("Service-Worker-Navigation-Preload") != "" {
						preloads++
					}
					if e.Status != http.StatusForbidden {
						t.Errorf("served to a worker: %v", &e)
					}
				}
				if preloads == 0 {
					t.Error("there was no navigation preload: the attack has not been made")
				}
				counted("service_worker")(t, s)
				counted("fetch_dest")(t, s)
			}},
			verdict{"a frame by way of the worker", "C6", map[string]string{"heard": heard}, untouched},
			verdict{"a frame that races the worker", "C6", map[string]string{"heard": heard}, untouched},
			verdict{"after all that", "C1", map[string]string{"call": "ok"}, nil},
		)
		l.mu.Lock()
		said := strings.Join(l.said, "\n")
		l.mu.Unlock()
		for _, document := range []string{"sallyport-page", "sallyport-frame"} {
			if strings.Contains(said, document) {
				t.Errorf("a worker has read the document of %s", document)
			}
		}
	})
}
