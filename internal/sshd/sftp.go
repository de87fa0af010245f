package sshd

import (
	"errors"
	"fmt"
	"io"

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
	s := f.session
	srv, err := sftp.NewServer(&fileStream{Reader: s.ch, Writer: s.stdout()},
		sftp.WithServerWorkingDirectory(s.conn.srv.conf.Home))
	if err == nil {
		err = srv.Serve()
	}
	if err != nil && !errors.Is(err, io.EOF) {
		exited(outcome{code: 1})
		return
	}
	exited(outcome{code: 0})
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
