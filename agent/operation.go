package agent

import (
	"context"
	"errors"
	"io"
	"sync"

	"fleet/transport"
)

var (
	errGone     = errors.New("the caller is gone")
	errStopping = errors.New("the agent was stopped")
	errOver     = errors.New("the operation is over")
)

// An operation is one request of a client, in the agent. Its handler runs in the
// goroutine of the connection; another one reads what the client sends, and never
// waits for anything else.
type operation struct {
	*framer
	server  *Server
	request request
	// ctx ends with the client, when the client gives up, when the agent stops,
	// and with the operation.
	ctx     context.Context
	cancel  context.CancelCauseFunc
	in      *inflow       // bytes towards the host
	credit  *credit       // for frameData towards the client
	closing chan struct{} // closed by frameClose

	known struct{ op, caller string } // of request; guarded by server.mu

	connMu  sync.Mutex
	dropped bool // its client is not served any more

	mu        sync.Mutex
	questions map[int]chan answer
	asked     int
	entered   chan error // of the frameEnter that waits
}

// A handler does what an operation asks for. It returns when all that the
// operation did has ended.
type handler func(*operation) (transport.Status, error)

// operate does what o asks for, and ends it.
func (s *Server) operate(o *operation, h handler) {
	s.mu.Lock()
	o.known.op, o.known.caller = o.request.op, o.request.caller
	s.mu.Unlock()
	var reader sync.WaitGroup
	reader.Go(o.receive) // ends when the connection is closed
	status, err := h(o)
	end := &ended{status: status, err: o.ending(err)}
	o.cancel(errOver)
	_ = o.writeLast(frameEnd, encode(nil, end.walk))
	_ = o.conn.Close()
	reader.Wait()
	s.mu.Lock()
	s.done[o.request.op]++
	s.mu.Unlock()
}

// hintLost is what to do when the agent ended in the middle.
const hintLost = "run it again; without the agent, fleet makes its own connections"

// attach gives o its connection.
func (o *operation) attach(f *framer) {
	o.connMu.Lock()
	defer o.connMu.Unlock()
	if o.framer = f; o.dropped {
		_ = f.conn.Close()
	}
}

// drop ends the connection, as that of a client which holds up the end of the agent.
func (o *operation) drop() {
	o.connMu.Lock()
	defer o.connMu.Unlock()
	if o.dropped = true; o.framer != nil {
		_ = o.conn.Close()
	}
}

// ending is err as the client is to see it: what the agent's own end cut short
// was lost, as the caller did not give it up.
func (o *operation) ending(err error) error {
	var host *transport.Error
	if !errors.Is(context.Cause(o.ctx), errStopping) || !errors.As(err, &host) || host.Kind != transport.KindCanceled {
		return err
	}
	lost := *host
	lost.Kind, lost.Err, lost.Hint = transport.KindLost, errStopping, hintLost
	return &lost
}

// receive takes what the client sends, until it is gone or the operation is over.
func (o *operation) receive() {
	err := o.receiveAll()
	if err == nil || errors.Is(err, io.EOF) {
		err = errGone
	}
	if !o.isClosing() {
		o.cancel(err)
	}
	o.in.end(err)
	o.credit.end()
}

func (o *operation) receiveAll() error {
	for {
		kind, p, err := o.read(maxFrame)
		if err != nil {
			return errGone
		}
		switch kind {
		case frameData:
			if !o.in.put(p) {
				return errFrame
			}
		case frameEOF:
			o.in.end(io.EOF)
		case frameClose:
			o.closeFrame()
		case frameCredit:
			var n int
			if err := decode(p, func(x *codec) { x.integer(&n) }); err != nil || n < 0 {
				return errFrame
			}
			o.credit.add(n)
		case frameCancel:
			cause := &gaveUp{}
			if err := decode(p, cause.walk); err != nil {
				return err
			}
			o.cancel(cause)
		case frameAnswer:
			var a answer
			if err := decode(p, a.walk); err != nil {
				return err
			}
			o.answered(a)
		case frameEntered:
			var err error
			if decode(p, func(x *codec) { x.failure(&err) }) != nil {
				return errFrame
			}
			o.enteredAgain(err)
		default:
			return errFrame
		}
	}
}

// toClient sends a frame; where that is not possible, the client is gone.
func (o *operation) toClient(kind frameKind, payload []byte) error {
	err := o.write(kind, payload)
	if err != nil {
		o.cancel(errGone)
	}
	return err
}

func (o *operation) message(kind frameKind, walk func(*codec)) {
	_ = o.toClient(kind, encode(nil, walk))
}
