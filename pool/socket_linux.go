package pool

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"unsafe"
)

// A socket reads and writes a TCP connection without telling Go's scheduler of
// each system call. The scheduler prepares for calls that block: it wakes its
// monitor thread, which looks every 20 microseconds whether somebody else should
// have the processor. A socket of package net never blocks, and a run of many
// short commands is little else than short calls, of which this was a fifth.
//
// Like what it stands for, it is for one reader and one writer at a time, which
// is what x/crypto is. Waiting, deadlines and closing are those of net.
type socket struct {
	*net.TCPConn
	raw       syscall.RawConn
	in, out   transfer
	readable  func(fd uintptr) bool // made once: a closure for each call would be garbage
	writeable func(fd uintptr) bool
	arrived   func(fd uintptr) bool
	pulled    *[]byte // what arrived reads into
}

// A transfer is one call under way.
type transfer struct {
	head []byte // written before p; nil in most cases
	p    []byte
	n    int // of both
	err  syscall.Errno
}

// direct is nc as a socket, where it is TCP.
func direct(nc net.Conn) net.Conn {
	tcp, ok := nc.(*net.TCPConn)
	if !ok {
		return nc
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nc
	}
	s := &socket{TCPConn: tcp, raw: raw}
	s.readable = func(fd uintptr) bool { return s.in.read(fd) }
	s.arrived = s.take
	s.writeable = func(fd uintptr) bool {
		for s.out.write(fd) {
			if s.out.err != 0 || s.out.n == len(s.out.head)+len(s.out.p) {
				return true
			}
		}
		return false
	}
	return s
}

// read makes the call, and reports whether it did anything.
func (t *transfer) read(fd uintptr) bool {
	return t.try(syscall.SYS_READ, fd, unsafe.Pointer(unsafe.SliceData(t.p)), len(t.p))
}

// write makes the call for what is left of t, and reports whether it did anything.
func (t *transfer) write(fd uintptr) bool {
	if t.n < len(t.head) {
		left := t.head[t.n:]
		pair := [2]syscall.Iovec{{Base: &left[0]}, {Base: unsafe.SliceData(t.p)}}
		pair[0].SetLen(len(left))
		pair[1].SetLen(len(t.p))
		return t.try(syscall.SYS_WRITEV, fd, unsafe.Pointer(&pair), len(pair))
	}
	left := t.p[t.n-len(t.head):]
	return t.try(syscall.SYS_WRITE, fd, unsafe.Pointer(unsafe.SliceData(left)), len(left))
}

func (t *transfer) try(call, fd uintptr, p unsafe.Pointer, size int) bool {
	for {
		n, _, err := syscall.RawSyscall(call, fd, uintptr(p), uintptr(size))
		switch err {
		case 0:
			t.n += int(n)
			return true
		case syscall.EINTR:
		case syscall.EAGAIN:
			return false
		default:
			t.err = err
			return true
		}
	}
}

// Read implements io.Reader.
func (s *socket) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	s.in = transfer{p: p}
	return s.received(s.raw.Read(s.readable))
}

// received is what came of a read.
func (s *socket) received(err error) (int, error) {
	n, errno := s.in.n, s.in.err
	s.in.p = nil
	switch {
	case err != nil:
		return 0, s.renamed("read", err)
	case errno != 0:
		return 0, s.failure("read", errno)
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}

// pull implements puller.
func (s *socket) pull() (buf *[]byte, n int, err error) {
	s.in = transfer{}
	n, err = s.received(s.raw.Read(s.arrived))
	if n == 0 && s.pulled != nil {
		bigBuffers.Put(s.pulled)
		s.pulled = nil
	}
	buf, s.pulled = s.pulled, nil
	return buf, n, err
}

// take reads into a buffer that is held only where something was there.
func (s *socket) take(fd uintptr) bool {
	s.pulled = bigBuffers.Get().(*[]byte)
	s.in = transfer{p: *s.pulled}
	if s.in.read(fd) {
		return true
	}
	bigBuffers.Put(s.pulled)
	s.pulled, s.in.p = nil, nil
	return false
}

// Write implements io.Writer.
func (s *socket) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	s.out = transfer{p: p}
	return s.sent(s.raw.Write(s.writeable))
}

// writePair implements pairWriter.
func (s *socket) writePair(head, tail []byte) (int, error) {
	s.out = transfer{p: tail, head: head}
	return s.sent(s.raw.Write(s.writeable))
}

// sent is what came of a write.
func (s *socket) sent(err error) (int, error) {
	n, errno := s.out.n, s.out.err
	s.out.p, s.out.head = nil, nil
	switch {
	case err != nil:
		return n, s.renamed("write", err)
	case errno != 0:
		return n, s.failure("write", errno)
	}
	return n, nil
}

// renamed is err with the name of the operation that was asked for: package net
// calls it "raw-read".
func (s *socket) renamed(op string, err error) error {
	if e, ok := errors.AsType[*net.OpError](err); ok {
		return &net.OpError{Op: op, Net: "tcp", Source: s.LocalAddr(), Addr: s.RemoteAddr(), Err: e.Err}
	}
	return err
}

// failure is the error that package net has for errno.
func (s *socket) failure(op string, errno syscall.Errno) error {
	return &net.OpError{Op: op, Net: "tcp", Source: s.LocalAddr(), Addr: s.RemoteAddr(), Err: os.NewSyscallError(op, errno)}
}
