package pool

import (
	"io"
	"net"
	"os"
	"os/exec"
	"sync"
	"time"
)

// startProxy runs command by the user's shell and makes its stdin and stdout
// the connection (ssh_config ProxyCommand). Its stderr is dropped, as nobody
// can tell whose it is among many hosts. Closing the connection ends it with
// all that it started.
func startProxy(command string) (net.Conn, error) {
	cmd := shellCommand(command)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	ownGroup(cmd)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &proxyConn{Reader: stdout, WriteCloser: stdin, cmd: cmd}, nil
}

// userShell is what ssh runs a ProxyCommand by.
func userShell() string {
	if s := os.Getenv("SHELL"); s != "" {
		return s
	}
	return "/bin/sh"
}

// A proxyConn is a process as a net.Conn.
type proxyConn struct {
	io.Reader
	io.WriteCloser
	cmd  *exec.Cmd
	once sync.Once
}

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
