//go:build linux

package pool_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"fleet/internal/opensshd"
	"fleet/internal/sshd"
	"fleet/pool"
	"fleet/transport"
)

// saying is a server that says text to everybody and hangs up.
func saying(t *testing.T, text string) transport.Target {
	t.Helper()
	ln := listen(t)
	go func() { // ends with ln
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			_, _ = nc.Write([]byte(text))
			_ = nc.Close()
		}
	}()
	return targetAt(ln.Addr())
}

// refusing is an address that nobody listens on, and nobody else can take.
func refusing(t *testing.T) net.Addr {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: name.(*syscall.SockaddrInet4).Port}
}

// keyFile makes a key and returns its file and its public half.
func keyFile(t *testing.T, mode os.FileMode) (string, ssh.PublicKey) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "id_ed25519")
	if err := os.WriteFile(file, pem.EncodeToMemory(block), mode); err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return file, key
}

func newKey(t *testing.T) ssh.Signer {
	t.Helper()
	key, err := sshd.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// knownHosts makes a known_hosts file that gives target the key, after a
// comment; marker comes before it.
func knownHosts(t *testing.T, marker string, target *transport.Target, key ssh.PublicKey) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "known_hosts")
	text := "# a comment\n" + marker + knownhosts.Line([]string{target.Addr()}, key) + "\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestADialThatFailsSaysWhatWentWrongAndWhatToDo(t *testing.T) {
	t.Parallel()
	authorized := newKey(t).PublicKey()
	unknown := "nonexistent." + strings.ToLower(rand.Text()) + ".invalid"
	for name, test := range map[string]struct {
		target func(*testing.T) transport.Target
		op     string
		kind   transport.Kind
		words  []string
		hint   []string
	}{
		"refused": {
			target: func(t *testing.T) transport.Target { return targetAt(refusing(t)) },
			op:     "connect", kind: transport.KindUnreachable, words: []string{"127.0.0.1:", "connection refused"},
		},
		"no such host": {
			target: func(*testing.T) transport.Target {
				return transport.Target{Name: "web", Address: unknown, User: "user"}
			},
			op: "connect", kind: transport.KindUnreachable, words: []string{unknown, "resolv"},
		},
		"mute": {
			target: func(t *testing.T) transport.Target {
				_, target := serve(t, sshd.Config{Faults: sshd.Faults{Mute: true}})
				target.Link.ConnectTimeout = 3 * time.Second
				return target
			},
			op: "connect", kind: transport.KindUnreachable, words: []string{"no SSH banner", "timed out after 3s"},
		},
		"silent at the login": {
			target: func(t *testing.T) transport.Target {
				_, target := serve(t, sshd.Config{Faults: sshd.Faults{SilentAuth: true}})
				target.Link.ConnectTimeout = 5 * time.Second
				return target
			},
			op: "connect", kind: transport.KindUnreachable, words: []string{"the login did not finish", "timed out after 5s"},
		},
		"not ssh": {
			target: func(t *testing.T) transport.Target { return saying(t, "HTTP/1.1 400 Bad Request\r\n\r\n") },
			op:     "connect", kind: transport.KindUnreachable, words: []string{"not an SSH server", `"HTTP/1.1 400 Bad Request"`},
		},
		"hostile text": {
			target: func(t *testing.T) transport.Target { return saying(t, "\x1b]0;title\x07 220 mail\r\n") },
			op:     "connect", kind: transport.KindUnreachable, words: []string{"not an SSH server", "220 mail"},
		},
		"turned away": {
			target: func(t *testing.T) transport.Target { return saying(t, "Not allowed at this time\r\n") },
			op:     "connect", kind: transport.KindUnreachable, words: []string{"turns this address away", "PerSourcePenalties"},
		},
		"too busy": {
			target: func(t *testing.T) transport.Target {
				target := saying(t, "Exceeded MaxStartups\r\n")
				target.Link.ConnectTimeout = 3 * time.Second
				return target
			},
			op: "connect", kind: transport.KindUnreachable, words: []string{"closed the connection before its banner", "times in 3s"}, hint: []string{"MaxStartups"},
		},
		"no algorithm in common": {
			target: func(t *testing.T) transport.Target {
				_, target := serve(t, sshd.Config{Algorithms: ssh.Config{Ciphers: []string{"aes128-ctr"}}})
				target.Link.Ciphers = []string{"aes256-gcm@openssh.com"}
				return target
			},
			op: "connect", kind: transport.KindUnreachable, words: []string{"no algorithm in common", "aes128-ctr"}, hint: []string{"legacy"},
		},
		"unknown host key": {
			target: func(t *testing.T) transport.Target {
				_, target := serve(t, sshd.Config{})
				target.HostKey = transport.HostKey{Files: []string{knownHosts(t, "", &transport.Target{Address: "other", Port: 22}, authorized)}}
				return target
			},
			op: "host key", kind: transport.KindHostKey, words: []string{"not known", "SHA256:"}, hint: []string{"fingerprint"},
		},
		"changed host key": {
			target: func(t *testing.T) transport.Target {
				_, target := serve(t, sshd.Config{})
				target.HostKey = transport.HostKey{Files: []string{knownHosts(t, "", &target, authorized)}, Policy: transport.HostKeyAcceptNew}
				return target
			},
			op: "host key", kind: transport.KindHostKey, words: []string{"has changed", "known_hosts:2"}, hint: []string{"ssh-keygen -R"},
		},
		"revoked host key": {
			target: func(t *testing.T) transport.Target {
				s, target := serve(t, sshd.Config{})
				target.HostKey = transport.HostKey{Files: []string{knownHosts(t, "@revoked ", &target, s.HostKey())}, Policy: transport.HostKeyAcceptNew}
				return target
			},
			op: "host key", kind: transport.KindHostKey, words: []string{"revoked", "known_hosts:2"}, hint: []string{"do not connect"},
		},
		"wrong key": {
			target: func(t *testing.T) transport.Target {
				_, target := serve(t, sshd.Config{AuthorizedKeys: []ssh.PublicKey{authorized}})
				file, _ := keyFile(t, 0o600)
				target.Login = transport.Login{Identities: []string{file}, Explicit: true}
				return target
			},
			op: "login", kind: transport.KindAuth, words: []string{`refused "user"`, "publickey", "SHA256:", "id_ed25519", "it accepts publickey"}, hint: []string{"knows one of these keys"},
		},
		"no key": {
			target: func(t *testing.T) transport.Target {
				_, target := serve(t, sshd.Config{AuthorizedKeys: []ssh.PublicKey{authorized}})
				return target
			},
			op: "login", kind: transport.KindAuth, words: []string{"nothing to try", "it accepts publickey"}, hint: []string{"ssh-add"},
		},
		"wrong password": {
			target: func(t *testing.T) transport.Target {
				_, target := serve(t, sshd.Config{Password: "right"})
				target.Login.Password = transport.NewSecret("wrong-one")
				target.HostKey = transport.HostKey{Policy: transport.HostKeyAcceptNew, Files: []string{filepath.Join(t.TempDir(), "known_hosts")}}
				return target
			},
			op: "login", kind: transport.KindAuth, words: []string{"tried password", "it accepts password"}, hint: []string{"password"},
		},
		"password for a host that may be anybody": {
			target: func(t *testing.T) transport.Target {
				_, target := serve(t, sshd.Config{Password: "right"})
				target.Login.Password = transport.NewSecret("right")
				return target
			},
			op: "login", kind: transport.KindAuth, words: []string{"nothing to try"}, hint: []string{"key is not checked"},
		},
		"expired certificate": {
			target: func(t *testing.T) transport.Target {
				ca := newKey(t)
				_, target := serve(t, sshd.Config{UserCAs: []ssh.PublicKey{ca.PublicKey()}})
				file, key := keyFile(t, 0o600)
				cert := &ssh.Certificate{Key: key, CertType: ssh.UserCert, KeyId: "me", ValidPrincipals: []string{"user"}, ValidBefore: 1}
				if err := cert.SignCert(rand.Reader, ca); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file+"-cert.pub", ssh.MarshalAuthorizedKey(cert), 0o600); err != nil {
					t.Fatal(err)
				}
				target.Login = transport.Login{Identities: []string{file}, Explicit: true}
				return target
			},
			op: "login", kind: transport.KindAuth, words: []string{"refused"}, hint: []string{"certificate", "expired"},
		},
		"key that others may read": {
			target: func(t *testing.T) transport.Target {
				_, target := serve(t, sshd.Config{AuthorizedKeys: []ssh.PublicKey{authorized}})
				file, _ := keyFile(t, 0o644)
				target.Login = transport.Login{Identities: []string{file}, Explicit: true}
				return target
			},
			kind: transport.KindAuth, words: []string{}, hint: []string{"id_ed25519"},
		},
		"missing key": {
			target: func(t *testing.T) transport.Target {
				_, target := serve(t, sshd.Config{AuthorizedKeys: []ssh.PublicKey{authorized}})
				target.Login = transport.Login{Identities: []string{"/nonexistent/key"}, Explicit: true}
				return target
			},
			kind: transport.KindAuth, words: []string{"/nonexistent/key"},
		},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			target := test.target(t)
			target.Name = "web"
			got := run(t.Context(), newPool(t, pool.Config{}), target, &transport.Command{Script: "true"})
			e := failedAs(t, got.err, test.kind, test.words...)
			if test.op != "" && e.Op != test.op {
				t.Errorf("got op %q of %v, want %q", e.Op, e, test.op)
			}
			for _, w := range test.hint {
				if !strings.Contains(e.Hint, w) {
					t.Errorf("%v: the hint %q does not say %q", e, e.Hint, w)
				}
			}
			if e.Host != "web" || e.Sent || !e.Stopped || strings.Count(e.Error(), "web:") != 1 {
				t.Errorf("got %#v", e)
			}
			if strings.ContainsAny(e.Error()+e.Hint, "\x1b\x07\n") || strings.Contains(e.Error()+e.Hint, "wrong-one") {
				t.Errorf("not fit to be shown: %q, %q", e.Error(), e.Hint)
			}
			t.Logf("%v (hint: %s)", e, e.Hint)
		})
	}
}

// The caller's limit is told from that of the connection.
func TestACallerWhoGivesUpADialIsNotTheHostsFault(t *testing.T) {
	t.Parallel()
	_, target := serve(t, sshd.Config{Faults: sshd.Faults{Mute: true}})
	p := newPool(t, pool.Config{})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	got := run(ctx, p, target, &transport.Command{Script: "true"})
	if e := failedAs(t, got.err, transport.KindTimeout); e.Sent || !e.Stopped {
		t.Errorf("got %#v", e)
	}
}

func TestANewHostKeyIsStoredOnceAndSaid(t *testing.T) {
	t.Parallel()
	_, target := startSSHD(t, opensshd.Options{HostKeys: []string{"ecdsa", "ed25519"}})
	file := filepath.Join(t.TempDir(), "known_hosts")
	target.HostKey = transport.HostKey{Files: []string{file}, Policy: transport.HostKeyAcceptNew}
	notices := make(chan string, 100)
	p := newPool(t, pool.Config{Linger: -1, Notice: func(host, text string) { notices <- host + ": " + text }})
	many(5, func(i int) {
		one := target
		one.Link.KeepaliveMax = i + 1 // a connection each
		if got := run(t.Context(), p, one, &transport.Command{Script: "true"}); got.err != nil {
			t.Error(got.err)
		}
	})
	text, err := os.ReadFile(file)
	if err != nil || bytes.Count(text, []byte("\n")) != 1 {
		t.Errorf("got %q, %v, want one line", text, err)
	}
	if said := <-notices; !strings.Contains(said, "host: new host key") || !strings.Contains(said, file) {
		t.Errorf("got %q", said)
	}
}

// Every way to log in works, and through a real server.
func TestAPasswordLogsInToARealServer(t *testing.T) {
	t.Parallel()
	needRoot(t)
	_, target := startSSHD(t, opensshd.Options{Password: "open sesame"})
	target.Login = transport.Login{Password: transport.NewSecret("open sesame")}
	got := run(t.Context(), newPool(t, pool.Config{}), target, &transport.Command{Script: "echo in"})
	if got.err != nil || got.out != "in\n" {
		t.Errorf("got %+v", got)
	}
	target.Login.Password = transport.NewSecret("wrong")
	got = run(t.Context(), newPool(t, pool.Config{}), target, &transport.Command{Script: "true"})
	_ = failedAs(t, got.err, transport.KindAuth, "tried password")
}

func TestOutOfFileDescriptorsIsSaidWithARemedy(t *testing.T) {
	t.Parallel()
	_, target := serve(t, sshd.Config{Password: "x"})
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), helperEnv+"=full", jobEnv+"="+target.Addr())
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "unreachable: host: connect: too many open files") || !strings.Contains(string(out), "ulimit -n") {
		t.Errorf("got %q, %v", out, err)
	}
}

// The time for a silent host and the time after which it gives up its place may
// end together: the failure counts, and it is not dialed again.
func TestAHostThatIsSilentForItsWholeTimeIsDialedOnce(t *testing.T) {
	t.Parallel()
	const hosts = 10
	server, target := serve(t, sshd.Config{Faults: sshd.Faults{Mute: true}})
	target.Link.ConnectTimeout = time.Second
	p := newPool(t, pool.Config{})
	many(hosts, func(i int) {
		target := target
		target.User = "user" + itoa(i)
		got := run(t.Context(), p, target, &transport.Command{Script: "true"})
		_ = failedAs(t, got.err, transport.KindUnreachable, "timed out after 1s")
	})
	if n := server.Stats().Accepted; n != hosts {
		t.Errorf("%d hosts were dialed %d times", hosts, n)
	}
}
