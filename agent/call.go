package agent

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"fleet/transport"
)

// A call is one operation, in the client.
type call struct {
	*framer
	request *request
	caller  *transport.Caller // never nil
	place   transport.Place
	ctx     context.Context // of the caller
	// answering ends with the call; questions and places are waited for with
	// it.
	answering context.Context
	stop      context.CancelFunc
	unwatch   func()  // ctx no longer cancels the operation
	credit    *credit // for frameData towards the host
	helpers   sync.WaitGroup
	entering  sync.WaitGroup // the helper that takes a place again

	mu        sync.Mutex
	questions map[int]context.CancelFunc
}

// begin sends r to an agent and returns when that took it. ctx cancels the
// operation until unwatch is called, which end does. An error for which notTaken
// is true means that nothing was begun.
func (c *Client) begin(ctx context.Context, r *request) (*call, error) {
	caller := transport.CallerOf(ctx)
	if caller == nil {
		caller = &transport.Caller{}
	}
	c.describe(r, caller)
	conn, err := dialSocket(ctx, c.socket)
	switch {
	case ctx.Err() != nil && err != nil:
		return nil, contextError(ctx, "connect", &r.target)
	case err != nil: // also where more wait to be accepted than the kernel lets
		return nil, &notTakenError{err}
	}
	return beginOn(ctx, conn, r, caller)
}

// beginOn is begin, on a connection that ends with the call.
func beginOn(ctx context.Context, conn net.Conn, r *request, caller *transport.Caller) (*call, error) {
	k := &call{framer: newFramer(conn, bufio.NewReaderSize(conn, 2<<10)), request: r, caller: caller, ctx: ctx, credit: newCredit()}
	first := append(make([]byte, 0, 1<<10), upgradeRequest...)
	if r.token != "" {
		first = append(first, partHeader+": 1\r\n"...)
	}
	first = append(first, '\r', '\n', byte(frameRequest), 0, 0, 0, 0)
	head := len(first)
	first = encode(first, r.walk)
	binary.BigEndian.PutUint32(first[head-4:], uint32(len(first)-head))
	if err := writeFirst(ctx, conn, first); err != nil && !errors.Is(err, syscall.EPIPE) { // who closed may have said why
		_ = conn.Close()
		if ctx.Err() != nil { // a part of a request begins nothing
			return nil, contextError(ctx, "connect", &r.target)
		}
		return nil, &notTakenError{err}
	}
	k.answering, k.stop = context.WithCancel(ctx)
	told := make(chan struct{})
	unwatch := context.AfterFunc(ctx, func() {
		defer close(told)
		k.giveUp()
	})
	k.unwatch = sync.OnceFunc(func() {
		if !unwatch() {
			<-told
		}
	})
	if err := k.readHead(); err != nil {
		k.end()
		return nil, err
	}
	return k, nil
}

// writeFirst writes p, unless ctx ends before there is room for it.
func writeFirst(ctx context.Context, conn net.Conn, p []byte) error {
	told := make(chan struct{})
	unwatch := context.AfterFunc(ctx, func() {
		defer close(told)
		_ = conn.SetWriteDeadline(time.Now())
	})
	_, err := conn.Write(p)
	if !unwatch() {
		<-told
		_ = conn.SetWriteDeadline(time.Time{})
	}
	return err
}

// describe says in r who calls, and from where.
func (c *Client) describe(r *request, caller *transport.Caller) {
	r.caller = c.id + "/" + caller.ID // the ID is unique in this process alone
	r.asks, r.onlyPassphrases = caller.Ask != nil, caller.OnlyPassphrases
	r.notices = caller.Notice != nil || caller.Connected != nil
	absolute(&r.target)
	if r.targets != nil {
		r.targets = slices.Clone(r.targets)
		for i := range r.targets {
			absolute(&r.targets[i])
		}
	}
	if !needsProgram(&r.target) {
		return
	}
	if r.env = caller.Env; r.env == nil {
		r.env = os.Environ()
	}
	if r.dir = caller.Dir; r.dir == "" {
		r.dir, _ = os.Getwd()
	}
}

// needsProgram reports whether a program is started here to reach t.
func needsProgram(t *transport.Target) bool {
	if t.Proxy != "" {
		return true
	}
	for i := range t.Jump {
		if needsProgram(&t.Jump[i]) {
			return true
		}
	}
	return false
}

// giveUp tells the agent that the caller's context has ended.
func (k *call) giveUp() {
	cause := context.Cause(k.ctx)
	m := gaveUp{kind: transport.KindCanceled, text: cause.Error()}
	if transport.KindOf(cause) == transport.KindTimeout {
		m.kind = transport.KindTimeout
	}
	k.cancel(&m)
}

// cancel tells the agent why this is to end. One that stands still after it holds up
// the caller no longer than the end may take.
func (k *call) cancel(m *gaveUp) {
	_ = k.conn.SetDeadline(time.Now().Add(k.request.command.GraceOrDefault() + endTime))
	_ = k.send(frameCancel, m.walk)
}

// A notTakenError is an operation that never reached the agent.
type notTakenError struct{ err error }

func (e *notTakenError) Error() string { return "the agent did not take it: " + e.err.Error() }
func (e *notTakenError) Unwrap() error { return e.err }

// notTaken reports whether nothing of an operation was begun, so that another
// transport may do it.
func notTaken(err error) bool {
	var refused *RefusedError
	var early *notTakenError
	return errors.As(err, &refused) || errors.As(err, &early) || errors.Is(err, ErrNotRunning)
}

// maxWords bounds the words of a refusal.
const maxWords = 4 << 10

// readHead reads the head of the HTTP answer.
func (k *call) readHead() error {
	line, err := k.r.ReadSlice('\n')
	switch {
	case errors.Is(err, syscall.ECONNRESET) && len(line) == 0:
		// The agent ended with the request still in its socket: the kernel
		// tells that by this error.
		return &notTakenError{err}
	case err != nil:
		return k.lost(err)
	}
	status := append([]byte(nil), bytes.TrimRight(line, "\r\n")...)
	for {
		line, err := k.r.ReadSlice('\n')
		if err != nil {
			return k.lost(err)
		}
		if len(bytes.TrimRight(line, "\r\n")) == 0 {
			break
		}
	}
	if !bytes.HasPrefix(status, []byte("HTTP/1.1 ")) {
		return fmt.Errorf("%w: it begins with %q", errFrame, status)
	}
	if bytes.HasPrefix(status[9:], []byte("101 ")) {
		return nil
	}
	words, _ := io.ReadAll(io.LimitReader(k.r, maxWords))
	if bytes.HasPrefix(status[9:], []byte("426 ")) {
		return &notTakenError{fmt.Errorf("%s", bytes.TrimSpace(words))}
	}
	return &RefusedError{Text: strings.TrimSpace(string(words))}
}

// next returns the next frame that belongs to the operation itself; what is
// between the agent and the caller it deals with. The end of the operation is a
// frameEnd; an error says that the agent was lost.
func (k *call) next() (frameKind, []byte, error) {
	for {
		kind, p, err := k.read(maxFrame)
		if err != nil {
			return 0, nil, k.lost(err)
		}
		done, err := k.aside(kind, p)
		if err != nil {
			return 0, nil, k.lost(err)
		}
		if !done {
			return kind, p, nil
		}
	}
}

// lost is the error of an operation whose agent went away.
func (k *call) lost(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) {
		err = errAgentEnded
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = errStandsStill
	}
	return &transport.Error{Op: k.request.op, Host: k.request.target.Label(), Kind: transport.KindLost, Err: err, Hint: hintLost, Sent: k.request.op == opRun}
}

var (
	errAgentEnded  = errors.New("the agent ended while this was under way")
	errStandsStill = errors.New("the agent was told to end this, and gave no answer: it may stand still")
)

// ended reads the payload of a frameEnd.
func (k *call) ended(p []byte) (transport.Status, error) {
	var m ended
	if err := decode(p, m.walk); err != nil {
		return transport.Status{}, k.lost(err)
	}
	return m.status, withCause(k.ctx, m.err)
}

// end closes the call and waits for what it started.
func (k *call) end() {
	k.stop()
	k.credit.end()
	_ = k.conn.Close()
	k.unwatch()
	k.helpers.Wait()
}
