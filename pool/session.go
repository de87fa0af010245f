package pool

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"

	"fleet/transport"
)

// A role says what a session is for, which decides who looks after it.
type role int

const (
	roleCommand role = iota // the user's: stopped, verified, guarded
	roleStop                // ends another session's process group; ends with its channel
	roleGuard               // watches over another session; reads its own stdin
)

// A session is one command on one channel (RFC 4254 section 6).
//
// Three goroutines serve it: the caller's copies stdout, one copies stderr, one
// reads the channel's requests (the exit status comes as one). A fourth starts
// when the context ends, to stop the command.
type session struct {
	conn   *conn
	target *transport.Target
	cmd    *transport.Command
	inv    *invocation
	role   role
	ch     ssh.Channel
	input  *input

	sent  bool          // the exec request went out; set before anything else starts
	begun chan struct{} // closed when the wrapper has announced itself
	group int           // process group; final once begun is closed
	guard int           // the watchdog's process; final once begun is closed
	file  string        // its script on the host, empty where that is none; final once begun is closed
	ended chan struct{} // closed when the channel has ended, and status is final

	status transport.Status
	known  bool // a status was received
	whole  bool // the output has ended, and was not cut off; of the caller's goroutine

	watched atomic.Pointer[guard] // its guard, where it has one

	flowing  chan struct{} // closed when a stop is on its way, or cannot be had
	flowOnce sync.Once     // closes flowing

	halted  chan struct{} // closed when halt has done what it could
	gone    bool          // nothing of the command is left; final once halted is closed
	missed  bool          // the command had ended before halt came; final once halted is closed
	failMu  sync.Mutex
	failure error // why fleet itself gave up on the command; guarded by failMu

	workers sync.WaitGroup
}

// run executes cmd on the connection and waits for its end.
func (c *conn) run(ctx context.Context, t *transport.Target, cmd *transport.Command, r role) (transport.Status, error) {
	s, err := c.begin(ctx, t, cmd, r)
	if err != nil {
		return transport.Status{}, err
	}
	return s.wait(ctx)
}

// begin asks the server to run cmd. Its session must be waited for.
func (c *conn) begin(ctx context.Context, t *transport.Target, cmd *transport.Command, r role) (*session, error) {
	inv, err := newInvocation(cmd, t.Env, r, c.sessionLeads(), c.site.pool.scriptName)
	if err != nil {
		return nil, &transport.Error{Op: "run", Host: t.Label(), Kind: transport.KindInternal, Err: err, Stopped: true}
	}
	if ctx.Err() != nil {
		return nil, c.openError(ctx, t, ctx.Err())
	}
	ch, reqs, err := c.session(ctx)
	if err != nil {
		err = c.openError(ctx, t, err)
		c.tracer(r).fail("session", err)
		return nil, err
	}
	c.tracer(r).step("session", "a channel for a session is open")
	s := &session{
		conn: c, target: t, cmd: cmd, inv: inv, role: r, ch: ch, input: newInput(ch),
		begun: make(chan struct{}), ended: make(chan struct{}), halted: make(chan struct{}), flowing: make(chan struct{}),
	}
	abandon := context.AfterFunc(ctx, func() { s.abandon() }) // a server that does not reply
	err = s.start()
	if err == nil {
		abandon()
		c.tracer(r).step("command", "the server runs the command")
		s.workers.Go(func() { s.requests(reqs) })
		if cmd.Started != nil {
			cmd.Started()
		}
		return s, nil
	}
	abandon()
	_ = ch.Close()
	s.workers.Go(func() { s.requests(reqs) })
	s.abandon()
	s.workers.Wait()
	err = s.startError(ctx, err)
	c.tracer(r).fail("command", err)
	return nil, err
}

// tracer is for the user's commands; fleet's own sessions are not told about.
func (c *conn) tracer(r role) *tracer {
	if r != roleCommand {
		return nil
	}
	return c.trace
}

// abandon closes the channel, and where the server does not answer that, the
// connection.
func (s *session) abandon() {
	_ = s.ch.Close()
	if !s.endsWithin(closeWait) {
		s.conn.close(fmt.Errorf("%w: a session did not close", errGone))
		<-s.conn.ended
	}
}

// wait moves the session's data until its end.
func (s *session) wait(ctx context.Context) (transport.Status, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	unwatch := context.AfterFunc(ctx, func() { s.halt(ctx) })
	s.copyAll(ctx, cancel)
	<-s.ended
	halting := !unwatch()
	if halting {
		<-s.halted
	}
	s.workers.Wait()
	if s.opensAhead() {
		s.conn.openAhead()
	}
	status, err := s.result(ctx, halting && !s.missed)
	if err != nil {
		s.conn.tracer(s.role).fail("status", err)
	}
	return status, err
}

// start sends what makes the server run the command, and waits for its reply.
func (s *session) start() error {
	if tty := s.cmd.TTY; tty != nil {
		ok, err := s.ch.SendRequest("pty-req", true, ptyRequest(tty))
		if err != nil {
			return err
		}
		if !ok {
			return errors.New("the server gives no terminal (pty-req refused)")
		}
	}
	s.sent = true
	begun := func() {}
	if s.opensAhead() {
		begun = s.conn.openNext()
	}
	ok, err := s.ch.SendRequest("exec", true, ssh.Marshal(struct{ Command string }{s.inv.exec}))
	begun()
	if err != nil {
		return err
	}
	if !ok {
		s.sent = false
		return errors.New("the server does not run commands for this user (exec refused)")
	}
	return nil
}

// opensAhead reports whether another command is likely to follow.
func (s *session) opensAhead() bool {
	return s.conn.site.pool.cfg.OpenAhead && s.role == roleCommand
}

// requests receives the status and waits for the end of the channel.
func (s *session) requests(reqs <-chan *ssh.Request) {
	defer close(s.ended)
	trace := s.conn.tracer(s.role)
	for r := range reqs {
		switch r.Type {
		case "exit-status":
			if len(r.Payload) == 4 {
				s.status, s.known = transport.Status{Code: int(binary.BigEndian.Uint32(r.Payload))}, true
			}
		case "exit-signal":
			var sig struct {
				Name       string
				CoreDumped bool
				Message    string
				Language   string
			}
			if ssh.Unmarshal(r.Payload, &sig) == nil {
				name := printable(sig.Name)
				s.status, s.known = transport.Status{Code: 128 + signalNumbers[name], Signal: name}, true
			}
		}
		if s.known && trace != nil {
			trace.step("status", statusText(s.status))
			trace = nil
		}
		_ = r.Reply(false, nil)
	}
	s.conn.tracer(s.role).step("channel", "the channel is closed")
}

func statusText(s transport.Status) string {
	if s.Signal != "" {
		return "ended by signal " + s.Signal
	}
	return fmt.Sprintf("ended with status %d", s.Code)
}

// signalNumbers are the signals of RFC 4254 section 6.10, as shells count them.
var signalNumbers = map[string]int{
	"HUP": 1, "INT": 2, "QUIT": 3, "ILL": 4, "ABRT": 6, "FPE": 8, "KILL": 9,
	"USR1": 10, "SEGV": 11, "USR2": 12, "PIPE": 13, "ALRM": 14, "TERM": 15,
}

// result tells what came of the command.
func (s *session) result(ctx context.Context, halting bool) (transport.Status, error) {
	s.failMu.Lock()
	failure := s.failure
	s.failMu.Unlock()
	stopped := !halting || s.gone
	switch {
	case failure != nil:
		e := s.error(kindOfFailure(failure), failure, stopped)
		e.Hint = hintOf(failure)
		return s.status, e
	case halting:
		return transport.Status{}, s.error(causeKind(ctx), context.Cause(ctx), stopped)
	case s.known && s.whole: // a status may come before the last of the output
		return s.status, nil
	case s.lost() || !s.whole:
		return transport.Status{}, lostError(s.target, "run", s.conn.why(), true)
	default:
		return transport.Status{}, s.error(transport.KindLost, errors.New("the server closed the session without an exit status"), false)
	}
}

// error is the failure of a command that was sent.
func (s *session) error(kind transport.Kind, err error, stopped bool) *transport.Error {
	return &transport.Error{Op: "run", Host: s.target.Label(), Kind: kind, Err: err, Sent: true, Stopped: stopped}
}

// lost tells, of a channel that ended without a status, whether it was for the
// end of the connection. That is known a moment later: x/crypto ends the
// channels first.
func (s *session) lost() bool {
	timer := time.NewTimer(lostWait)
	defer timer.Stop()
	select {
	case <-s.conn.ended:
		return true
	case <-timer.C:
		return s.conn.why() != nil
	}
}

// lostWait is how long the end of a connection may come after that of its
// sessions.
const lostWait = 200 * time.Millisecond

// causeKind tells a limit of time from a caller who gave up.
func causeKind(ctx context.Context) transport.Kind {
	if k := transport.KindOf(context.Cause(ctx)); k == transport.KindTimeout {
		return k
	}
	return transport.KindCanceled
}

// fail notes a reason of fleet's own for which the command failed; with cancel
// it is stopped, too.
func (s *session) fail(err error, cancel context.CancelCauseFunc) {
	s.failMu.Lock()
	if s.failure == nil {
		s.failure = err
	}
	s.failMu.Unlock()
	if cancel != nil {
		cancel(err)
	}
}

func (s *session) startError(ctx context.Context, err error) error {
	e := &transport.Error{Op: "run", Host: s.target.Label(), Kind: transport.KindRefused, Err: err, Sent: s.sent, Stopped: !s.sent}
	switch {
	case ctx.Err() != nil:
		e.Kind, e.Err = causeKind(ctx), context.Cause(ctx)
	case isClosed(err) && s.lost():
		return lostError(s.target, "run", s.conn.why(), s.sent)
	case isClosed(err):
		e.Kind, e.Err = transport.KindLost, errors.New("the server closed the session instead of running the command")
	}
	return e
}

// openError is the failure to get a session channel.
func (c *conn) openError(ctx context.Context, t *transport.Target, err error) error {
	e := &transport.Error{Op: "run", Host: t.Label(), Kind: transport.KindRefused, Err: err, Stopped: true}
	switch {
	case ctx.Err() != nil:
		e.Kind, e.Err = causeKind(ctx), context.Cause(ctx)
	case isSessionLimit(err):
		e.Err = fmt.Errorf("the server allows no session: %w", err)
	default:
		return lostError(t, "run", c.why(), false)
	}
	return e
}

// ptyRequest is the body of pty-req, RFC 4254 section 6.2.
func ptyRequest(tty *transport.TTY) []byte {
	term, rows, cols := tty.Term, tty.Rows, tty.Cols
	if term == "" {
		term = "xterm"
	}
	if rows <= 0 || cols <= 0 {
		rows, cols = 24, 80
	}
	return ssh.Marshal(struct {
		Term                      string
		Columns, Rows, Wide, High uint32
		Modes                     string
	}{term, uint32(cols), uint32(rows), 0, 0, "\x00"})
}
