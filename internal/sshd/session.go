package sshd

import (
	"context"
	"io"
	"net"
	"path"
	"sync"

	"golang.org/x/crypto/ssh"
)

// An outcome is how a command ended.
type outcome struct {
	code   int    // exit status; negative is unknown
	signal string // without "SIG"; empty when it exited by itself
	core   bool
}

// A job is what a session runs: a process, a function or sftp.
type job interface {
	// run moves the bytes. It calls exited once, as soon as the outcome is
	// known, and returns when the output is sent, which may be later.
	run(exited func(outcome))
	// hangup says that the channel is gone. It makes run return, but ends no
	// process that does not care about its pipes.
	hangup()
	signal(name string) bool
	resize(size window)
}

// A window is the size of a terminal in characters.
type window struct{ rows, cols uint32 }

// A terminal is what a pty-req asks for.
type terminal struct {
	name  string
	size  window
	modes string
}

// A session is one session channel (RFC 4254 section 6).
type session struct {
	conn *conn
	ch   ssh.Channel
	env  []string
	tty  *terminal
	job  job // nil before the command was asked for

	release sync.Once     // gives the slot back
	ended   chan struct{} // closed when the job has ended; only where there is a job
	closed  chan struct{} // closed with the channel
}

// serve answers the requests on the channel until it is closed, and then waits
// for the command to end, which may be long after.
func (s *session) serve(requests <-chan *ssh.Request) {
	defer s.free()
	for r := range requests {
		switch r.Type {
		case "exec", "shell", "subsystem":
			s.start(r)
		default:
			_ = r.Reply(s.request(r), nil)
		}
	}
	close(s.closed)
	if s.job != nil {
		s.job.hangup()
		<-s.ended
	}
}

// free gives the session's slot back. OpenSSH does it when the process has
// ended, before it says so to the client.
func (s *session) free() {
	s.release.Do(func() {
		s.conn.sessions.Add(-1)
		s.conn.srv.stats.sessions.Add(-1)
	})
}

func (s *session) request(r *ssh.Request) bool {
	switch r.Type {
	case "env":
		var m struct{ Name, Value string }
		if ssh.Unmarshal(r.Payload, &m) != nil || !s.acceptsEnv(m.Name) {
			return false
		}
		s.env = append(s.env, m.Name+"="+m.Value)
		return true
	case "pty-req":
		var m struct {
			Term                string
			Cols, Rows, PxW, Px uint32
			Modes               string
		}
		if s.job != nil || ssh.Unmarshal(r.Payload, &m) != nil {
			return false
		}
		s.tty = &terminal{name: m.Term, size: window{rows: m.Rows, cols: m.Cols}, modes: m.Modes}
		return true
	case "window-change":
		var m struct{ Cols, Rows, PxW, Px uint32 }
		if s.job == nil || ssh.Unmarshal(r.Payload, &m) != nil {
			return false
		}
		s.job.resize(window{rows: m.Rows, cols: m.Cols})
		return true
	case "signal":
		var m struct{ Name string }
		if s.job == nil || !s.conn.srv.conf.HonorSignals || ssh.Unmarshal(r.Payload, &m) != nil {
			return false
		}
		return s.job.signal(m.Name)
	default:
		return false
	}
}

func (s *session) acceptsEnv(name string) bool {
	for _, pattern := range s.conn.srv.conf.AcceptEnv {
		if ok, err := path.Match(pattern, name); err == nil && ok {
			return true
		}
	}
	return false
}

// start answers the request that begins the command, and begins it.
func (s *session) start(r *ssh.Request) {
	srv := s.conn.srv
	if s.job != nil || srv.faults.Load().RefuseExec {
		_ = r.Reply(false, nil)
		return
	}
	j, err := s.newJob(r)
	if err != nil {
		srv.logger(s.conn.link).Warn("no command", "request", r.Type, "error", err)
		_ = r.Reply(false, nil)
		return
	}
	s.job = j
	srv.stats.commands.Add(1)
	_ = r.Reply(true, nil)
	s.conn.spawn(func() {
		defer close(s.ended)
		j.run(s.exited)
		_ = s.ch.CloseWrite()
		_ = s.ch.Close()
	})
}

func (s *session) newJob(r *ssh.Request) (job, error) {
	conf := &s.conn.srv.conf
	var m struct{ Text string }
	if r.Type != "shell" {
		if err := ssh.Unmarshal(r.Payload, &m); err != nil {
			return nil, err
		}
	}
	command := m.Text
	if conf.ForceCommand != "" {
		if command != "" {
			s.env = append(s.env, "SSH_ORIGINAL_COMMAND="+command)
		}
		command = conf.ForceCommand
	} else if r.Type == "subsystem" {
		return newSFTP(s, m.Text)
	}
	if conf.Exec != nil {
		ctx, cancel := context.WithCancel(s.conn.srv.ctx)
		return &function{session: s, command: command, ctx: ctx, cancel: cancel}, nil
	}
	return startProcess(s, command)
}

// environ is the environment of the session's command.
func (s *session) environ(more ...string) []string {
	host, port, _ := net.SplitHostPort(s.conn.link.RemoteAddr().String())
	localHost, localPort, _ := net.SplitHostPort(s.conn.link.LocalAddr().String())
	add := []string{
		"SSH_CLIENT=" + host + " " + port + " " + localPort,
		"SSH_CONNECTION=" + host + " " + port + " " + localHost + " " + localPort,
	}
	if s.tty != nil {
		add = append(add, "TERM="+s.tty.name)
	}
	add = append(append(add, s.env...), more...)
	return s.conn.srv.conf.environ(s.conn.ssh.User(), add...)
}

// exited tells the client how the command ended (RFC 4254 section 6.10).
func (s *session) exited(o outcome) {
	s.free()
	switch {
	case o.code < 0 || s.conn.srv.faults.Load().NoExitStatus:
	case o.signal != "":
		_, _ = s.ch.SendRequest("exit-signal", false, ssh.Marshal(struct {
			Signal  string
			Core    bool
			Message string
			Lang    string
		}{o.signal, o.core, "", ""}))
	default:
		_, _ = s.ch.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{uint32(o.code)}))
	}
}

// stdout and stderr are where the command's output goes.
func (s *session) stdout() io.Writer { return &output{conn: s.conn, to: s.ch} }
func (s *session) stderr() io.Writer { return &output{conn: s.conn, to: s.ch.Stderr()} }

// stalled reports whether the command's input is not to be read.
func (s *session) stalled() bool { return s.conn.srv.faults.Load().StallInput }
