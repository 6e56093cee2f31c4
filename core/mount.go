package core

import (
	"net/http"

	"github.com/sallyport/sallyport/isolation"
)

// PageHandler serves the pages of all windows, by exact host. Mount it at the
// root of each page's host: pages, cookies and headers of such a host are the
// app's alone. Before Start it answers 503.
func (app *App) PageHandler() http.Handler { return app.handler((*isolation.Gate).Page) }

// FrameHandler serves the frame documents and their socket. Mount it at the
// root of the frame's host. Before Start it answers 503.
func (app *App) FrameHandler() http.Handler { return app.handler((*isolation.Gate).Frame) }

func (app *App) handler(of func(*isolation.Gate) http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		gate := app.gate.Load()
		if gate == nil {
			isolation.Unavailable(w, r)
			return
		}
		of(gate).ServeHTTP(w, r)
	})
}
