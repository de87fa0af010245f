package tunnel

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"

	"fleet/transport"
)

// count counts a connection in; the result counts it out.
func (r *row) count() func() {
	r.open.Add(1)
	r.total.Add(1)
	return func() { r.open.Add(-1) }
}

// pass moves bytes between near, which is a socket here, and far, which is one of
// the host's, until both directions are done; then both are closed. ahead is what
// was read from near already. When life ends, both are reset.
func (s *Set) pass(life context.Context, near, far net.Conn, ahead []byte, r *row) error {
	var once sync.Once
	abort := func() {
		once.Do(func() {
			reset(near)
			_ = near.Close()
			reset(far)
			_ = far.Close()
		})
	}
	defer context.AfterFunc(life, abort)()
	defer near.Close()
	defer far.Close()

	up := make(chan error, 1)
	s.work.Go(func() { // ends with either socket
		err := s.send(far, near, ahead, &r.sent)
		if errors.Is(err, io.EOF) && !cut(life, err) {
			// A target that has closed takes no more; its answer may
			// still be on the way, and the other direction ends with it.
			err = nil
		}
		if err != nil {
			abort()
		}
		up <- err
	})
	err := s.buffers.copy(near, far, &r.received)
	if err == nil && life.Err() == nil {
		err = closeWrite(near)
	}
	if err != nil {
		abort()
	}
	if sent := <-up; err == nil || isClosed(err) {
		err = sent
	}
	if life.Err() != nil {
		return context.Cause(life)
	}
	if isClosed(err) || isReset(err) {
		return nil // a client that left is nothing to tell of
	}
	return err
}

// cut reports whether a connection ended with its link: the forward tells of that.
func cut(life context.Context, err error) bool {
	return life.Err() != nil || transport.KindOf(err) == transport.KindLost
}

// send writes ahead to far, and then what near has.
func (s *Set) send(far, near net.Conn, ahead []byte, sent *atomic.Int64) error {
	if len(ahead) > 0 {
		n, err := far.Write(ahead)
		sent.Add(int64(n))
		if err != nil {
			return err
		}
	}
	if err := s.buffers.copy(far, near, sent); err != nil {
		return err
	}
	return closeWrite(far)
}

// closeWrite passes the end of one direction on. Where the other end has gone
// already, there is nobody to tell.
func closeWrite(conn net.Conn) error {
	half, ok := conn.(interface{ CloseWrite() error })
	if !ok {
		return conn.Close()
	}
	if err := half.CloseWrite(); err != nil && !isGone(err) {
		return err
	}
	return nil
}

// reset makes the coming close of a TCP connection tell that bytes may be missing.
func reset(conn net.Conn) {
	if tcp, ok := conn.(interface{ SetLinger(sec int) error }); ok {
		_ = tcp.SetLinger(0)
	}
}

func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

func isClosed(err error) bool {
	return errors.Is(err, net.ErrClosed) || errors.Is(err, io.ErrClosedPipe)
}

// isGone reports whether err says that the other end is not there any more.
func isGone(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ENOTCONN) || isReset(err) || isClosed(err)
}

func isDeadline(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }
