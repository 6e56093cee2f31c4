package core

import (
	"sync"
	"sync/atomic"
)

// workers are the goroutines that calls run in. One is kept for a while after
// its call, because its stack has grown by then: a fresh goroutine would copy
// its stack three or four times on the way through the pipeline, which was a
// quarter of a small call's time.
//
// A call never waits for a worker: where none is idle, there is a new one.
type workers struct {
	next chan *call // to an idle worker; unbuffered
	stop chan struct{}
	once sync.Once
	idle atomic.Int32
}

// maxIdleWorkers bounds what waits for nothing to do, some 16 KiB each.
const maxIdleWorkers = 64

func newWorkers() *workers {
	return &workers{next: make(chan *call), stop: make(chan struct{})}
}

// start runs c in another goroutine.
func (w *workers) start(c *call) {
	select {
	case w.next <- c:
	default:
		go w.work(c)
	}
}

// retire ends the idle ones, and the others after their call.
func (w *workers) retire() { w.once.Do(func() { close(w.stop) }) }

func (w *workers) work(c *call) {
	for {
		c.serve()
		c = nil // nothing of it is kept while idle
		if w.idle.Add(1) > maxIdleWorkers {
			w.idle.Add(-1)
			return
		}
		select {
		case c = <-w.next:
			w.idle.Add(-1)
		case <-w.stop:
			return
		}
	}
}
