package agent

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"fleet/transport"
)

// A stream is two directions of bytes, each within credit of who takes them, so
// that neither side of the socket ever waits for a user who does not read. Each
// direction ends by itself: with frameEOF from who sends, with frameStop from who
// takes.

// flushTime is how long what a client wrote before it closed a stream may take to
// get to the host.
const flushTime = 10 * time.Second

// An opened says what a frameReady has to tell.
type opened struct {
	token         string // for the operations that belong to it
	local, remote address
}

func (m *opened) walk(x *codec) {
	x.text(&m.token)
	for _, a := range []*address{&m.local, &m.remote} {
		x.text(&a.network)
		x.text(&a.text)
	}
}

// An address is a net.Addr on the way.
type address struct{ network, text string }

func (a address) Network() string { return a.network }
func (a address) String() string  { return a.text }

func addressOf(a net.Addr) address {
	if a == nil {
		return address{}
	}
	return address{a.Network(), a.String()}
}

// restored is a of the type that the net package has for it.
func (a address) restored() net.Addr {
	switch a.network {
	case "tcp":
		if at, err := netip.ParseAddrPort(a.text); err == nil {
			return net.TCPAddrFromAddrPort(at)
		}
	case "unix":
		return &net.UnixAddr{Name: a.text, Net: "unix"}
	}
	return a
}

// openStream is the handler of opOpen.
func (o *operation) openStream() (transport.Status, error) {
	host, err := o.server.cfg.Transport.Open(o.ctx, o.request.target, o.request.subsystem)
	return o.pass(host, err)
}

// dialStream is the handler of opDial.
func (o *operation) dialStream() (transport.Status, error) {
	host, err := o.server.cfg.Transport.Dial(o.ctx, o.request.target, o.request.network, o.request.addr)
	return o.pass(host, err)
}

// pass moves bytes between the client and the host, until both directions have
// ended, or one of the two is gone.
func (o *operation) pass(host io.ReadWriteCloser, err error) (transport.Status, error) {
	if err != nil {
		return transport.Status{}, err
	}
	defer func() { _ = host.Close() }()
	unwatch := context.AfterFunc(o.ctx, func() {
		_ = o.conn.SetWriteDeadline(time.Now().Add(flushTime))
		_ = host.Close()
	})
	defer unwatch()
	var m opened
	if nc, ok := host.(net.Conn); ok {
		m.local, m.remote = addressOf(nc.LocalAddr()), addressOf(nc.RemoteAddr())
	}
	o.message(frameReady, m.walk)
	var up sync.WaitGroup
	ended := make(chan struct{})
	up.Go(func() { o.toHost(host, ended) }) // ends with the client, or with host
	if err = o.fromHost(host); err != nil {
		_ = host.Close()
		_ = o.in.Close()
	}
	close(ended)
	up.Wait()
	if errors.Is(context.Cause(o.ctx), errStopping) {
		err = &transport.Error{Op: "read", Host: o.request.target.Label(), Kind: transport.KindLost, Err: errStopping, Hint: hintLost, Sent: true}
	}
	return transport.Status{}, err
}

// passBuffer is how much is moved at a time.
const passBuffer = 32 << 10

// toHost writes what the client sends. Where the client closes the stream, what it
// sent before is delivered. ended is the end of the other direction.
func (o *operation) toHost(host io.ReadWriteCloser, ended <-chan struct{}) {
	buf := make([]byte, passBuffer)
	for {
		n, err := o.in.Read(buf)
		if n > 0 {
			_, failed := host.Write(buf[:n])
			if failed == nil {
				continue
			}
			_ = o.in.Close()
			_ = o.send(frameStop, func(x *codec) { x.failure(&failed) })
			break
		}
		if !errors.Is(err, io.EOF) {
			return
		}
		if half, ok := host.(interface{ CloseWrite() error }); ok && !o.isClosing() {
			_ = half.CloseWrite()
		}
		break
	}
	select {
	case <-o.closing:
		_ = host.Close()
	case <-o.ctx.Done():
	case <-ended:
	}
}

// isClosing reports whether the client has closed its end.
func (o *operation) isClosing() bool {
	select {
	case <-o.closing:
		return true
	default:
		return false
	}
}

// closeFrame is for frameClose: the client wants nothing more, and what it sent is
// to be delivered all the same.
func (o *operation) closeFrame() {
	if o.isClosing() {
		return
	}
	o.in.end(io.EOF)
	close(o.closing)
	late := time.AfterFunc(flushTime, func() { o.cancel(errGone) })
	context.AfterFunc(o.ctx, func() { late.Stop() })
}

// fromHost sends the client what the host sends. The end of the client is noticed
// elsewhere.
func (o *operation) fromHost(host io.Reader) error {
	buf := make([]byte, passBuffer)
	for {
		n, err := host.Read(buf)
		for p := buf[:n]; len(p) > 0; {
			m := o.credit.take(len(p))
			if m == 0 || o.write(frameData, p[:m]) != nil {
				return nil
			}
			p = p[m:]
		}
		switch {
		case err == io.EOF:
			_ = o.write(frameEOF, nil)
			return nil
		case err != nil:
			return err
		}
	}
}
