package agent

import (
	"bufio"
	"context"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"fleet/transport"
)

// Config is what a Server serves, and how long.
type Config struct {
	// Transport does the work.
	Transport transport.Transport
	// Prepare asks beforehand for what the targets need, such as passphrases;
	// its context has a transport.Caller. May be nil.
	Prepare func(ctx context.Context, targets []transport.Target) error
	// Snapshot tells about the connections, for status and metrics. May be nil.
	Snapshot func() Snapshot
	// Reload is called for POST /v1/reload. May be nil.
	Reload func()
	// Version is that of the program, and Socket the path it is served on, for
	// the status.
	Version, Socket string
	// Idle is how long Serve goes on when nothing runs and nothing is asked
	// for. 0 is forever.
	Idle time.Duration
	// Operations is how many may be under way at one time. Default 4096.
	Operations int
	// Drain is how long what is under way may go on after Stop. Default 30 s.
	Drain time.Duration
	// Logger is told what the user of a client is not. Default: nobody.
	Logger *slog.Logger
}

const (
	defaultOperations = 4096
	defaultDrain      = 30 * time.Second
)

// A Server serves a transport on a Unix socket.
type Server struct {
	cfg      Config
	began    time.Time
	handlers map[string]handler

	mu      sync.Mutex
	running map[*operation]struct{}
	// base is the context of all operations; nil before Serve.
	base context.Context
}

// NewServer makes a server. Serve serves.
func NewServer(cfg Config) *Server {
	if cfg.Operations <= 0 {
		cfg.Operations = defaultOperations
	}
	if cfg.Drain <= 0 {
		cfg.Drain = defaultDrain
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Server{cfg: cfg, began: time.Now(), running: map[*operation]struct{}{}}
	s.handlers = s.table()
	return s
}

// table says who handles which operation.
func (s *Server) table() map[string]handler {
	return map[string]handler{
		opRun: (*operation).run,
	}
}

// Serve serves on ln until ctx ends.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	base, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	s.base = base
	var operations sync.WaitGroup
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/op", func(w http.ResponseWriter, r *http.Request) {
		operations.Add(1)
		defer operations.Done()
		s.upgrade(w, r)
	})
	h := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 16 << 10}
	served := make(chan error, 1)
	go func() { served <- h.Serve(ln) }() // ends with h.Close
	<-ctx.Done()
	cancel(errStopping)
	_ = h.Close()
	<-served
	operations.Wait()
	return nil
}

func (s *Server) upgrade(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Upgrade") != upgradeProtocol {
		http.Error(w, "this is not an operation of fleet", http.StatusUpgradeRequired)
		return
	}
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	s.serveOperation(conn, rw.Reader)
}

// serveOperation takes a connection after the head of its request.
func (s *Server) serveOperation(conn net.Conn, r *bufio.Reader) {
	defer func() { _ = conn.Close() }()
	o := &operation{server: s, framer: newFramer(conn, r), credit: newCredit()}
	kind, p, err := o.read(maxRequest)
	if err != nil || kind != frameRequest || decode(p, o.request.walk) != nil {
		return
	}
	o.buf = nil // it may be large
	o.in = newInflow(func(n int) { o.message(frameCredit, func(x *codec) { x.integer(&n) }) })
	h := s.handlers[o.request.op]
	if h == nil {
		return
	}
	o.pending = append(o.pending, upgradeAnswer...)
	if o.request.stdin && o.flush() != nil {
		return
	}
	o.ctx, o.cancel = context.WithCancelCause(transport.WithCaller(s.base, o.caller()))
	s.operate(o, h)
}

const (
	upgradeProtocol = "fleet-agent/1"
	upgradeAnswer   = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: " + upgradeProtocol + "\r\n\r\n"
	upgradeRequest  = "POST /v1/op HTTP/1.1\r\nHost: fleet\r\nConnection: Upgrade\r\nUpgrade: " + upgradeProtocol + "\r\n\r\n"
	hintLost        = "run it again; without the agent, fleet makes its own connections"
)
