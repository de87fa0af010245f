package sshd

import (
	"bytes"
	"net"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/crypto/ssh"
)

func TestMain(m *testing.M) {
	if addr := os.Getenv("SSHD_TEST_IDLE"); addr != "" {
		idleClient(addr)
		return
	}
	goleak.VerifyTestMain(m)
}

// patience bounds every wait; nothing depends on its length.
const patience = 30 * time.Second

// A lab is a server under test and a key that may log in.
type lab struct {
	*Server
	t    *testing.T
	addr string
	key  *Key
}

// start serves conf on loopback until the test ends, and fails the test when
// a process is left then.
func start(t *testing.T, conf Config) *lab {
	t.Helper()
	key, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	if len(conf.AuthorizedKeys) == 0 && conf.Password == "" && conf.Questions == nil && conf.UserCAs == nil {
		conf.AuthorizedKeys = []ssh.PublicKey{key.PublicKey()}
	}
	if conf.Home == "" {
		conf.Home = t.TempDir()
	}
	s, err := New(conf)
	if err != nil {
		t.Fatal(err)
	}
	return &lab{Server: s, t: t, addr: listen(t, s), key: key}
}

func listen(t *testing.T, s *Server) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

func (l *lab) clientConfig(auth ...ssh.AuthMethod) *ssh.ClientConfig {
	if auth == nil {
		auth = []ssh.AuthMethod{ssh.PublicKeys(l.key)}
	}
	return &ssh.ClientConfig{
		User:            "op",
		Auth:            auth,
		HostKeyCallback: ssh.FixedHostKey(l.HostKey()),
		Timeout:         patience,
	}
}

// connect is Dial with a bound over the whole login.
func (l *lab) connect(conf *ssh.ClientConfig) (*ssh.Client, error) {
	nc, err := net.Dial("tcp", l.addr)
	if err != nil {
		return nil, err
	}
	if err := nc.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	sc, channels, requests, err := ssh.NewClientConn(nc, l.addr, conf)
	if err != nil {
		_ = nc.Close()
		return nil, err
	}
	return ssh.NewClient(sc, channels, requests), nc.SetDeadline(time.Time{})
}

func (l *lab) dial() *ssh.Client {
	l.t.Helper()
	c, err := l.connect(l.clientConfig())
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { _ = c.Close() })
	return c
}

func (l *lab) session(c *ssh.Client) *ssh.Session {
	l.t.Helper()
	s, err := c.NewSession()
	if err != nil {
		l.t.Fatal(err)
	}
	return s
}

// run runs a command and returns its output and how it ended.
func (l *lab) run(c *ssh.Client, command string) (stdout, stderr string, err error) {
	l.t.Helper()
	s := l.session(c)
	defer func() { _ = s.Close() }()
	var out, errs bytes.Buffer
	s.Stdout, s.Stderr = &out, &errs
	err = s.Run(command)
	return out.String(), errs.String(), err
}

// eventually polls until ok; what it waits for happens in another process.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("never happened: %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
