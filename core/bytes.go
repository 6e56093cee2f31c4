package core

import "io"

// chunk is how many bytes an item of a [Writer] has at most. Larger ones gain
// nothing, and keep what else the page is sent waiting.
const chunk = 256 << 10

// besideBytes is what an item of raw bytes has besides them, at most: what stands
// for them in its text, and their type and size.
const besideBytes = 128

// Reader reads the raw bytes that a page uploads, whatever pieces it sends them in.
// Its errors are those of Receive. It is not safe for concurrent use, and what
// it has not returned yet is lost to Receive.
func Reader[Out any](s *Channel[[]byte, Out]) io.Reader { return &byteReader{receive: s.Receive} }

type byteReader struct {
	receive func() ([]byte, error)
	rest    []byte // of the last item
}

// Read implements [io.Reader].
func (r *byteReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for len(r.rest) == 0 {
		item, err := r.receive()
		if err != nil {
			return 0, err
		}
		r.rest = item
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// WriteTo implements [io.WriterTo], so that [io.Copy] needs no memory of its own.
func (r *byteReader) WriteTo(w io.Writer) (total int64, err error) {
	for {
		if len(r.rest) > 0 {
			n, err := w.Write(r.rest)
			total += int64(n)
			if r.rest = r.rest[n:]; err != nil {
				return total, err
			}
		}
		if r.rest, err = r.receive(); err == io.EOF {
			return total, nil
		} else if err != nil {
			return total, err
		}
	}
}

// Writer sends raw bytes to the page: each Write at once, in items of at most 256
// KiB, and no more than the command's BinaryBytes. Its errors are those of Send.
// It may be used from many goroutines; each item is whole, a Write of several may be
// interspersed with others.
func Writer[In any](s *Channel[In, []byte]) io.Writer {
	w := &byteWriter{send: s.Send, most: chunk}
	if s.streams != nil {
		c := s.streams.call
		w.most = max(1, min(chunk, c.limits().BinaryBytes, c.session.app.itemRoom-besideBytes))
	}
	return w
}

type byteWriter struct {
	send func([]byte) error
	most int
}

// Write implements [io.Writer].
func (w *byteWriter) Write(p []byte) (n int, err error) {
	for len(p) > 0 {
		part := p[:min(len(p), w.most)]
		if err := w.send(part); err != nil {
			return n, err
		}
		n, p = n+len(part), p[len(part):]
	}
	return n, nil
}

// ReadFrom implements [io.ReaderFrom]: each item is what one Read of r brings, for
// which there is more room than [io.Copy] alone would give it.
func (w *byteWriter) ReadFrom(r io.Reader) (total int64, err error) {
	buffer := make([]byte, w.most)
	for {
		n, err := r.Read(buffer)
		if n > 0 {
			if err := w.send(buffer[:n]); err != nil {
				return total, err
			}
			total += int64(n)
		}
		if err == io.EOF {
			return total, nil
		} else if err != nil {
			return total, err
		}
	}
}
