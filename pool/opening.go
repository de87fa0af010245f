package pool

import (
	"context"
	"net"
	"slices"
	"time"

	"golang.org/x/crypto/ssh"
)

// An opening is a session channel that the server was asked for.
type opening struct {
	done chan struct{} // closed when the rest is final
	ch   ssh.Channel
	reqs <-chan *ssh.Request
	err  error
}

// open asks the server for a channel, after what is closed then, unless that is
// nil; c.mu is held.
func (c *conn) open(after <-chan struct{}, kind string, extra []byte) *opening {
	o := &opening{done: make(chan struct{})}
	if c.buried {
		o.err = net.ErrClosed
		close(o.done)
		return o
	}
	c.openers.Go(func() { // ends with the server's answer or with the connection
		defer close(o.done)
		if after != nil {
			select {
			case <-after:
			case <-c.ended:
			}
		}
		start := time.Now()
		o.ch, o.reqs, o.err = c.ssh.OpenChannel(kind, extra)
		if o.err == nil && kind == "session" { // others wait for what the host connects to
			c.roundTrip(time.Since(start))
		}
	})
	return o
}

// session returns a session channel, opened ahead where there is one. That a
// channel was refused ahead of need says nothing about now.
func (c *conn) session(ctx context.Context) (ssh.Channel, <-chan *ssh.Request, error) {
	for {
		o, ahead := c.opening()
		select {
		case <-o.done:
		case <-ctx.Done():
			go o.discard()
			return nil, nil, context.Cause(ctx)
		case <-c.ended:
			go o.discard()
			return nil, nil, net.ErrClosed
		}
		if !ahead || !isSessionLimit(o.err) {
			return o.ch, o.reqs, o.err
		}
		c.mu.Lock()
		c.scarce = true
		c.mu.Unlock()
	}
}

// opening is the first of the channels opened ahead, or a new one.
func (c *conn) opening() (o *opening, ahead bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.ahead) == 0 {
		return c.open(nil, "session", nil), false
	}
	o = c.ahead[0]
	c.ahead = slices.Delete(c.ahead, 0, 1)
	return o, true
}

// discard closes a channel that came too late for its caller.
func (o *opening) discard() {
	<-o.done
	if o.err == nil {
		go ssh.DiscardRequests(o.reqs)
		_ = o.ch.Close()
	}
}

// openNext asks for the session channel of the next command with the packet that
// comes next, which begins a command: the two are one write, and the server answers
// before it is needed. begun is to be called when the server has answered to the
// command.
func (c *conn) openNext() (begun func()) {
	c.site.mu.Lock()
	room := c.active <= 1 && c.limit >= severalMin
	c.site.mu.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	if !room || c.scarce || len(c.ahead) > 0 {
		return func() {}
	}
	waits := make(chan struct{})
	c.ahead = append(c.ahead, c.open(waits, "session", nil))
	return c.wire.follow(waits)
}

// openAhead asks for the next session channel now, where none is open ahead.
func (c *conn) openAhead() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.ahead) == 0 {
		c.ahead = append(c.ahead, c.open(nil, "session", nil))
	}
}

// severalMin is how many sessions a connection has to have at least, so that one
// that nobody uses is in nobody's way while a command runs.
const severalMin = 5
