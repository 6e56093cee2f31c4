package bench

import (
	"context"
	"time"

	"github.com/sallyport/sallyport/core"
)

// streamChunk is an item of the streams, as core.Writer makes them.
const streamChunk = 256 << 10

// A streamSize is how much the page wants of a stream.
type streamSize struct {
	Bytes int `json:"bytes"`
}

func serveStream(_ context.Context, size streamSize, s *core.Channel[core.None, []byte]) (struct{}, error) {
	return struct{}{}, inChunks(size.Bytes, func(chunk []byte) error {
		_, err := core.Writer(s).Write(chunk)
		return err
	})
}

// inChunks sends so many bytes.
func inChunks(bytes int, send func(chunk []byte) error) error {
	chunk := make([]byte, streamChunk)
	for ; bytes > 0; bytes -= len(chunk) {
		if err := send(chunk[:min(bytes, len(chunk))]); err != nil {
			return err
		}
	}
	return nil
}

// A ticking is how many events the page wants, and how quickly.
type ticking struct {
	Events    int `json:"events"`
	PerSecond int `json:"perSecond"`
}

// A tick is an event: when it was emitted, in microseconds of Unix time.
type tick struct {
	At int64 `json:"at"`
}

// send emits the events, at each millisecond those that are due.
func (t ticking) send(ctx context.Context, emit func(tick) error) error {
	due := time.NewTicker(time.Millisecond)
	defer due.Stop()
	began := time.Now()
	for sent := 0; sent < t.Events; {
		for n := min(t.Events, int(time.Since(began).Seconds()*float64(t.PerSecond))); sent < n; sent++ {
			if err := emit(tick{time.Now().UnixMicro()}); err != nil {
				return err
			}
		}
		select {
		case <-due.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
