package pool

import (
	"context"
	"fmt"
	"net"
	"syscall"

	"fleet/transport"
)

// reach opens the byte stream to the target: directly, through the last host
// of the jump chain, or by a proxy command.
func (d *dialing) reach(ctx context.Context) (net.Conn, error) {
	t := d.target
	switch {
	case t.Proxy != "":
		d.trace.step("proxy", t.Proxy)
		return startProxy(t.Proxy, d.caller)
	case len(t.Jump) > 0:
		return d.reachThrough(ctx)
	}
	network := t.Link.Family
	if network == "" {
		network = "tcp"
	}
	var dialer net.Dialer
	if t.Link.Keepalive >= 0 {
		dialer.KeepAlive = -1 // SSH's own probes find more, and sooner
	}
	if d.trace != nil {
		dialer.Control = func(_, addr string, _ syscall.RawConn) error {
			d.trace.address(t.Address, addr)
			return nil
		}
	}
	nc, err := dialer.DialContext(ctx, network, t.Addr())
	if err == nil && d.trace != nil {
		d.trace.step("tcp", fmt.Sprintf("connected from %s to %s", nc.LocalAddr(), nc.RemoteAddr()))
	}
	return nc, err
}

// reachThrough opens a forwarded channel on the connection to the last jump
// host, which all hosts behind it share. A jump host that could not be reached
// fails them all, for a while, without another try.
func (d *dialing) reachThrough(ctx context.Context) (net.Conn, error) {
	chain := d.target.Jump
	hop := chain[len(chain)-1]
	if len(chain) > 1 {
		hop.Jump = chain[:len(chain)-1]
	}
	s, err := d.pool.site(&hop)
	if err != nil {
		return nil, err
	}
	l, err := s.leaseJump(ctx, &hop)
	if err != nil {
		if at, dialing := s.dialPhase(); dialing && ctx.Err() != nil { // its limit is ours, and ours was first
			err = fmt.Errorf("%s: %w", at, err)
		}
		return nil, d.behind(&hop, err)
	}
	d.parent = l
	nc, err := l.dial(ctx, "tcp", d.target.Addr())
	if err != nil {
		if ctx.Err() != nil {
			err = fmt.Errorf("it got no answer from %s: %w", d.target.Addr(), err)
		}
		return nil, d.behind(&hop, err)
	}
	nc.conn = nil // the wire over it takes every end for a loss
	d.trace.step("jump", fmt.Sprintf("channel through %s to %s", hop.Label(), d.target.Addr()))
	return nc, nil
}

// behind is the failure of a host that a jump host stands in front of.
func (d *dialing) behind(hop *transport.Target, err error) error {
	kind := transport.KindOf(err)
	if kind != transport.KindCanceled {
		kind = transport.KindUnreachable
	}
	e := &transport.Error{Op: "connect", Host: d.target.Label(), Kind: kind, Stopped: true, Hint: hintFrom(err)}
	e.Err = fmt.Errorf("via %s: %w", hop.Label(), withoutHost(err))
	return e
}
