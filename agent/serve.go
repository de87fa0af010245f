package agent

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Limits of time for whom the agent has to wait.
const (
	// headTime is how long a client may take to say what it wants.
	headTime = 30 * time.Second
	// idleTime is how long a connection for status and control may be kept.
	idleTime = time.Minute
	// forceTime is how long the end of an operation that was canceled may take
	// beyond which its client is dropped: it may be one that does not read.
	forceTime = 15 * time.Second
	// maxHead bounds the head of a request.
	maxHead = 16 << 10
)

// Serve serves on ln, until Stop is called, ctx ends, or nothing was asked for in
// Config.Idle. It then takes no more operations, lets those under way go on for
// Config.Drain, stops the rest, and returns when all have ended. It closes ln. A
// Server serves once.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	base, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	s.mu.Lock()
	s.base = base
	s.quietLocked()
	s.mu.Unlock()
	h := &http.Server{
		Handler: s.routes(), ReadHeaderTimeout: headTime, IdleTimeout: idleTime, MaxHeaderBytes: maxHead,
		ErrorLog: slog.NewLogLogger(s.cfg.Logger.Handler(), slog.LevelWarn),
	}
	served := make(chan error, 1)
	go func() { served <- h.Serve(ln) }() // ends with h.Close, or with the listener
	var failed error
	select {
	case <-ctx.Done():
	case <-s.stopping:
	case failed = <-served:
		served <- http.ErrServerClosed
	}
	s.Stop(failed != nil)
	s.drain(cancel)
	err := h.Close()
	if end := <-served; !errors.Is(end, http.ErrServerClosed) && failed == nil && !errors.Is(end, net.ErrClosed) {
		failed = end
	}
	s.handling.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, conn := range s.waiting { // they are told by the end of the connection
		_ = conn.Close()
	}
	if errors.Is(err, net.ErrClosed) {
		err = nil
	}
	return errors.Join(failed, err)
}

// Stop makes Serve drain and return. With now, operations under way are stopped at
// once; a second call may bring that.
func (s *Server) Stop(now bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drainLocked()
	if now && !s.hurried {
		s.hurried = true
		close(s.hurry)
	}
}

// drainLocked makes Serve admit nothing new.
func (s *Server) drainLocked() {
	if s.draining {
		return
	}
	s.draining = true
	close(s.stopping)
	if len(s.running) == 0 {
		close(s.empty)
	}
}

// drain returns when no operation is left.
func (s *Server) drain(cancel context.CancelCauseFunc) {
	patience := time.NewTimer(s.cfg.Drain)
	defer patience.Stop()
	select {
	case <-s.empty:
		return
	case <-patience.C:
	case <-s.hurry:
	}
	cancel(errStopping)
	force := time.NewTimer(forceTime)
	defer force.Stop()
	select {
	case <-s.empty:
		return
	case <-force.C:
	}
	s.drop()
	<-s.empty
}

// drop cuts off what runs, and what would come to be a part of it.
func (s *Server) drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dropped = true
	for o := range s.running {
		o.drop()
	}
}

// admit takes an operation in, or says why not. A part of another one is taken
// while that is under way, also to clean up after it was stopped, but not without end.
func (s *Server) admit(o *operation, part bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.draining && (!part || s.dropped || len(s.running) == 0):
		s.refused.draining++
		return errDraining
	case len(s.running) >= s.cfg.Operations:
		s.refused.busy++
		return errBusy
	}
	s.running[o] = struct{}{}
	if s.idle != nil {
		s.idle.Stop()
	}
	return nil
}

var (
	errDraining = errors.New("it is about to end, and begins nothing new")
	errBusy     = errors.New("it has as many operations under way as it may")
)

func (s *Server) leave(o *operation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.running, o)
	if len(s.running) > 0 {
		return
	}
	if s.draining {
		close(s.empty)
	} else {
		s.quietLocked()
	}
}

// quietLocked begins the time after which an agent that nobody uses ends.
func (s *Server) quietLocked() {
	switch {
	case s.cfg.Idle <= 0:
	case s.idle == nil:
		s.idle = time.AfterFunc(s.cfg.Idle, s.unused)
	default:
		s.idle.Reset(s.cfg.Idle)
	}
}

// unused ends an agent in which nothing is under way: who comes at that moment is
// admitted before, or refused.
func (s *Server) unused() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.running) == 0 {
		s.drainLocked()
	}
}
