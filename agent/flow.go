package agent

import (
	"io"
	"sync"
)

// window is how many bytes may travel towards a host that have not been read there:
// so many may be sent before the first frameCredit.
const window = 256 << 10

// An inflow is what arrived in frameData and was not read yet. Whoever puts never
// waits. It is a Reader; one goroutine reads.
type inflow struct {
	grant func(n int) // tells the other side that n bytes more may come

	mu     sync.Mutex
	filled *sync.Cond
	held   []byte // not read yet, from at on
	at     int
	owed   int   // read, and not granted yet
	left   int   // that may still come
	err    error // what Read returns after held; nil while more may come
	closed bool  // nobody reads any more
}

func newInflow(grant func(int)) *inflow {
	f := &inflow{grant: grant, left: window}
	f.filled = sync.NewCond(&f.mu)
	return f
}

// put takes the bytes of a frame. It reports whether there was credit for them.
func (f *inflow) put(p []byte) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.left -= len(p); f.left < 0 {
		return false
	}
	if f.closed || f.err != nil {
		return true
	}
	if f.at > 0 && len(f.held)+len(p) > cap(f.held) {
		f.held = f.held[:copy(f.held, f.held[f.at:])]
		f.at = 0
	}
	f.held = append(f.held, p...)
	f.filled.Signal()
	return true
}

// end says that no more comes, and why. The first reason counts.
func (f *inflow) end(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err == nil {
		f.err = err
		f.filled.Broadcast()
	}
}

// Read waits for bytes, and grants what was read in steps of a quarter of the
// window.
func (f *inflow) Read(p []byte) (int, error) {
	f.mu.Lock()
	for f.at == len(f.held) && f.err == nil && !f.closed && len(p) > 0 {
		f.filled.Wait()
	}
	if f.closed {
		f.mu.Unlock()
		return 0, io.ErrClosedPipe
	}
	n := copy(p, f.held[f.at:])
	if f.at += n; f.at == len(f.held) {
		f.held, f.at = f.held[:0], 0
	}
	var err error
	if n == 0 && len(p) > 0 {
		err = f.err
	}
	grant := 0
	if f.owed += n; f.owed >= window/4 && f.err == nil {
		grant, f.owed = f.owed, 0
		f.left += grant
	}
	f.mu.Unlock()
	if grant > 0 {
		f.grant(grant)
	}
	return n, err
}

// Close makes Read fail; what still comes is dropped, and gets no more credit.
func (f *inflow) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed, f.held = true, nil
	f.at = 0
	f.filled.Broadcast()
	return nil
}

// A credit is how many bytes may be sent.
type credit struct {
	mu    sync.Mutex
	more  *sync.Cond
	n     int
	ended bool
}

func newCredit() *credit {
	c := &credit{n: window}
	c.more = sync.NewCond(&c.mu)
	return c
}

// take waits for credit and takes at most n of it. It returns 0 when the operation
// has ended.
func (c *credit) take(n int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.n == 0 && !c.ended {
		c.more.Wait()
	}
	if c.ended {
		return 0
	}
	n = min(n, c.n)
	c.n -= n
	return n
}

// add gives n bytes more, but never more than the window.
func (c *credit) add(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n += min(n, window-c.n)
	c.more.Broadcast()
}

func (c *credit) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	c.more.Broadcast()
}
