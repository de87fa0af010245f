package pool

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"fleet/transport"
)

// startProxy runs command by the user's shell and makes its stdin and stdout
// the connection (ssh_config ProxyCommand). Its stderr is shown only where the
// connection fails, as nobody could tell whose it is among many hosts. Closing
// the connection ends it with all that it started. It has the environment and the
// working directory of caller, which may be nil.
func startProxy(command string, caller *transport.Caller) (net.Conn, error) {
	env := os.Environ()
	if caller != nil && caller.Env != nil {
		env = caller.Env
	}
	cmd := shellCommand(userShell(env), command)
	cmd.Env = env
	if caller != nil {
		cmd.Dir = caller.Dir
	}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	said := new(lastWords)
	cmd.Stderr = said
	cmd.WaitDelay = time.Second // for what left the group and holds stderr
	ownGroup(cmd)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &proxyConn{Reader: stdout, WriteCloser: stdin, cmd: cmd, said: said}, nil
}

// userShell is what ssh runs a ProxyCommand by, for who has this environment.
func userShell(env []string) string {
	shell := "/bin/sh"
	for _, e := range env { // of several, the last one counts
		if s, ok := strings.CutPrefix(e, "SHELL="); ok && s != "" {
			shell = s
		}
	}
	return shell
}

// A proxyConn is a process as a net.Conn.
type proxyConn struct {
	io.Reader
	io.WriteCloser
	cmd  *exec.Cmd
	said *lastWords // final after Close
	once sync.Once
}

// lastWords keeps the end of what is written to it.
type lastWords struct{ b []byte }

func (l *lastWords) Write(p []byte) (int, error) {
	l.b = append(l.b, p...)
	l.b = l.b[max(0, len(l.b)-1024):]
	return len(p), nil
}

// proxyError is the end of a proxy command before there was a connection; err
// where nc is none, or it is not that. nc is closed.
func proxyError(nc net.Conn, err error, head []byte) error {
	p, ok := nc.(*proxyConn)
	if !ok || !isClosed(err) || len(head) > 0 {
		return err
	}
	if said := lastLine(string(p.said.b)); said != "" {
		return &proxyFailed{fmt.Sprintf("the proxy command ended: it said %q", said)}
	}
	return &proxyFailed{"the proxy command ended without a word"}
}

// proxyFailed says why a proxy command gave no connection.
type proxyFailed struct{ text string }

func (e *proxyFailed) Error() string { return e.text }

// Close ends the process and waits for it.
func (p *proxyConn) Close() error {
	p.once.Do(func() {
		_ = p.WriteCloser.Close()
		endGroup(p.cmd)
		_ = p.cmd.Wait() // its status says nothing: we ended it
	})
	return nil
}

func (p *proxyConn) LocalAddr() net.Addr  { return channelAddr("proxy command") }
func (p *proxyConn) RemoteAddr() net.Addr { return channelAddr("proxy command") }

func (p *proxyConn) SetDeadline(time.Time) error      { return errNoDeadline }
func (p *proxyConn) SetReadDeadline(time.Time) error  { return errNoDeadline }
func (p *proxyConn) SetWriteDeadline(time.Time) error { return errNoDeadline }
