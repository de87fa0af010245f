package agent

import (
	"context"
	"crypto/rand"
	"errors"
	"net"
	"sync"

	"fleet/transport"
)

// Links and listeners live with the operation that made them. Others work on them,
// and name them by a token that cannot be guessed.

// lent holds the links and listeners by their tokens.
type lent struct {
	mu     sync.Mutex
	things map[string]any // guarded by mu
}

// add lends thing until the function it returns is called.
func (l *lent) add(thing any) (token string, remove func()) {
	token = rand.Text()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.things == nil {
		l.things = map[string]any{}
	}
	l.things[token] = thing
	return token, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.things, token)
	}
}

// find is what has the token; nil where that is no more.
func (l *lent) find(token string) any {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.things[token]
}

// over is the error of an operation on something that has ended.
func (o *operation) over(op string) error {
	return &transport.Error{Op: op, Host: o.request.target.Label(), Kind: transport.KindLost, Err: net.ErrClosed, Stopped: true}
}

// listen is the handler of opListen.
func (o *operation) listen() (transport.Status, error) {
	ln, err := o.server.cfg.Transport.Listen(o.ctx, o.request.target, o.request.network, o.request.addr)
	if err != nil {
		return transport.Status{}, err
	}
	return o.holdListener(ln, nil)
}

// holdListener lends ln until the client gives it up, or over is closed.
func (o *operation) holdListener(ln net.Listener, over <-chan struct{}) (transport.Status, error) {
	token, remove := o.server.lent.add(ln)
	defer remove()
	m := opened{token: token, local: addressOf(ln.Addr())}
	o.message(frameReady, m.walk)
	select {
	case <-o.ctx.Done():
	case <-over:
	}
	return transport.Status{}, ln.Close()
}

// accept is the handler of opAccept. It waits no longer than its listener lives,
// which ends with the client.
func (o *operation) accept() (transport.Status, error) {
	ln, ok := o.server.lent.find(o.request.token).(net.Listener)
	if !ok {
		return transport.Status{}, net.ErrClosed
	}
	host, err := ln.Accept()
	return o.pass(host, err)
}

// connect is the handler of opConnect.
func (o *operation) connect() (transport.Status, error) {
	l, err := o.server.cfg.Transport.Connect(o.ctx, o.request.target)
	if err != nil {
		return transport.Status{}, err
	}
	defer func() { _ = l.Close() }()
	token, remove := o.server.lent.add(l)
	defer remove()
	m := opened{token: token}
	o.message(frameReady, m.walk)
	select {
	case <-l.Done():
		return transport.Status{}, l.Err()
	case <-o.ctx.Done():
	}
	if errors.Is(context.Cause(o.ctx), errStopping) {
		return transport.Status{}, &transport.Error{Op: "link", Host: o.request.target.Label(), Kind: transport.KindLost, Err: errStopping, Stopped: true}
	}
	return transport.Status{}, l.Close()
}

func (o *operation) link() (transport.Link, bool) {
	l, ok := o.server.lent.find(o.request.token).(transport.Link)
	return l, ok
}

// linkDial is the handler of opLinkDial.
func (o *operation) linkDial() (transport.Status, error) {
	l, ok := o.link()
	if !ok {
		return transport.Status{}, o.over("dial")
	}
	host, err := l.Dial(o.ctx, o.request.network, o.request.addr)
	return o.pass(host, err)
}

// linkListen is the handler of opLinkListen.
func (o *operation) linkListen() (transport.Status, error) {
	l, ok := o.link()
	if !ok {
		return transport.Status{}, o.over("listen")
	}
	ln, err := l.Listen(o.ctx, o.request.network, o.request.addr)
	if err != nil {
		return transport.Status{}, err
	}
	return o.holdListener(ln, l.Done())
}

// linkPing is the handler of opLinkPing.
func (o *operation) linkPing() (transport.Status, error) {
	l, ok := o.link()
	if !ok {
		return transport.Status{}, o.over("ping")
	}
	return transport.Status{}, l.Ping(o.ctx)
}
