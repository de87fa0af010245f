package sshd

import (
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

func TestLogins(t *testing.T) {
	user, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	ca, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	certify := func(principal string, until time.Time) ssh.AuthMethod {
		cert := &ssh.Certificate{Key: user.PublicKey(), CertType: ssh.UserCert, ValidPrincipals: []string{principal}, ValidBefore: uint64(until.Unix())}
		if err := cert.SignCert(strings.NewReader(strings.Repeat("n", 64)), ca); err != nil {
			t.Fatal(err)
		}
		signer, err := ssh.NewCertSigner(cert, user)
		if err != nil {
			t.Fatal(err)
		}
		return ssh.PublicKeys(signer)
	}
	answer := func(text string) ssh.AuthMethod {
		return ssh.KeyboardInteractive(func(_, _ string, q []string, _ []bool) ([]string, error) {
			a := make([]string, len(q))
			for i := range a {
				a[i] = text
			}
			return a, nil
		})
	}
	keys := Config{AuthorizedKeys: []ssh.PublicKey{user.PublicKey()}}
	cas := Config{UserCAs: []ssh.PublicKey{ca.PublicKey()}}
	asks := Config{Questions: []Question{{Prompt: "Code: ", Answer: "42"}}}
	for _, tt := range []struct {
		name string
		conf Config
		auth ssh.AuthMethod
		ok   bool
	}{
		{"key", keys, ssh.PublicKeys(user), true},
		{"other key", keys, ssh.PublicKeys(ca), false},
		{"other user", Config{AuthorizedKeys: keys.AuthorizedKeys, User: "root"}, ssh.PublicKeys(user), false},
		{"certificate", cas, certify("op", time.Now().Add(time.Hour)), true},
		{"expired certificate", cas, certify("op", time.Now().Add(-time.Hour)), false},
		{"certificate of another", cas, certify("root", time.Now().Add(time.Hour)), false},
		{"password", Config{Password: "secret"}, ssh.Password("secret"), true},
		{"wrong password", Config{Password: "secret"}, ssh.Password("guess"), false},
		{"answers", asks, answer("42"), true},
		{"wrong answers", asks, answer("43"), false},
		{"refused", Config{AuthorizedKeys: keys.AuthorizedKeys, Faults: Faults{RefuseAuth: true}}, ssh.PublicKeys(user), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := start(t, tt.conf)
			c, err := l.connect(l.clientConfig(tt.auth))
			if c != nil {
				defer func() { _ = c.Close() }()
			}
			if (err == nil) != tt.ok {
				t.Errorf("got %v, want success %v", err, tt.ok)
			}
			if err != nil && !strings.Contains(err.Error(), "unable to authenticate") {
				t.Errorf("got %v, want a refused login", err)
			}
		})
	}
	t.Run("nobody", func(t *testing.T) {
		if _, err := New(Config{}); err == nil {
			t.Error("a server nobody can log in to")
		}
	})
}

// TestFaultsAtConnect is what a client reads before the login.
func TestFaultsAtConnect(t *testing.T) {
	for _, tt := range []struct {
		name   string
		faults Faults
		want   string // the first bytes; empty is none
		ends   bool   // the connection ends by itself
	}{
		{"healthy", Faults{}, DefaultVersion + "\r\n", false},
		{"refuse", Faults{Refuse: true}, "", true},
		{"garbage", Faults{Garbage: "HTTP/1.1 400 Bad Request\r\n"}, "HTTP/1.1 400 Bad Request\r\n", true},
		{"slow", Faults{BannerDelay: 50 * time.Millisecond}, DefaultVersion + "\r\n", false},
		{"far", Faults{Latency: 20 * time.Millisecond}, DefaultVersion + "\r\n", false},
		{"dropped in the banner", Faults{DropBytes: 7}, DefaultVersion[:7], true},
		{"dropped in time", Faults{Mute: true, DropAfter: 10 * time.Millisecond}, "", true},
		{"full", Faults{MaxStartups: Startups{1, 100, 1}}, "Exceeded MaxStartups\r\n", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := start(t, Config{Faults: tt.faults})
			if tt.faults.MaxStartups.Begin > 0 {
				first, err := net.Dial("tcp", l.addr)
				if err != nil {
					t.Fatal(err)
				}
				defer first.Close()
				eventually(t, "the first connection is pending", func() bool { return l.Stats().PeakPending == 1 })
			}
			begun := time.Now()
			nc, err := net.Dial("tcp", l.addr)
			if err != nil {
				if tt.faults.Refuse && errors.Is(err, syscall.ECONNRESET) {
					return // the reset was faster than Dial
				}
				t.Fatal(err)
			}
			defer nc.Close()
			_ = nc.SetReadDeadline(time.Now().Add(patience))
			got := make([]byte, len(tt.want))
			if _, err := io.ReadFull(nc, got); err != nil || string(got) != tt.want {
				t.Errorf("got %q, %v, want %q", got, err, tt.want)
			}
			if took, least := time.Since(begun), max(tt.faults.BannerDelay, tt.faults.Latency); took < least {
				t.Errorf("took %v, want at least %v", took, least)
			}
			if tt.ends {
				var timeout net.Error
				if n, err := nc.Read(make([]byte, 64)); err == nil || errors.As(err, &timeout) && timeout.Timeout() {
					t.Errorf("got %d more bytes, %v; want the end", n, err)
				}
			}
		})
	}
}

func TestSilence(t *testing.T) {
	for name, f := range map[string]Faults{"mute": {Mute: true}, "auth": {SilentAuth: true}, "frozen": {Freeze: true}} {
		t.Run(name, func(t *testing.T) {
			l := start(t, Config{Faults: f})
			nc, err := net.Dial("tcp", l.addr)
			if err != nil {
				t.Fatal(err)
			}
			failed := make(chan error, 1)
			go func() {
				_, _, _, err := ssh.NewClientConn(nc, l.addr, l.clientConfig())
				failed <- err
			}()
			select {
			case err := <-failed:
				_ = nc.Close()
				t.Fatalf("got %v, want silence", err)
			case <-time.After(150 * time.Millisecond): // long enough for a login
			}
			_ = nc.Close()
			if err := <-failed; err == nil {
				t.Error("logged in")
			}
		})
	}
}

func TestWrongHostKey(t *testing.T) {
	other, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	l := start(t, Config{Faults: Faults{HostKey: other}})
	if _, err := l.connect(l.clientConfig()); err == nil || !strings.Contains(err.Error(), "host key mismatch") {
		t.Errorf("got %v, want a host key mismatch", err)
	}
}

func TestMaxSessions(t *testing.T) {
	l := start(t, Config{Faults: Faults{MaxSessions: 2}})
	c := l.dial()
	first, second := l.session(c), l.session(c)
	_, err := c.NewSession()
	var open *ssh.OpenChannelError
	if !errors.As(err, &open) || open.Reason != ssh.ConnectionFailed || open.Message != "open failed" {
		t.Errorf("got %v, want the refusal of OpenSSH", err)
	}
	if err := first.Run("true"); err != nil {
		t.Error(err)
	}
	// The slot is free by the time a client knows that its command has ended.
	third := l.session(c)
	_ = second.Close()
	_ = third.Close()
	eventually(t, "no session is open", func() bool { return l.Stats().Sessions == 0 })
	if got := l.Stats().PeakSessions; got != 2 {
		t.Errorf("got a peak of %d sessions, want 2", got)
	}
}

func TestMaxStartupsIsThatOfSSHD(t *testing.T) {
	for _, tt := range []struct {
		s             Startups
		pending, roll int
		want          bool
	}{
		{Startups{}, 1000, 0, false},
		{Startups{10, 30, 100}, 9, 0, false},
		{Startups{10, 30, 100}, 10, 29, true},
		{Startups{10, 30, 100}, 10, 30, false},
		{Startups{10, 30, 100}, 55, 64, true},
		{Startups{10, 30, 100}, 55, 65, false},
		{Startups{10, 30, 100}, 100, 99, true},
		{Startups{10, 100, 20}, 10, 99, true},
	} {
		if got := tt.s.drops(tt.pending, tt.roll); got != tt.want {
			t.Errorf("%v with %d pending and a roll of %d: got %v", tt.s, tt.pending, tt.roll, got)
		}
	}
	for _, bad := range []Startups{{Begin: 0, Rate: 30, Full: 100}, {10, 0, 100}, {10, 101, 100}, {10, 30, 9}} {
		if _, err := New(Config{NoAuth: true, Faults: Faults{MaxStartups: bad}}); err == nil {
			t.Errorf("%v was accepted", bad)
		}
	}
}

func TestFaultsInSessions(t *testing.T) {
	l := start(t, Config{Faults: Faults{NoExitStatus: true}})
	c := l.dial()
	var missing *ssh.ExitMissingError
	if _, _, err := l.run(c, "true"); !errors.As(err, &missing) {
		t.Errorf("got %v, want no status", err)
	}
	if err := l.SetFaults(Faults{RefuseExec: true}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := l.run(c, "true"); err == nil || errors.As(err, &missing) {
		t.Errorf("got %v, want a refused command", err)
	}
	if err := l.SetFaults(Faults{MaxSessions: -1}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.NewSession(); err == nil {
		t.Error("got a session, want none")
	}
}

func TestDropInTheMiddleOfOutput(t *testing.T) {
	l := start(t, Config{Faults: Faults{DropOutput: 100_000}})
	out, _, err := l.run(l.dial(), "head -c 1000000 /dev/zero")
	if len(out) != 100_000 || err == nil {
		t.Errorf("got %d bytes, %v; want 100000 and an error", len(out), err)
	}
}

func TestStalledInputUsesUpTheWindow(t *testing.T) {
	l := start(t, Config{Faults: Faults{StallInput: true}})
	c := l.dial()
	s := l.session(c)
	in, err := s.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start("cat"); err != nil {
		t.Fatal(err)
	}
	wrote := make(chan int64)
	go func() {
		n, _ := io.Copy(in, io.LimitReader(zeros{}, 64<<20))
		wrote <- n
	}()
	// Everything else on the connection goes on.
	if err := l.SetFaults(Faults{}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := l.run(c, "true"); err != nil {
		t.Error(err)
	}
	_ = c.Close()
	if n := <-wrote; n >= 64<<20 {
		t.Errorf("all %d bytes went through", n)
	}
}

func TestFreezeAndThaw(t *testing.T) {
	l := start(t, Config{})
	c := l.dial()
	if err := l.SetFaults(Faults{Freeze: true}); err != nil {
		t.Fatal(err)
	}
	answered := make(chan error, 1)
	go func() {
		ok, _, err := c.SendRequest("keepalive@openssh.com", true, nil)
		if ok {
			err = errors.New("answered with success; OpenSSH answers with a failure")
		}
		answered <- err
	}()
	select {
	case err := <-answered:
		t.Fatalf("got an answer, %v, from a frozen server", err)
	case <-time.After(100 * time.Millisecond):
	}
	if err := l.SetFaults(Faults{}); err != nil {
		t.Fatal(err)
	}
	if err := <-answered; err != nil {
		t.Error(err)
	}
}

func TestDropCutsEverything(t *testing.T) {
	l := start(t, Config{})
	a, b := l.dial(), l.dial()
	if n := l.Drop(); n != 2 {
		t.Errorf("cut %d connections, want 2", n)
	}
	_, _ = a.Wait(), b.Wait()
}

func TestLoginGrace(t *testing.T) {
	l := start(t, Config{LoginGrace: 20 * time.Millisecond})
	nc, err := net.Dial("tcp", l.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	if _, err := io.Copy(io.Discard, nc); err != nil {
		t.Error(err)
	}
}
