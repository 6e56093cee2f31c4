package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
)

// maxMessage bounds what the servers of the other variants read; 1 MiB as a
// list of numbers has a good 3.5 MiB.
const maxMessage = 8 << 20

// A plainServer holds the variants that are not ours: any page that finds it
// may call.
type plainServer struct {
	url    string // of the plain WebSocket
	tauri  tauriPage
	server *http.Server
	gone   sync.WaitGroup
}

func servePlain() (*plainServer, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	host := listener.Addr().String()
	tauri, err := newTauriLike("http://" + host + "/ipc/")
	if err != nil {
		_ = listener.Close() // nothing was sent yet
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/plain", servePlainSocket)
	mux.Handle("/ipc/", tauri)
	p := &plainServer{url: "ws://" + host + "/plain", tauri: tauri.page}
	p.server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	p.gone.Go(func() { _ = p.server.Serve(listener) }) // ends by close
	return p, nil
}

func (p *plainServer) close() {
	_ = p.server.Close() // nothing is left to lose
	p.gone.Wait()
}

// A plainCall is what the page asks for: {"args":{"text":…}} is answered with
// {"result":…}; the others are what is not zero.
type plainCall struct {
	ID     int  `json:"id"`
	Args   text `json:"args"`
	Clock  bool `json:"clock"`  // the time, in microseconds
	Stream int  `json:"stream"` // so many bytes, then an answer
	ticking
}

type plainAnswer struct {
	ID     int `json:"id"`
	Result any `json:"result"`
}

// servePlainSocket answers calls, and bytes with the same bytes.
func servePlainSocket(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err != nil {
		return
	}
	defer conn.CloseNow()
	conn.SetReadLimit(maxMessage)
	var message bytes.Buffer
	for {
		kind, from, err := conn.Reader(r.Context())
		if err != nil {
			return
		}
		message.Reset()
		if _, err := message.ReadFrom(from); err != nil {
			return
		}
		if kind == websocket.MessageBinary {
			err = conn.Write(r.Context(), kind, message.Bytes())
		} else {
			err = answerPlain(r.Context(), conn, message.Bytes())
		}
		if err != nil {
			return
		}
	}
}

func answerPlain(ctx context.Context, conn *websocket.Conn, message []byte) error {
	var call plainCall
	if err := json.Unmarshal(message, &call); err != nil {
		return err
	}
	answer := plainAnswer{call.ID, call.Args}
	switch {
	case call.Events > 0:
		return call.send(ctx, func(t tick) error { return wsjson.Write(ctx, conn, t) })
	case call.Stream > 0:
		err := inChunks(call.Stream, func(chunk []byte) error { return conn.Write(ctx, websocket.MessageBinary, chunk) })
		if err != nil {
			return err
		}
	case call.Clock:
		answer.Result = time.Now().UnixMicro()
	}
	return wsjson.Write(ctx, conn, answer)
}
