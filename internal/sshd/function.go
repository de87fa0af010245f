package sshd

import (
	"context"
	"io"
)

// A function is a job that Config.Exec answers.
type function struct {
	session *session
	command string
	ctx     context.Context // ends with the channel
	cancel  context.CancelFunc
}

func (f *function) run(exited func(outcome)) {
	defer f.cancel()
	s := f.session
	e := &Exec{
		User:    s.conn.ssh.User(),
		Command: f.command,
		Env:     s.environ(),
		TTY:     s.tty != nil,
		Stdin:   s.ch,
		Stdout:  s.stdout(),
		Stderr:  s.stderr(),
	}
	if s.stalled() {
		e.Stdin = stalled{f.ctx}
	}
	exited(outcome{code: s.conn.srv.conf.Exec(f.ctx, e)})
}

func (f *function) hangup()            { f.cancel() }
func (f *function) signal(string) bool { return false }
func (f *function) resize(window)      {}

// stalled is an input that never comes.
type stalled struct{ ctx context.Context }

func (s stalled) Read([]byte) (int, error) {
	<-s.ctx.Done()
	return 0, io.EOF
}
