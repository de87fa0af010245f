package credential

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// listPatience is how long an agent may take to list its keys. It does so at
// once, unless it is hung, or waits for the user to confirm something else.
const listPatience = 5 * time.Second

// An agentKey is one key that an agent holds.
type agentKey struct {
	key     *publicKey
	comment string
}

// A keyAgent is one agent, with one connection that all logins share. The
// connection is made again when it has ended. An agent cannot be interrupted:
// who gives up leaves, and the call ends when the agent answers or the
// connection is closed.
type keyAgent struct {
	socket string
	calls  sync.WaitGroup // calls that still run; waited for by close

	mu     sync.Mutex
	closed bool
	conn   *agentConn
	list   *listing // the last one
	old    bool     // the next one lists anew, however short ago the last time was
}

// renew has the keys listed again with their next use.
func (a *keyAgent) renew() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.old = true
}

// hangUp ends the connection. What runs on it is tried again on a new one.
func (a *keyAgent) hangUp() {
	a.mu.Lock()
	c := a.conn
	a.mu.Unlock()
	if c != nil && !c.dead.Swap(true) {
		_ = c.Close()
	}
}

// idleAfter is how long the connection to an agent that nobody asks is kept. The
// sockets of sessions come and go, and a resident process lives on.
const idleAfter = 10 * time.Minute

// idle reports whether nobody has asked the agent for long.
func (a *keyAgent) idle() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.conn != nil && !a.conn.dead.Load() && a.list != nil && isDone(a.list.done) && time.Since(a.list.when) > idleAfter
}

// A listing is one request for the keys, perhaps under way.
type listing struct {
	done chan struct{} // closed when keys and err are set
	keys []agentKey
	err  error
	when time.Time
}

// An agentConn notes when the connection ends: x/crypto does not tell that
// from a refusal.
type agentConn struct {
	io.ReadWriteCloser
	client agent.ExtendedAgent
	dead   atomic.Bool
}

func (c *agentConn) Read(p []byte) (int, error) {
	n, err := c.ReadWriteCloser.Read(p)
	if err != nil {
		c.dead.Store(true)
	}
	return n, err
}

var errClosed = errors.New("the store is closed")

// connect returns the connection, a new one where there is none that lives.
func (a *keyAgent) connect(ctx context.Context) (*agentConn, error) {
	a.mu.Lock()
	c, closed := a.conn, a.closed
	a.mu.Unlock()
	if closed {
		return nil, errClosed
	}
	if c != nil && !c.dead.Load() {
		return c, nil
	}
	rw, err := dialAgent(ctx, a.socket)
	if err != nil {
		return nil, err
	}
	fresh := &agentConn{ReadWriteCloser: rw}
	fresh.client = agent.NewClient(fresh)

	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		_ = fresh.Close()
		return nil, errClosed
	}
	if a.conn != nil && a.conn != c && !a.conn.dead.Load() {
		_ = fresh.Close() // somebody else was faster
		return a.conn, nil
	}
	if c != nil {
		_ = c.Close()
	}
	a.conn = fresh
	return fresh, nil
}

// call calls f with a connection that lives, and returns early when ctx ends.
func call[T any](ctx context.Context, a *keyAgent, f func(agent.ExtendedAgent) (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	a.mu.Lock()
	if a.closed {
		a.mu.Unlock()
		var zero T
		return zero, errClosed
	}
	a.calls.Add(1) // under a.mu: close does not wait before it has set closed
	a.mu.Unlock()
	go func() {
		defer a.calls.Done()
		var r result
		for range 2 {
			var c *agentConn
			if c, r.err = a.connect(ctx); r.err != nil {
				break
			}
			if r.value, r.err = f(c.client); r.err == nil || !c.dead.Load() {
				break
			}
		}
		done <- r
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		var zero T
		return zero, context.Cause(ctx)
	}
}

// keys lists the keys, at most once a second for all who ask. Where the agent
// does not answer, what it said before is used.
func (a *keyAgent) keys(ctx context.Context) ([]agentKey, error) {
	a.mu.Lock()
	l := a.list
	if l == nil || isDone(l.done) && (a.old || time.Since(l.when) >= checkEvery) {
		if a.closed {
			a.mu.Unlock()
			return nil, errClosed
		}
		last := l
		l = &listing{done: make(chan struct{})}
		a.list, a.old = l, false
		a.calls.Add(1)
		go func() { // ends with listPatience, or when a is closed
			defer a.calls.Done()
			a.fetch(ctx, l, last)
		}()
	}
	a.mu.Unlock()
	select {
	case <-l.done:
		return l.keys, l.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// fetch fills a listing.
func (a *keyAgent) fetch(ctx context.Context, l, last *listing) {
	defer close(l.done)
	// The patience of one login does not bound what others wait for, too.
	ctx, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), listPatience, fmt.Errorf("no answer in %v", listPatience))
	defer cancel()
	raw, err := call(ctx, a, agent.ExtendedAgent.List)
	l.when = time.Now()
	if err != nil {
		l.err = err
		if last != nil && ctx.Err() != nil {
			l.keys, l.err = last.keys, last.err
		}
		return
	}
	for _, k := range raw {
		// Keys of a type that x/crypto does not know are of no use here.
		if pub, err := ssh.ParsePublicKey(k.Blob); err == nil {
			l.keys = append(l.keys, agentKey{newPublicKey(pub), k.Comment})
		}
	}
}

func isDone(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// sign has the agent sign, which may take as long as the user takes to confirm.
func (a *keyAgent) sign(ctx context.Context, key agentKey, data []byte, algorithm string) (*ssh.Signature, error) {
	var flags agent.SignatureFlags
	switch algorithm {
	case ssh.KeyAlgoRSASHA256:
		flags = agent.SignatureFlagRsaSha256
	case ssh.KeyAlgoRSASHA512:
		flags = agent.SignatureFlagRsaSha512
	}
	pub := &agent.Key{Format: key.key.Type(), Blob: []byte(key.key.blob)}
	return call(ctx, a, func(c agent.ExtendedAgent) (*ssh.Signature, error) {
		return c.SignWithFlags(pub, data, flags)
	})
}

// close ends the connection, and so every call that still runs.
func (a *keyAgent) close() error {
	a.mu.Lock()
	a.closed = true
	c := a.conn
	a.mu.Unlock()
	var err error
	if c != nil && !c.dead.Load() {
		err = c.Close()
	}
	a.calls.Wait()
	return err
}
