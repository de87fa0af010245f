package transfer

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
)

// Sizes of a session.
const (
	// plainData is how much content a packet may have that every server takes.
	plainData = 32 << 10
	// largeData is OpenSSH's largest since 8.5: 256 KiB less room for the head.
	largeData = 255 << 10
	// packetMax bounds what is accepted from a server.
	packetMax = 256<<10 + 1024
	// flightMax is how much content may be on the way at one time. It is twice the
	// window of an SSH channel: while one half travels, the answers to the other do.
	flightMax = 4 << 20
	// unsentWait is how long a canceled write may take to leave. A server that has
	// not read for so long will not serve for cleaning up either.
	unsentWait = 3 * time.Second
)

// A session is a conversation with one sftp server, with many requests under way.
// Two goroutines serve it, a sender and a receiver; both end when the stream does,
// and close waits for them.
type session struct {
	host   string // for errors
	stream io.ReadWriteCloser
	out    chan *call
	over   chan struct{} // closed when nothing more will come; why is final then
	why    error

	extensions map[string]string
	dataMax    int                 // of one read or write
	flight     *semaphore.Weighted // of flightMax bytes of content
	buffers    sync.Pool           // of *[]byte, packetMax long: for the answers to reads
	workers    sync.WaitGroup
	ended      func() error // what is to be done when the stream has been closed

	mu      sync.Mutex // guards what is below; no I/O while it is held
	pending map[uint32]*call
	last    uint32
	failed  error
}

// startSession says hello. It owns the stream, also where it fails.
func startSession(ctx context.Context, host string, stream io.ReadWriteCloser) (*session, error) {
	s := &session{
		host: host, stream: stream, out: make(chan *call), over: make(chan struct{}),
		extensions: make(map[string]string), dataMax: plainData,
		flight: semaphore.NewWeighted(flightMax), pending: make(map[uint32]*call),
	}
	s.buffers.New = func() any { b := make([]byte, packetMax); return &b }
	stop := context.AfterFunc(ctx, func() { _ = stream.Close() })
	in := bufio.NewReaderSize(stream, 4<<10)
	err := s.hello(in)
	if !stop() {
		err = context.Cause(ctx)
	}
	if err != nil {
		_ = stream.Close()
		return nil, err
	}
	s.workers.Go(s.send)
	s.workers.Go(func() { s.receive(in) })
	if err := s.learnLimits(ctx); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// hello settles the version (section 4).
func (s *session) hello(in *bufio.Reader) error {
	if _, err := s.stream.Write([]byte{0, 0, 0, 5, sftpInit, 0, 0, 0, 3}); err != nil {
		return lost(s.host, err)
	}
	a, _, err := s.packet(in, true)
	if err != nil {
		return lost(s.host, err)
	}
	if version := a.u32(); a.kind != sftpVersion || version < 3 || a.err != nil {
		return fmt.Errorf("the sftp server does not speak version 3 (it answers with packet %d, version %d)", a.kind, version)
	}
	for len(a.rest) > 0 && a.err == nil {
		name := a.text()
		s.extensions[name] = a.text()
	}
	return a.err
}

// learnLimits asks an OpenSSH of 8.5 or later how large a packet may be (its
// PROTOCOL, section 4.8).
func (s *session) learnLimits(ctx context.Context) error {
	if _, ok := s.extensions["limits@openssh.com"]; !ok {
		return nil
	}
	a, err := s.ask(ctx, extended("limits@openssh.com"))
	if err != nil {
		return err
	}
	if a.kind != sftpExtendedReply {
		return nil
	}
	a.u64() // of a packet
	read, write := a.u64(), a.u64()
	if limit := min(read, write); a.err == nil && limit >= plainData {
		s.dataMax = int(min(limit, largeData))
	}
	return nil
}

// close ends the session, and returns when all of it has ended.
func (s *session) close() error {
	s.fail(errClosed)
	_ = s.stream.Close() // it may be over already
	s.workers.Wait()
	if s.ended != nil {
		return s.ended()
	}
	return nil
}
