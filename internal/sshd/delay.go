package sshd

import (
	"net"
	"os"
	"sync"
	"time"
)

// Delay makes everything that l accepts oneWay away: bytes arrive that much
// later in each direction, at full speed, so that the round trips of a client
// can be counted.
func Delay(l net.Listener, oneWay time.Duration) net.Listener {
	return &delayListener{l, oneWay}
}

type delayListener struct {
	net.Listener
	oneWay time.Duration
}

func (l *delayListener) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return DelayConn(nc, l.oneWay), nil
}

// DelayConn delays both directions of nc. It has no deadlines. Closing it lets
// what was written before arrive first.
func DelayConn(nc net.Conn, oneWay time.Duration) net.Conn {
	c := &delayConn{Conn: nc, out: newQueue(oneWay), in: newQueue(oneWay)}
	go c.send()    // ends with Close, or a failed write
	go c.receive() // ends when nc does
	return c
}

type delayConn struct {
	net.Conn
	out, in *queue
}

func (c *delayConn) Write(p []byte) (int, error) {
	return c.out.put(append([]byte(nil), p...), nil)
}

func (c *delayConn) Read(p []byte) (int, error) { return c.in.take(p) }

func (c *delayConn) Close() error {
	_, _ = c.out.put(nil, net.ErrClosed)
	c.in.abandon(net.ErrClosed)
	// The other side may not be reading: what is on the way is not waited for
	// for ever.
	_ = c.Conn.SetWriteDeadline(time.Now().Add(c.out.delay + time.Second))
	return nil
}

func (c *delayConn) SetDeadline(time.Time) error      { return os.ErrNoDeadline }
func (c *delayConn) SetReadDeadline(time.Time) error  { return os.ErrNoDeadline }
func (c *delayConn) SetWriteDeadline(time.Time) error { return os.ErrNoDeadline }

func (c *delayConn) send() {
	defer c.Conn.Close()
	buf := make([]byte, bufferSize)
	for {
		n, err := c.out.take(buf)
		if n > 0 {
			if _, err := c.Conn.Write(buf[:n]); err != nil {
				c.out.abandon(err)
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (c *delayConn) receive() {
	buf := make([]byte, bufferSize)
	for {
		n, err := c.Conn.Read(buf)
		if _, full := c.in.put(append([]byte(nil), buf[:n]...), err); err != nil || full != nil {
			return
		}
	}
}

// queueLimit holds back a sender: more than the bandwidth-delay product of any
// loopback test, less than what hurts.
const queueLimit = 16 << 20

// A queue gives bytes back after a fixed time.
type queue struct {
	delay time.Duration
	ended chan struct{} // closed by abandon; wakes a taker that waits for its time

	mu    sync.Mutex // guards what is below
	wake  *sync.Cond
	parts []part
	size  int
	over  error // nothing more is taken in
	lost  error // nothing more is given out
}

type part struct {
	due  time.Time
	data []byte
	err  error
}

func newQueue(delay time.Duration) *queue {
	q := &queue{delay: delay, ended: make(chan struct{})}
	q.wake = sync.NewCond(&q.mu)
	return q
}

// put appends data, and after it err, the end.
func (q *queue) put(data []byte, err error) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.size > queueLimit && q.over == nil && err == nil {
		q.wake.Wait()
	}
	if q.over != nil {
		return 0, q.over
	}
	if len(data) == 0 && err == nil {
		return 0, nil
	}
	if err != nil {
		q.over = err
	}
	q.parts = append(q.parts, part{time.Now().Add(q.delay), data, err})
	q.size += len(data)
	q.wake.Broadcast()
	return len(data), nil
}

// take waits for the next bytes and their time.
func (q *queue) take(p []byte) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.parts) == 0 && q.lost == nil {
		q.wake.Wait()
	}
	for q.lost == nil {
		wait := time.Until(q.parts[0].due)
		if wait <= 0 {
			break
		}
		q.mu.Unlock()
		q.rest(wait)
		q.mu.Lock()
	}
	if q.lost != nil {
		return 0, q.lost
	}
	first := &q.parts[0]
	n := copy(p, first.data)
	first.data = first.data[n:]
	q.size -= n
	q.wake.Broadcast()
	if len(first.data) > 0 || first.err != nil && n > 0 {
		return n, nil
	}
	if err := first.err; err != nil {
		return n, err
	}
	q.parts = q.parts[1:]
	return n, nil
}

func (q *queue) rest(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-q.ended:
	}
}

// abandon ends both sides at once.
func (q *queue) abandon(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.lost != nil {
		return
	}
	q.lost = err
	if q.over == nil {
		q.over = err
	}
	close(q.ended)
	q.wake.Broadcast()
}
