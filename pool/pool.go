package pool

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"sync"
	"time"

	"fleet/pool/credential"
	"fleet/pool/hostkey"
	"fleet/transport"
)

// Config configures a Pool. The zero value works: keys are looked up as the
// targets say, nothing is prompted for, connections close when unused.
type Config struct {
	// HostKeys and Credentials may be shared between pools.
	HostKeys    *hostkey.Store
	Credentials *credential.Store

	// Linger is how long an unused connection stays open; 0 closes it with
	// the last use, a negative value keeps it until Close.
	Linger time.Duration
	// Sessions is how many commands share one connection before another one
	// is opened. Default 9: sshd allows 10 (MaxSessions), and stopping a
	// command takes one of its own.
	Sessions int
	// OpenAhead opens a session channel before it is needed, so that a
	// command on an open connection costs one round trip instead of two.
	OpenAhead bool

	// Connected is told of each login, with the time from the first packet on.
	Connected func(t *transport.Target, took time.Duration)
	// Notice is told what the user should know about a host, such as a host
	// key that was stored. The text is safe to print.
	Notice func(host, text string)
	// Trace, when set, is told every step of every connection. A command that
	// could not begin is not tried again then.
	Trace func(Step)
	// Logger takes debugging detail; nil discards it.
	Logger *slog.Logger
}

// A Pool keeps authenticated connections and runs many sessions on each. It
// implements transport.Transport.
//
// Lock order: Pool.mu, then site.mu, then Pool.lifeMu or that of a keepalive. No
// I/O happens under any.
type Pool struct {
	cfg    Config
	ctx    context.Context // ends with Close; the root of every dial's life
	cancel context.CancelCauseFunc
	work   sync.WaitGroup // dials and connections; begin counts in

	clock  func() time.Time
	counts counts

	scriptName string // of the files of scripts on the hosts

	lifeMu sync.Mutex         // taken with any other lock held
	over   bool               // guarded by lifeMu: nothing more may begin
	live   map[*conn]struct{} // guarded by lifeMu: all connections, those of links too
	past   traffic            // guarded by lifeMu: of connections that have ended
	served string             // guarded by lifeMu: the ID of the last caller

	mu      sync.Mutex
	sites   map[string]*site   // by target key
	windows map[string]*window // by dialed address
	closed  bool
}

var _ transport.Transport = (*Pool)(nil)

// errClosed is what a closed pool answers.
var errClosed = errors.New("the connection pool is closed")

// New returns an empty pool. Close it to end its connections.
func New(cfg Config) *Pool {
	if cfg.HostKeys == nil {
		cfg.HostKeys = new(hostkey.Store)
	}
	if cfg.Credentials == nil {
		cfg.Credentials = new(credential.Store)
	}
	if cfg.Sessions <= 0 {
		cfg.Sessions = 9
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	p := &Pool{cfg: cfg, sites: make(map[string]*site), windows: make(map[string]*window), live: make(map[*conn]struct{}), clock: time.Now, scriptName: newNonce()}
	p.ctx, p.cancel = context.WithCancelCause(context.Background())
	return p
}

// Close ends every connection and waits until they have ended. What runs on
// them fails with kind lost; stop it first.
func (p *Pool) Close() error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.lifeMu.Lock()
	p.over = true
	p.lifeMu.Unlock()
	p.cancel(errClosed)
	// A connection that is made now sees that ctx has ended.
	for _, c := range p.connections() {
		c.close(errClosed)
	}
	p.work.Wait()
	return nil
}

// begin counts one dial into the pool's life; false when that is over.
func (p *Pool) begin() bool {
	p.lifeMu.Lock()
	defer p.lifeMu.Unlock()
	if p.over {
		return false
	}
	p.work.Add(1)
	return true
}

// site returns the place where connections to t are kept.
func (p *Pool) site(t *transport.Target) (*site, error) {
	key := targetKey(t)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, errClosed
	}
	s := p.sites[key]
	if s == nil {
		s = &site{pool: p, key: key}
		p.sites[key] = s
	}
	return s, nil
}

// enter counts a user of the site. One that was forgotten since it was looked up is
// kept again, or gives way to the one that took its place: connections of a site
// that nobody knows would never be closed.
func (p *Pool) enter(s *site) *site {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now := p.sites[s.key]; now != nil {
		s = now
	} else {
		p.sites[s.key] = s
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users++
	return s
}

// forget drops a site without connections, so that a long-lived pool does not
// grow with every host it ever saw.
func (p *Pool) forget(s *site) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.conns) == 0 && s.dials == 0 && s.users == 0 && s.broken == nil && p.sites[s.key] == s {
		delete(p.sites, s.key)
	}
}

// maxWindows is how many dial windows are remembered of addresses to which nobody
// dials at the moment.
const maxWindows = 16 << 10

// window returns the dial window of addr.
func (p *Pool) window(addr string) *window {
	p.mu.Lock()
	defer p.mu.Unlock()
	w := p.windows[addr]
	if w == nil {
		if len(p.windows) >= maxWindows {
			maps.DeleteFunc(p.windows, func(_ string, w *window) bool { return w.idle() })
		}
		w = new(window)
		p.windows[addr] = w
	}
	return w
}
