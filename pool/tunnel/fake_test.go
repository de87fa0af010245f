package tunnel_test

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"fleet/internal/forward"
	"fleet/pool/tunnel"
	"fleet/transport"
)

// A fakeTransport makes links as the test says, without a network.
type fakeTransport struct {
	transport.Local

	mu       sync.Mutex
	connect  func(ctx context.Context, attempt int) (*fakeLink, error) // by the number of the attempt, from 1
	attempts []time.Time
	links    []*fakeLink
}

func (f *fakeTransport) Connect(ctx context.Context, t transport.Target) (transport.Link, error) {
	f.mu.Lock()
	f.attempts = append(f.attempts, time.Now())
	n, connect := len(f.attempts), f.connect
	f.mu.Unlock()
	l, err := connect(ctx, n)
	if err != nil {
		var te *transport.Error
		if !errors.As(err, &te) {
			err = &transport.Error{Op: "connect", Host: t.Label(), Kind: transport.KindUnreachable, Err: err}
		}
		return nil, err
	}
	f.mu.Lock()
	f.links = append(f.links, l)
	f.mu.Unlock()
	return l, nil
}

// link is the one that was made last.
func (f *fakeTransport) link() *fakeLink {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.links[len(f.links)-1]
}

// tried is when each attempt began.
func (f *fakeTransport) tried() []time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]time.Time(nil), f.attempts...)
}

// A fakeLink is a link to nowhere.
type fakeLink struct {
	dial   func(ctx context.Context, network, addr string) (net.Conn, error)
	listen func(ctx context.Context, network, addr string) (net.Listener, error)
	ping   func(ctx context.Context) error

	once sync.Once
	done chan struct{}
	err  error
}

func newFakeLink() *fakeLink { return &fakeLink{done: make(chan struct{})} }

func (l *fakeLink) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	if l.dial == nil {
		return nil, errors.New("nobody is there")
	}
	return l.dial(ctx, network, addr)
}

func (l *fakeLink) Listen(ctx context.Context, network, addr string) (net.Listener, error) {
	return l.listen(ctx, network, addr)
}

func (l *fakeLink) Ping(ctx context.Context) error {
	if l.ping == nil {
		return nil
	}
	return l.ping(ctx)
}
func (l *fakeLink) Done() <-chan struct{} { return l.done }

func (l *fakeLink) Err() error {
	select {
	case <-l.done:
		return l.err
	default:
		return nil
	}
}

func (l *fakeLink) Close() error {
	l.cut(net.ErrClosed)
	return nil
}

// cut ends the link.
func (l *fakeLink) cut(err error) {
	l.once.Do(func() {
		l.err = err
		close(l.done)
	})
}

// A fakeListener listens nowhere; connections are handed to it.
type fakeListener struct {
	port  int
	queue chan net.Conn
	once  sync.Once
	done  chan struct{}
}

func newFakeListener(port int) *fakeListener {
	return &fakeListener{port: port, queue: make(chan net.Conn), done: make(chan struct{})}
}

func (l *fakeListener) Accept() (net.Conn, error) {
	select {
	case nc := <-l.queue:
		return nc, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *fakeListener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

func (l *fakeListener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: l.port} }

func unreachable() error {
	return &transport.Error{Op: "connect", Host: "host", Kind: transport.KindUnreachable, Err: errors.New("no route to host")}
}

func denied() error {
	return &transport.Error{Op: "login", Host: "host", Kind: transport.KindAuth, Err: errors.New("permission denied")}
}

func rule(t *testing.T, kind forward.Kind, spec string) forward.Rule {
	t.Helper()
	r, err := forward.Parse(kind, spec)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// spec is one host with one rule.
func spec(t *testing.T, kind forward.Kind, text string) tunnel.Spec {
	t.Helper()
	return tunnel.Spec{Target: transport.Target{Name: "host", User: "user"}, Rules: []forward.Rule{rule(t, kind, text)}}
}

// open makes and starts a set that ends with the test.
func open(t *testing.T, cfg tunnel.Config, specs ...tunnel.Spec) *tunnel.Set {
	t.Helper()
	s, err := tunnel.New(cfg, specs)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	s.Start(t.Context())
	return s
}

// connectTo connects to where the forward listens.
func connectTo(t *testing.T, s *tunnel.Set, i int) net.Conn {
	t.Helper()
	at := s.Status()[i].Listen
	nc, err := net.Dial(at.Network, at.Address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = nc.Close() })
	return nc
}

// says exchanges one line with an echo server.
func says(t *testing.T, nc net.Conn, line string) {
	t.Helper()
	_ = nc.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(nc, line); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len(line))
	if _, err := io.ReadFull(nc, got); err != nil || string(got) != line {
		t.Fatalf("got %q and %v, want %q", got, err, line)
	}
}

// patience is for what takes a moment, on a machine that may be busy.
const patience = 30 * time.Second
