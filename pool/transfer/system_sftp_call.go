package transfer

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"
)

// A call is one request, and the answer to it.
type call struct {
	head, body []byte
	sent       chan struct{} // closed when head and body are not needed any more
	answer     chan answer   // gets one answer, or none where the session ends before
}

// An answer is a packet of the server without its id. One that is data has to be
// given back.
type answer struct {
	kind byte
	fields
	buffer *[]byte
}

// ask sends a request and waits for the answer, whatever it is.
func (s *session) ask(ctx context.Context, r *request) (answer, error) {
	c, err := s.begin(ctx, r, nil)
	if err != nil {
		return answer{}, err
	}
	return s.wait(ctx, c)
}

// begin hands a request to the sender. body follows its fields, and is not to be
// changed before call.sent is closed. A call that was begun is waited for or dropped.
func (s *session) begin(ctx context.Context, r *request, body []byte) (*call, error) {
	c := &call{head: r.buf, body: body, answer: make(chan answer, 1)}
	if body != nil {
		c.sent = make(chan struct{})
	}
	s.mu.Lock()
	s.last++
	id := s.last
	s.pending[id] = c
	s.mu.Unlock()
	r.finish(id, len(body))
	var err error
	select {
	case s.out <- c:
		return c, nil
	case <-s.over:
		err = s.why
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	s.forget(c)
	return nil, err
}

// wait returns the answer to c.
func (s *session) wait(ctx context.Context, c *call) (answer, error) {
	select {
	case a := <-c.answer:
		return a, nil
	case <-s.over:
	case <-ctx.Done():
		s.forget(c)
	}
	select { // it may have come at the same moment
	case a := <-c.answer:
		return a, nil
	default:
	}
	if ctx.Err() != nil {
		return answer{}, context.Cause(ctx)
	}
	return answer{}, s.why
}

// forget drops the answer to c, where it still comes.
func (s *session) forget(c *call) {
	id := binary.BigEndian.Uint32(c.head[5:])
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.pending, id)
}

// left returns when the body of c is not needed any more. A sender that cannot get
// rid of it is a session that is over.
func (s *session) left(c *call) {
	select {
	case <-c.sent:
		return
	default:
	}
	timer := time.NewTimer(unsentWait)
	defer timer.Stop()
	select {
	case <-c.sent:
		return
	case <-timer.C:
		s.fail(errors.New("the server does not read what it is sent"))
	case <-s.over:
	}
	_ = s.stream.Close()
	<-c.sent
}

// send writes requests until the session is over.
func (s *session) send() {
	for {
		select {
		case c := <-s.out:
			_, err := s.stream.Write(c.head)
			if err == nil && c.body != nil {
				_, err = s.stream.Write(c.body)
			}
			if c.sent != nil {
				close(c.sent)
			}
			if err != nil {
				s.fail(err)
				_ = s.stream.Close() // the receiver ends with it
				<-s.over
				return
			}
		case <-s.over:
			return
		}
	}
}

// receive hands out answers until the stream ends.
func (s *session) receive(in *bufio.Reader) {
	defer close(s.over)
	for {
		a, id, err := s.packet(in, false)
		if err != nil {
			s.fail(err)
			s.mu.Lock()
			s.why = s.failed
			s.mu.Unlock()
			_ = s.stream.Close()
			return
		}
		s.mu.Lock()
		c := s.pending[id]
		delete(s.pending, id)
		s.mu.Unlock()
		if c == nil { // it was given up
			s.giveBack(a)
			continue
		}
		c.answer <- a
	}
}

// fail notes the first reason for which the session ends.
func (s *session) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed == nil {
		s.failed = lost(s.host, err)
	}
}

// packet reads one. The version has no id.
func (s *session) packet(in *bufio.Reader, version bool) (answer, uint32, error) {
	var head [headSize]byte
	n := headSize
	if version {
		n -= 4
	}
	if _, err := io.ReadFull(in, head[:n]); err != nil {
		return answer{}, 0, err
	}
	size := int(binary.BigEndian.Uint32(head[:])) - (n - 4)
	if size < 0 || size > packetMax {
		return answer{}, 0, fmt.Errorf("the sftp server sent a packet of %d bytes, which none may have", size)
	}
	a := answer{kind: head[4]}
	if a.kind == sftpData {
		a.buffer = s.buffers.Get().(*[]byte)
		a.rest = (*a.buffer)[:size]
	} else {
		a.rest = make([]byte, size)
	}
	_, err := io.ReadFull(in, a.rest)
	return a, binary.BigEndian.Uint32(head[5:]), err
}

// giveBack ends the use of a's content.
func (s *session) giveBack(a answer) {
	if a.buffer != nil {
		s.buffers.Put(a.buffer)
	}
}
