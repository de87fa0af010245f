package agent

import (
	"context"
	"log/slog"
	"net"
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
	stopping chan struct{}  // closed by the first Stop
	hurry    chan struct{}  // closed by the first Stop(true)
	empty    chan struct{}  // closed when it stops and no operation is left
	handling sync.WaitGroup // requests that are being answered

	lent lent // to operations that come with a token

	mu       sync.Mutex
	base     context.Context // of all operations; set by Serve
	running  map[*operation]struct{}
	draining bool
	hurried  bool
	dropped  bool              // what ran was cut off
	idle     *time.Timer       // ends an agent that nobody uses
	waiting  []net.Conn        // those who asked for a stop, and wait for it
	done     map[string]uint64 // operations that have ended, by name
	refused  struct{ draining, busy uint64 }
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
	s := &Server{
		cfg: cfg, began: time.Now(),
		stopping: make(chan struct{}), hurry: make(chan struct{}), empty: make(chan struct{}),
		running: map[*operation]struct{}{}, done: map[string]uint64{},
	}
	s.handlers = s.table()
	return s
}

// table says who handles which operation.
func (s *Server) table() map[string]handler {
	return map[string]handler{
		opRun:        (*operation).run,
		opPrepare:    (*operation).prepare,
		opOpen:       (*operation).openStream,
		opDial:       (*operation).dialStream,
		opListen:     (*operation).listen,
		opAccept:     (*operation).accept,
		opConnect:    (*operation).connect,
		opLinkDial:   (*operation).linkDial,
		opLinkListen: (*operation).linkListen,
		opLinkPing:   (*operation).linkPing,
	}
}
