package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"time"
)

// maxBinding bounds a body of the unprotected side, which would take any size,
// for the sake of the machine that shows the demo.
const maxBinding = 16 << 20

// A binding is what this demo is about: Go functions that any script of a page
// may call by name, as desktop toolkits offer them. It listens on a port of
// its own and asks nobody anything. What it can reach is one scratch folder.
//
// The same server has the page of another site: see elsewhere.
type binding struct {
	world     *world
	server    *http.Server
	origin    string
	elsewhere *elsewhere
	callers   list[caller]
}

// A caller is what the browser says of who made a call, in headers that no
// page can set.
type caller struct{ method, origin, site string }

// newBinding serves w's handlers. The other site's frame also goes for socket.
func newBinding(w *world, socket string) (*binding, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("demo: failed to listen for the unprotected side: %w", err)
	}
	b := &binding{world: w, origin: "http://" + listener.Addr().String()}
	b.elsewhere = newElsewhere(b.origin, target{
		Binding: b.origin + "/call",
		Path:    filepath.ToSlash(w.folder) + "/backup.db",
		Socket:  socket,
	})
	mux := http.NewServeMux()
	mux.HandleFunc("/call", b.serveCall)
	b.elsewhere.register(mux)
	b.server = &http.Server{Handler: mux, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second}
	go b.server.Serve(listener) // until close
	return b, nil
}

func (b *binding) close() { b.server.Close() }

// serveCall takes {"method":…,"args":…} and answers {"result":…} or
// {"error":…}.
func (b *binding) serveCall(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
	w.Header().Set("Content-Type", "application/json")
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBinding))
	var result any
	if err == nil {
		result, err = b.call(r, body)
	}
	answer := map[string]any{"result": result}
	if err != nil {
		answer = map[string]any{"error": err.Error()}
	}
	json.NewEncoder(w).Encode(answer) // a page that went away misses it
}

func (b *binding) call(r *http.Request, body []byte) (any, error) {
	var call struct {
		Method string          `json:"method"`
		Args   json.RawMessage `json:"args"`
	}
	if err := json.Unmarshal(body, &call); err != nil {
		return nil, err
	}
	b.callers.add(caller{call.Method, r.Header.Get("Origin"), r.Header.Get("Sec-Fetch-Site")})
	ctx := r.Context()
	switch call.Method {
	case "notes.list":
		return bound(ctx, call.Args, b.world.list)
	case "notes.search":
		return bound(ctx, call.Args, b.world.search)
	case "notes.read":
		return bound(ctx, call.Args, b.world.read)
	case "notes.save":
		return bound(ctx, call.Args, b.world.save)
	case "files.remove":
		return bound(ctx, call.Args, b.world.remove)
	}
	return nil, fmt.Errorf("there is no method %q", call.Method)
}

// bound decodes arguments as toolkits do and calls the function.
func bound[A, R any](ctx context.Context, text json.RawMessage, fn func(context.Context, A) (R, error)) (any, error) {
	var args A
	if len(text) > 0 {
		if err := json.Unmarshal(text, &args); err != nil {
			return nil, err
		}
	}
	return fn(ctx, args)
}
