package sshd

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/pkg/sftp"
)

// A fileServer is a job that serves the sftp subsystem, in the home folder and
// with the rights of the server's own account.
type fileServer struct{ session *session }

func newSFTP(s *session, subsystem string) (job, error) {
	if subsystem != "sftp" || s.conn.srv.conf.NoSFTP {
		return nil, fmt.Errorf("no subsystem %q", subsystem)
	}
	s.conn.srv.conf.haveHome() // without one, sftp still has the rest of the disk
	return &fileServer{s}, nil
}

func (f *fileServer) run(exited func(outcome)) {
	err := f.serve()
	if err != nil && !errors.Is(err, io.EOF) {
		exited(outcome{code: 1})
		return
	}
	exited(outcome{code: 0})
}

func (f *fileServer) serve() error {
	s := f.session
	answers := &answers{to: s.stdout()}
	defer answers.end()
	var stream io.ReadWriteCloser = &fileStream{Reader: s.ch, Writer: answers}
	if faults := s.conn.srv.faults.Load().Files; faults != (FileFaults{}) {
		stream = &fileFilter{session: s, faults: faults, from: s.ch, to: answers}
	}
	if files := s.conn.srv.conf.Files; files != nil {
		return sftp.NewRequestServer(stream, told{files}.handlers()).Serve()
	}
	srv, err := sftp.NewServer(stream, sftp.WithServerWorkingDirectory(s.conn.srv.conf.Home))
	if err != nil {
		return err
	}
	return srv.Serve()
}

// The channel's end is the end of the input, and that ends the server.
func (f *fileServer) hangup()            {}
func (f *fileServer) signal(string) bool { return false }
func (f *fileServer) resize(window)      {}

// A fileStream leaves closing the channel to the session, which still has the
// exit status to send.
type fileStream struct {
	io.Reader
	io.Writer
}

func (fileStream) Close() error { return nil }

// answers are what the server sends. It has a goroutine that may still be
// writing when it has ended, and by then the channel belongs to the session
// again.
type answers struct {
	to io.Writer

	mu    sync.Mutex // held while an answer is sent; guards ended
	ended bool
}

func (a *answers) Write(p []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ended {
		return 0, io.ErrClosedPipe
	}
	return a.to.Write(p)
}

func (a *answers) end() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ended = true
}
