package demo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/coder/websocket"

	"github.com/sallyport/sallyport/isolation"
)

// knockWithin bounds one attempt.
const knockWithin = 5 * time.Second

// knock does what a sandboxed frame of some other site can do, which the
// page's policy does not even let the page try: it calls the binding, and
// opens the core's socket, with the origin null, and guesses a hello.
func (d *demo) knock(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, knockWithin)
	defer cancel()
	if err := d.knockPlain(ctx); err != nil {
		return fmt.Errorf("demo: the unprotected side can't be reached: %w", err)
	}
	return d.knockSocket(ctx)
}

func (d *demo) knockPlain(ctx context.Context) error {
	path := d.plain.folder + "/backup.db"
	body := fmt.Sprintf(`{"method":"files.remove","args":{"path":%q}}`, path)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, d.binding.origin+"/call", strings.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Origin", "null")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	return answer.Body.Close()
}

// knockSocket sends a hello of the right form with guesses in place of what
// only a genuine frame has, and returns nil when the core has hung up on it.
func (d *demo) knockSocket(ctx context.Context) error {
	address := "ws" + strings.TrimPrefix(d.loopback.FrameOrigin(), "http") + "/socket"
	conn, _, err := websocket.Dial(ctx, address, &websocket.DialOptions{
		HTTPHeader: http.Header{"Origin": {"null"}},
		HTTPClient: &http.Client{Transport: &http.Transport{DialContext: dialLocalhost}},
	})
	if err != nil {
		return fmt.Errorf("demo: the core's socket can't be reached: %w", err)
	}
	defer conn.CloseNow()
	hello := make([]byte, isolation.HeaderSize, 256)
	hello[0], hello[1] = isolation.Version, byte(isolation.TypeHello)
	guess := make([]byte, isolation.SessionIDSize+65+112) // session, enc, ciphertext
	rand.Read(guess)
	guess[isolation.SessionIDSize] = 4 // an uncompressed point
	d.turnstile.timed(func() {
		if err = conn.Write(ctx, websocket.MessageBinary, append(hello, guess...)); err != nil {
			err = fmt.Errorf("demo: the hello could not be sent: %w", err)
			return
		}
		_, answer, closed := conn.Read(ctx)
		switch {
		case closed == nil:
			err = fmt.Errorf("demo: the core answered a stranger with %d bytes", len(answer))
		case ctx.Err() != nil:
			err = errors.New("demo: the core left a stranger's socket open")
		}
	})
	return err
}

// dialLocalhost resolves every name to this machine, as browsers do below
// .localhost and Go does not.
func dialLocalhost(ctx context.Context, network, address string) (net.Conn, error) {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	return new(net.Dialer).DialContext(ctx, network, net.JoinHostPort("localhost", port))
}
