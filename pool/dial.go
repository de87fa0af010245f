package pool

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"

	"fleet/pool/credential"
	"fleet/pool/hostkey"
	"fleet/transport"
)

// A dialing is one connection in the making. One limit of time covers all of it:
// TCP, banner, key exchange, login, and the repetitions after a server that was
// too busy.
type dialing struct {
	pool   *Pool
	target *transport.Target
	caller *transport.Caller // nil where nobody said so
	start  time.Time
	phase  *atomic.Int32 // a phase, for those who wait
	parent *lease        // on the jump host, for the connection to keep
	trace  *tracer       // nil without a trace
}

// A dialed is what a dial comes to: an authenticated connection that nobody
// serves yet.
type dialed struct {
	target *transport.Target
	ssh    ssh.Conn
	chans  <-chan ssh.NewChannel
	reqs   <-chan *ssh.Request
	wire   *wire
	parent *lease
	trace  *tracer // nil without a trace
}

// dial connects to t and logs in, or gives up when ctx ends. It keeps at up to
// date.
func (p *Pool) dial(ctx context.Context, t *transport.Target, at *atomic.Int32) (*dialed, error) {
	p.counts.dialing.Add(1)
	ln, err := p.tryDial(ctx, t, at)
	p.counts.dialing.Add(-1)
	p.counts.dialed(transport.KindOf(err))
	return ln, err
}

// serve has the files of host keys looked at again where caller comes after somebody
// else: what was just done with ssh-keygen must count.
func (p *Pool) serve(caller *transport.Caller) {
	if caller == nil {
		return
	}
	p.lifeMu.Lock()
	other := p.served != caller.ID || caller.ID == ""
	p.served = caller.ID
	p.lifeMu.Unlock()
	if other {
		p.cfg.HostKeys.Renew()
	}
}

// tryDial is dial, without the counting.
func (p *Pool) tryDial(ctx context.Context, t *transport.Target, at *atomic.Int32) (*dialed, error) {
	caller := transport.CallerOf(ctx)
	p.serve(caller)
	limit := connectTimeout(t)
	ctx, cancel := context.WithTimeoutCause(ctx, limit, &timedOut{limit})
	defer cancel()
	w := p.window(t.Addr())
	for try := 1; ; try++ {
		at.Store(int32(phaseTCP))
		d := &dialing{pool: p, target: t, caller: caller, start: time.Now(), phase: at, trace: p.newTracer(t)}
		ln, err := d.enter(ctx, w)
		congested := errors.Is(err, errCongested)
		if err == nil {
			d.connected()
			return ln, nil
		}
		if congested && backoff(ctx, try) == nil {
			continue
		}
		if congested || try > 1 && isLate(err) {
			err = &transport.Error{
				Op: "connect", Host: t.Label(), Kind: transport.KindUnreachable, Stopped: true,
				Err:  fmt.Errorf("%w, %d times in %s", errCongested, try, limit),
				Hint: "it may be overloaded (MaxStartups), or turn this address away",
			}
		}
		return nil, err
	}
}

// enter makes one try when the window allows it.
func (d *dialing) enter(ctx context.Context, w *window) (*dialed, error) {
	if err := w.enter(ctx); err != nil {
		return nil, dialError(ctx, d.target, err, phaseTCP, nil)
	}
	ln, err := d.connect(ctx)
	w.leave(errors.Is(err, errCongested))
	return ln, err
}

// isLate reports whether err is that the time for the dial was over.
func isLate(err error) bool {
	var late *timedOut
	return errors.As(err, &late)
}

func connectTimeout(t *transport.Target) time.Duration {
	if t.Link.ConnectTimeout > 0 {
		return t.Link.ConnectTimeout
	}
	return transport.DefaultConnectTimeout
}

// connect makes one try.
func (d *dialing) connect(ctx context.Context) (*dialed, error) {
	login, err := d.pool.cfg.Credentials.Login(ctx, d.target)
	if err != nil {
		return nil, d.failed(ctx, err, nil)
	}
	nc, err := d.reach(ctx)
	if err != nil {
		return nil, d.failed(ctx, err, nil)
	}
	w := newWire(nc, d.trace.tap())
	login.Ended = w.life.over
	d.phase.Store(int32(phaseBanner))
	w.greeted = func() { d.phase.CompareAndSwap(int32(phaseBanner), int32(phaseKeyExchange)) }
	stop := context.AfterFunc(ctx, func() { _ = w.Close() })
	sc, chans, reqs, err := ssh.NewClientConn(w, d.target.Addr(), d.clientConfig(login, w))
	if !stop() && err == nil {
		_ = sc.Close()
		err = context.Cause(ctx)
	}
	d.trace.login(login.Log(err))
	if err != nil {
		_ = w.Close()
		head := w.firstBytes()
		return nil, d.loginFailed(ctx, login, proxyError(nc, err, head), head)
	}
	w.settle(writeCipher(sc))
	for _, n := range login.Log(nil).Notices {
		d.pool.cfg.Logger.Debug("login", "host", d.target.Label(), "notice", n)
	}
	d.trace.established(sc)
	return &dialed{target: d.target, ssh: sc, chans: chans, reqs: reqs, wire: w, parent: d.parent, trace: d.trace}, nil
}

// loginFailed finds the words for the end of a handshake.
func (d *dialing) loginFailed(ctx context.Context, login *credential.Login, err error, head []byte) error {
	var hk interface {
		error
		Hint() string
	}
	if refused := login.Refused(err); refused != nil && ctx.Err() == nil {
		return d.failed(ctx, &transport.Error{Op: "login", Host: d.target.Label(), Kind: transport.KindAuth, Err: refused, Hint: refused.Hint(), Stopped: true}, nil)
	}
	if errors.As(err, &hk) && phase(d.phase.Load()) == phaseKeyExchange {
		return d.failed(ctx, &transport.Error{Op: "host key", Host: d.target.Label(), Kind: transport.KindHostKey, Err: hk, Hint: hk.Hint(), Stopped: true}, nil)
	}
	return d.failed(ctx, err, head)
}

// failed closes what the dial holds and describes its failure.
func (d *dialing) failed(ctx context.Context, err error, head []byte) error {
	if d.parent != nil {
		d.parent.release()
		d.parent = nil
	}
	e := dialError(ctx, d.target, err, phase(d.phase.Load()), head)
	d.trace.failed(d.target, phase(d.phase.Load()), e)
	return e
}

// clientConfig wires the checks of the host key and of the login into x/crypto.
func (d *dialing) clientConfig(login *credential.Login, w *wire) *ssh.ClientConfig {
	t := d.target
	known := d.pool.cfg.HostKeys.Lookup(t.HostKey, t.Addr())
	return &ssh.ClientConfig{
		Config:            sshConfig(&t.Link),
		User:              t.User,
		ClientVersion:     clientVersion,
		HostKeyAlgorithms: known.Algorithms(t.Link.HostKeyAlgorithms, t.Link.Legacy),
		HostKeyCallback: func(_ string, _ net.Addr, key ssh.PublicKey) error {
			d.phase.Store(int32(phaseKeyExchange))
			how, err := known.Verify(key)
			d.trace.hostKey(key, how, err)
			if err == nil {
				d.tell(known, how)
			}
			return err
		},
		AuthCallback: func(c *ssh.ClientAuthContext) (ssh.AuthMethod, error) {
			d.phase.Store(int32(phaseLogin))
			w.login.Store(true)
			method, err := login.Next(c)
			d.trace.login(login.Log(errPending))
			return method, err
		},
		BannerCallback: func(text string) error {
			d.trace.banner(text)
			return nil
		},
	}
}

// errPending asks for the log of a login that goes on.
var errPending = errors.New("the login goes on")

// clientVersion is what servers log about us (RFC 4253 section 4.2).
const clientVersion = "SSH-2.0-fleet"

// connected tells of the login.
func (d *dialing) connected() {
	took := time.Since(d.start)
	switch {
	case d.caller != nil && d.caller.Connected != nil:
		d.caller.Connected(d.target.Label(), took)
	case d.caller == nil && d.pool.cfg.Connected != nil:
		d.pool.cfg.Connected(d.target, took)
	}
}

// notice tells the user something about the host.
func (d *dialing) notice(text string) {
	switch {
	case d.caller != nil && d.caller.Notice != nil:
		d.caller.Notice(d.target.Label(), text)
	case d.caller == nil && d.pool.cfg.Notice != nil:
		d.pool.cfg.Notice(d.target.Label(), text)
	}
}

// tell passes on what the user should know about an accepted key.
func (d *dialing) tell(known *hostkey.Known, how hostkey.How) {
	switch {
	case how.Warning != "":
		d.notice(how.Warning)
	case how.Basis == hostkey.Stored:
		d.notice(fmt.Sprintf("new host key of %s stored in %s: %s %s", known.Name(), how.File, how.KeyType, how.Fingerprint))
	}
}
