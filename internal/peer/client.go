package peer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/sallyport/sallyport/isolation"
)

// An Error is the core's answer to a call that did not succeed.
type Error struct {
	Code    string `json:"code"`
	ID      string `json:"id"`
	Message string `json:"message"`
}

// Error implements error.
func (e *Error) Error() string { return fmt.Sprintf("%s (%s) %s", e.Code, e.ID, e.Message) }

// ErrClosed is the answer to a call whose session ended under it.
var ErrClosed = errors.New("peer: session is over")

// A Client makes calls over a Peer, as a page would through its frame. It is
// safe for concurrent use.
type Client struct {
	Peer *Peer
	// Session is the core's side; nil for one made by Dial.
	Session *isolation.Session

	send func(frame []byte) error
	stop func()

	mu      sync.Mutex
	last    uint32
	waiting map[uint32]chan Answer
	streams map[uint32]func(Answer)
	renewed chan struct{} // while new keys are under way: closed by their ready
	ready   chan struct{}
	once    sync.Once
	over    chan struct{}
	ended   sync.Once
}

func newClient(p *Peer) *Client {
	return &Client{Peer: p, waiting: map[uint32]chan Answer{}, streams: map[uint32]func(Answer){}, ready: make(chan struct{}), over: make(chan struct{})}
}

// Connect makes a session inside this process.
func Connect(g *isolation.Gate, window string) (*Client, error) {
	offer, err := g.Offer(window, isolation.Direct)
	if err != nil {
		return nil, err
	}
	p, hello, err := New(offer.Handshake())
	if err != nil {
		return nil, err
	}
	c := newClient(p)
	frames := make(chan []byte, 64) // the link must not run into deliver under its own locks
	done := make(chan struct{})
	c.stop = sync.OnceFunc(func() { close(done) })
	session, err := offer.Accept(hello, func(frame []byte) error {
		select {
		case frames <- frame:
			return nil
		case <-done:
			return ErrClosed
		}
	})
	if err != nil {
		return nil, err
	}
	c.Session = session
	c.send = func(frame []byte) error {
		if !session.Deliver(frame) {
			return ErrFrame
		}
		return nil
	}
	go func() {
		for {
			select {
			case frame := <-frames:
				c.receive(frame)
			case <-done:
				c.end()
				return
			}
		}
	}()
	return c, c.awaitReady()
}

// Dial makes a session over the handshake's socket, as a frame does.
func Dial(ctx context.Context, h isolation.Handshake, options *websocket.DialOptions) (*Client, error) {
	p, hello, err := New(h)
	if err != nil {
		return nil, err
	}
	conn, _, err := websocket.Dial(ctx, h.Socket, options)
	if err != nil {
		return nil, fmt.Errorf("peer: %w", err)
	}
	conn.SetReadLimit(int64(h.MaxFrame))
	c := newClient(p)
	c.stop = func() { _ = conn.CloseNow() } // closed either way
	c.send = func(frame []byte) error {
		return conn.Write(context.Background(), websocket.MessageBinary, frame)
	}
	if err := c.send(hello); err != nil {
		c.stop()
		return nil, fmt.Errorf("peer: %w", err)
	}
	go func() {
		defer c.end()
		for {
			_, frame, err := conn.Read(context.Background())
			if err != nil {
				return
			}
			c.receive(frame)
		}
	}()
	return c, c.awaitReady()
}

func (c *Client) awaitReady() error {
	select {
	case <-c.ready:
		return nil
	case <-c.over:
		return ErrClosed
	case <-time.After(10 * time.Second):
		c.stop()
		return errors.New("peer: no ready from the core within 10s")
	}
}

// receive handles one frame of the core as the frame runtime does.
func (c *Client) receive(frame []byte) {
	t, plain, err := c.Peer.Open(frame)
	if err != nil {
		c.stop()
		return
	}
	switch t {
	case isolation.TypeReady:
		c.once.Do(func() { close(c.ready) })
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.renewed != nil {
			close(c.renewed)
			c.renewed = nil
		}
	case isolation.TypePing:
		if c.lock() == nil {
			defer c.mu.Unlock()
			_ = c.send(c.Peer.Seal(isolation.TypePong, nil)) // a dead socket shows in the reader
		}
	case isolation.TypeRekey:
		c.mu.Lock()
		defer c.mu.Unlock()
		c.renewed = make(chan struct{})
		rekeyed, err := c.Peer.Rekeyed(plain)
		if err != nil {
			c.stop()
			return
		}
		_ = c.send(rekeyed) // as above
	case isolation.TypeBatch:
		answers, err := Answers(plain)
		if err != nil {
			c.stop()
			return
		}
		for _, a := range answers {
			c.mu.Lock()
			to, stream := c.waiting[a.ID], c.streams[a.ID]
			if a.Kind <= Failure {
				delete(c.waiting, a.ID)
			}
			c.mu.Unlock()
			switch {
			case a.Kind > Failure && stream != nil:
				stream(a)
			case a.Kind <= Failure && to != nil:
				to <- a
			}
		}
	case isolation.TypeBye:
		c.end()
	}
}

func (c *Client) end() { c.ended.Do(func() { close(c.over) }) }

// Over is closed when the session has ended or its carrier has broken.
func (c *Client) Over() <-chan struct{} { return c.over }

// Close drops the carrier without a word.
func (c *Client) Close() { c.stop() }

// Call makes one call and waits for its answer: the result's JSON, an *Error
// of the core, ErrClosed, or the context's error.
func (c *Client) Call(ctx context.Context, command string, args []byte) ([]byte, error) {
	answer, err := c.Start(command, args)
	if err != nil {
		return nil, err
	}
	return c.Await(ctx, answer)
}

// Start sends a call and returns where its answer will arrive.
func (c *Client) Start(command string, args []byte) (<-chan Answer, error) {
	answers, err := c.StartBatch([]string{command}, [][]byte{args})
	if err != nil {
		return nil, err
	}
	return answers[0], nil
}

// StartBatch sends calls as one batch.
func (c *Client) StartBatch(commands []string, args [][]byte) ([]<-chan Answer, error) {
	if err := c.lock(); err != nil {
		return nil, err
	}
	defer c.mu.Unlock() // sealed and sent in one order
	var plain []byte
	answers := make([]<-chan Answer, len(commands))
	for i, command := range commands {
		c.last++
		to := make(chan Answer, 1)
		c.waiting[c.last], answers[i] = to, to
		plain = AppendCall(plain, c.last, 0, command, args[i])
	}
	if err := c.send(c.Peer.Seal(isolation.TypeBatch, plain)); err != nil {
		return nil, err
	}
	return answers, nil
}

// Request sends what build makes of the next id, and hands what the core streams
// under that id to stream, in the client's own goroutine, until the client is
// closed; nil throws it away.
func (c *Client) Request(build func(id uint32) []byte, stream func(Answer)) (id uint32, answer <-chan Answer, err error) {
	if err := c.lock(); err != nil {
		return 0, nil, err
	}
	defer c.mu.Unlock()
	c.last++
	to := make(chan Answer, 1)
	c.waiting[c.last] = to
	if stream != nil {
		c.streams[c.last] = stream
	}
	return c.last, to, c.send(c.Peer.Seal(isolation.TypeBatch, build(c.last)))
}

// lock takes mu when no change of keys is under way: between rekeyed and ready
// a frame says nothing.
func (c *Client) lock() error {
	for {
		c.mu.Lock()
		renewed := c.renewed
		if renewed == nil {
			return nil
		}
		c.mu.Unlock()
		select {
		case <-renewed:
		case <-c.over:
			return ErrClosed
		}
	}
}

// Send seals items as a batch and sends it as it is.
func (c *Client) Send(items []byte) error {
	if err := c.lock(); err != nil {
		return err
	}
	defer c.mu.Unlock()
	return c.send(c.Peer.Seal(isolation.TypeBatch, items))
}

// SendFrame sends a frame as it is.
func (c *Client) SendFrame(frame []byte) error { return c.send(frame) }

// LastID is the id of the newest call.
func (c *Client) LastID() uint32 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last
}

// Await waits for an answer that Start promised.
func (c *Client) Await(ctx context.Context, answer <-chan Answer) ([]byte, error) {
	select {
	case a := <-answer:
		return a.result()
	case <-c.over:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	select {
	case a := <-answer: // it came before the end
		return a.result()
	default:
		return nil, ErrClosed
	}
}

func (a Answer) result() ([]byte, error) {
	if !a.Failed {
		return a.JSON, nil
	}
	e := new(Error)
	if err := json.Unmarshal(a.JSON, e); err != nil {
		return nil, fmt.Errorf("peer: error item is not an error: %w", err)
	}
	return nil, e
}
