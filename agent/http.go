package agent

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"fleet/transport"
)

// The head of an operation's request and of its answer.
const (
	upgradeProtocol = "fleet-agent/1"
	upgradeAnswer   = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: " + upgradeProtocol + "\r\n\r\n"
	upgradeRequest  = "POST /v1/op HTTP/1.1\r\nHost: fleet\r\nConnection: Upgrade\r\nUpgrade: " + upgradeProtocol + "\r\n"
)

// partHeader marks an operation that is part of another one, such as a connection
// over a link: it is taken while the agent drains.
const partHeader = "Fleet-Part"

// versionHeader tells the program's version, with every answer.
const versionHeader = "Fleet-Version"

// maxBody bounds the body of a request.
const maxBody = 4 << 10

// routes is what the socket answers.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/op", s.upgrade)
	mux.HandleFunc("GET /v1/hello", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Upgrade", upgradeProtocol)
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /v1/status", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		_ = enc.Encode(s.Status())
	})
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", MetricsType)
		_ = s.Metrics(w)
	})
	mux.HandleFunc("POST /v1/stop", s.stop)
	mux.HandleFunc("POST /v1/reload", func(w http.ResponseWriter, _ *http.Request) {
		if s.cfg.Reload != nil {
			s.cfg.Reload()
		}
		w.WriteHeader(http.StatusNoContent)
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.handling.Add(1)
		defer s.handling.Done()
		w.Header().Set(versionHeader, s.cfg.Version)
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		mux.ServeHTTP(w, r)
	})
}

// stop answers when the agent has ended: by the end of the connection.
func (s *Server) stop(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Now bool `json:"now"`
	}
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields() // a misspelled name must not stop the agent
	if err := dec.Decode(&body); err != nil && !errors.Is(err, io.EOF) {
		http.Error(w, `the body is not what was expected: {"now": true}, {"now": false} or nothing`, http.StatusBadRequest)
		return
	}
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	s.mu.Lock()
	s.waiting = append(s.waiting, conn)
	n := len(s.running)
	s.mu.Unlock()
	_ = conn.SetWriteDeadline(time.Now().Add(headTime))
	_, _ = fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n%d operations are under way\n", n)
	s.Stop(body.Now)
}

// upgrade begins an operation.
func (s *Server) upgrade(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Upgrade") != upgradeProtocol {
		w.Header().Set("Upgrade", upgradeProtocol)
		w.Header().Set("Connection", "close")
		http.Error(w, fmt.Sprintf("this agent speaks %s, and was asked for %q", upgradeProtocol, r.Header.Get("Upgrade")), http.StatusUpgradeRequired)
		return
	}
	o := &operation{server: s, credit: newCredit(), closing: make(chan struct{})}
	if err := s.admit(o, r.Header.Get(partHeader) != ""); err != nil {
		w.Header().Set("Connection", "close")
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	defer s.leave(o)
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer func() { _ = conn.Close() }()
	s.serve(o, conn, rw.Reader)
}

// serve takes the connection of o, after the head of its request.
func (s *Server) serve(o *operation, conn net.Conn, r *bufio.Reader) {
	o.attach(newFramer(conn, r))
	_ = conn.SetReadDeadline(time.Now().Add(headTime))
	kind, p, err := o.read(maxRequest)
	if err == nil && kind != frameRequest {
		err = errFrame
	}
	if err == nil {
		err = decode(p, o.request.walk)
	}
	h := s.handlers[o.request.op]
	if err == nil && h == nil {
		err = fmt.Errorf("no operation %q", o.request.op)
	}
	if err != nil {
		s.cfg.Logger.Warn("a client said what the agent does not understand", "error", err.Error())
		return
	}
	_ = conn.SetReadDeadline(time.Time{})
	o.buf = nil // it may be large, and hold a password
	o.in = newInflow(func(n int) { _ = o.send(frameCredit, func(x *codec) { x.integer(&n) }) })
	o.pending = append(o.pending, upgradeAnswer...)
	if o.request.op != opRun || o.request.stdin { // else it goes with the first frame
		if o.flush() != nil {
			return
		}
	}
	o.ctx, o.cancel = context.WithCancelCause(transport.WithCaller(s.base, o.caller()))
	s.operate(o, h)
}
