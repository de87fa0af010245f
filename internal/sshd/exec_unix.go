//go:build unix

package sshd

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
)

// A process is a job that the login shell runs, in a session of its own
// (setsid), so that the shell's process id is also its process group.
type process struct {
	session *session
	cmd     *exec.Cmd
	in      *os.File // the process's stdin, to write; the terminal where there is one
	out     *os.File // its stdout, to read; the terminal where there is one
	err     *os.File // its stderr, to read; nil with a terminal
	reaped  atomic.Bool
}

// startProcess starts command, or a login shell where it is empty. The bytes
// do not move before run.
func startProcess(s *session, command string) (job, error) {
	conf := &s.conn.srv.conf
	name := filepath.Base(conf.Shell)
	cmd := &exec.Cmd{
		Path:        conf.Shell,
		Args:        []string{name, "-c", command},
		Dir:         conf.Home,
		SysProcAttr: &syscall.SysProcAttr{Setsid: true},
	}
	if command == "" {
		cmd.Args = []string{"-" + name}
	}
	if !conf.haveHome() {
		cmd.Dir = "/" // as sshd does when the home folder is missing
	}
	p := &process{session: s, cmd: cmd}
	var theirs []*os.File // ends that are the process's own
	var err error
	if s.tty != nil {
		theirs, err = p.openTerminal(s.tty)
	} else {
		theirs, err = p.openPipes()
	}
	cmd.Env = append(cmd.Env, conf.Children.marker)
	if err == nil {
		err = conf.Children.start(cmd, s.conn.srv)
	}
	for _, f := range theirs {
		_ = f.Close()
	}
	if err != nil {
		p.closeAll()
		return nil, err
	}
	return p, nil
}

func (p *process) openPipes() (theirs []*os.File, err error) {
	p.cmd.Env = p.session.environ()
	var stdin, stdout, stderr *os.File
	stdin, p.in, err = os.Pipe()
	if err != nil {
		return nil, err
	}
	p.cmd.Stdin = stdin
	p.out, stdout, err = os.Pipe()
	if err != nil {
		return []*os.File{stdin}, err
	}
	p.cmd.Stdout = stdout
	p.err, stderr, err = os.Pipe()
	if err != nil {
		return []*os.File{stdin, stdout}, err
	}
	p.cmd.Stderr = stderr
	return []*os.File{stdin, stdout, stderr}, nil
}

func (p *process) closeAll() {
	for _, f := range []*os.File{p.in, p.out, p.err} {
		if f != nil {
			_ = f.Close() // twice is fine: with a terminal, in is out
		}
	}
}

// run implements job. The outcome is told when the process has ended; the
// channel stays open as long as anything holds the output open, which is what
// sshd does and why "sleep 100 &" makes ssh wait.
func (p *process) run(exited func(outcome)) {
	s := p.session
	bufs := &s.conn.srv.buffers
	// Whatever happens to the process, Close ends the copying.
	defer context.AfterFunc(s.conn.srv.ctx, p.closeAll)()
	s.conn.spawn(p.feed)
	var copies sync.WaitGroup
	drain := func(to io.Writer, from *os.File) {
		// On a terminal, the error at the end is EIO and means that the
		// last process has closed it.
		_ = bufs.copy(to, from)
		_ = from.Close() // the writer, if there is any left, gets SIGPIPE or SIGHUP
	}
	copies.Go(func() { drain(s.stdout(), p.out) })
	if p.err != nil {
		copies.Go(func() { drain(s.stderr(), p.err) })
	}
	err := p.cmd.Wait()
	p.reaped.Store(true)
	s.conn.srv.conf.Children.reaped(p.cmd.Process.Pid)
	exited(outcomeOf(p.cmd.ProcessState, err))
	copies.Wait()
}

// feed moves the client's input to the process. At its end, or when the
// connection is lost, the process sees the end of its input. A terminal stays
// open: its end is the end of the channel.
func (p *process) feed() {
	s := p.session
	if s.stalled() {
		<-s.closed
	} else if s.conn.srv.buffers.copy(p.in, s.ch) != nil {
		s.conn.srv.buffers.discard(s.ch)
	}
	if s.tty == nil {
		_ = p.in.Close()
	}
}

func (p *process) hangup() {
	_ = p.out.Close()
	if p.err != nil {
		_ = p.err.Close()
	}
}

func (p *process) resize(w window) {
	if p.session.tty != nil {
		_ = setSize(p.out, w)
	}
}

// signal delivers to the process group, as OpenSSH does.
func (p *process) signal(name string) bool {
	for _, known := range signals {
		if known.name == name && !p.reaped.Load() { // then its number may be another's
			return syscall.Kill(-p.cmd.Process.Pid, known.sig) == nil
		}
	}
	return false
}

// signals are those of RFC 4254 section 6.10.
var signals = [...]struct {
	name string
	sig  syscall.Signal
}{
	{"ABRT", syscall.SIGABRT},
	{"ALRM", syscall.SIGALRM},
	{"FPE", syscall.SIGFPE},
	{"HUP", syscall.SIGHUP},
	{"ILL", syscall.SIGILL},
	{"INT", syscall.SIGINT},
	{"KILL", syscall.SIGKILL},
	{"PIPE", syscall.SIGPIPE},
	{"QUIT", syscall.SIGQUIT},
	{"SEGV", syscall.SIGSEGV},
	{"TERM", syscall.SIGTERM},
	{"USR1", syscall.SIGUSR1},
	{"USR2", syscall.SIGUSR2},
}

func outcomeOf(state *os.ProcessState, err error) outcome {
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || state == nil {
		return outcome{code: -1}
	}
	status, ok := state.Sys().(syscall.WaitStatus)
	if !ok || !status.Signaled() {
		return outcome{code: state.ExitCode()}
	}
	for _, known := range signals {
		if known.sig == status.Signal() {
			return outcome{signal: known.name, core: status.CoreDump()}
		}
	}
	return outcome{signal: "SIG@openssh.com", core: status.CoreDump()}
}
