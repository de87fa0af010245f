package sshd

import (
	"errors"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
)

// upper answers one connection: it reads to the end, and only then writes.
func upper(t *testing.T, l net.Listener) {
	t.Helper()
	done := make(chan struct{})
	t.Cleanup(func() { _ = l.Close(); <-done })
	go func() {
		defer close(done)
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			b, _ := io.ReadAll(nc)
			_, _ = io.WriteString(nc, strings.ToUpper(string(b)))
			_ = nc.Close()
		}
	}()
}

// ask sends text, half-closes, and returns the answer.
func ask(t *testing.T, nc net.Conn, text string) string {
	t.Helper()
	defer nc.Close()
	if _, err := io.WriteString(nc, text); err != nil {
		t.Fatal(err)
	}
	if err := nc.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(nc)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestForwards(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		addr := "127.0.0.1:0"
		if network == "unix" {
			addr = filepath.Join(t.TempDir(), "s")
		}
		t.Run("local "+network, func(t *testing.T) {
			target, err := net.Listen(network, addr)
			if err != nil {
				t.Fatal(err)
			}
			upper(t, target)
			nc, err := start(t, Config{}).dial().Dial(network, target.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			if got := ask(t, nc, "hello"); got != "HELLO" {
				t.Errorf("got %q", got)
			}
		})
		t.Run("remote "+network, func(t *testing.T) {
			c := start(t, Config{}).dial()
			remote, err := c.Listen(network, addr)
			if err != nil {
				t.Fatal(err)
			}
			upper(t, remote)
			nc, err := net.Dial(network, remote.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			if got := ask(t, nc, "hello"); got != "HELLO" {
				t.Errorf("got %q", got)
			}
			if err := remote.Close(); err != nil {
				t.Error(err)
			}
			if nc, err := net.Dial(network, remote.Addr().String()); err == nil {
				_ = nc.Close()
				t.Error("still listening after the cancel")
			}
		})
	}
}

func TestRefusedForwards(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free := l.Addr().String()
	_ = l.Close()
	for _, tt := range []struct {
		name   string
		conf   Config
		reason ssh.RejectionReason
		text   string
	}{
		{"nobody there", Config{}, ssh.ConnectionFailed, "Connection refused"},
		{"not allowed", Config{NoForwarding: true}, ssh.Prohibited, "open failed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := start(t, tt.conf).dial().Dial("tcp", free)
			var open *ssh.OpenChannelError
			if !errors.As(err, &open) || open.Reason != tt.reason || open.Message != tt.text {
				t.Errorf("got %v, want %v: %s", err, tt.reason, tt.text)
			}
		})
	}
	t.Run("listening", func(t *testing.T) {
		if _, err := start(t, Config{NoForwarding: true}).dial().Listen("tcp", "127.0.0.1:0"); err == nil {
			t.Error("listens")
		}
	})
}

func TestForwardsEndWithTheConnection(t *testing.T) {
	l := start(t, Config{})
	c := l.dial()
	remote, err := c.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
	eventually(t, "the listener is closed", func() bool {
		nc, err := net.Dial("tcp", remote.Addr().String())
		if err == nil {
			_ = nc.Close()
		}
		return err != nil
	})
}

func TestSFTP(t *testing.T) {
	l := start(t, Config{})
	c, err := sftp.NewClient(l.dial())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	f, err := c.Create("file")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("content")); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	st, err := c.Stat(filepath.Join(l.conf.Home, "file"))
	if err != nil || st.Size() != 7 {
		t.Errorf("got %v, %v", st, err)
	}
	if _, err := sftp.NewClient(start(t, Config{NoSFTP: true}).dial()); err == nil {
		t.Error("sftp although it is turned off")
	}
}
