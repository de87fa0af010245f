package credential

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/crypto/ssh"

	"fleet/transport"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newEd25519(t testing.TB) ed25519.PrivateKey {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	check(t, err)
	return key
}

func newECDSA(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	return key
}

func newRSA(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	check(t, err)
	return key
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func publicOf(t testing.TB, key any) ssh.PublicKey {
	t.Helper()
	s, err := ssh.NewSignerFromKey(key)
	check(t, err)
	return s.PublicKey()
}

// keyFile writes a private key.
func keyFile(t testing.TB, key any) string {
	t.Helper()
	block, err := ssh.MarshalPrivateKey(key, "test")
	check(t, err)
	return writeFile(t, "id", pem.EncodeToMemory(block))
}

// lockedFile writes a private key whose passphrase is "right". It was made
// with one round of key derivation, which otherwise takes seconds under the
// race detector.
func lockedFile(t testing.TB) (path string, key ssh.PublicKey) {
	t.Helper()
	private, err := os.ReadFile("testdata/locked")
	check(t, err)
	public, err := os.ReadFile("testdata/locked.pub")
	check(t, err)
	key, _, _, _, err = ssh.ParseAuthorizedKey(public)
	check(t, err)
	return writeFile(t, "locked", private), key
}

func writeFile(t testing.TB, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	check(t, os.WriteFile(path, data, 0o600))
	return path
}

func writePublic(t testing.TB, path string, key ssh.PublicKey) {
	t.Helper()
	check(t, os.WriteFile(path, ssh.MarshalAuthorizedKey(key), 0o600))
}

// certify makes a user certificate, valid now, as edit changes it.
func certify(t testing.TB, key any, edit func(*ssh.Certificate)) *ssh.Certificate {
	t.Helper()
	ca, err := ssh.NewSignerFromKey(newEd25519(t))
	check(t, err)
	now := uint64(time.Now().Unix())
	c := &ssh.Certificate{
		Key: publicOf(t, key), CertType: ssh.UserCert, KeyId: "deploy@ci",
		ValidPrincipals: []string{"deploy"}, ValidAfter: now - 3600, ValidBefore: now + 3600,
	}
	if edit != nil {
		edit(c)
	}
	check(t, c.SignCert(rand.Reader, ca))
	return c
}

func target(l transport.Login) *transport.Target {
	return &transport.Target{Name: "web1", User: "deploy", Login: l}
}

// accept makes a server that takes these public keys.
func accept(keys ...ssh.PublicKey) *ssh.ServerConfig {
	return &ssh.ServerConfig{PublicKeyCallback: func(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
		for _, k := range keys {
			if string(k.Marshal()) == string(key.Marshal()) {
				return nil, nil
			}
		}
		return nil, errors.New("unknown key")
	}}
}

// handshake logs l in at a server, and waits until both have ended.
func handshake(t testing.TB, l *Login, cfg *ssh.ServerConfig) error {
	t.Helper()
	host, err := ssh.NewSignerFromKey(newEd25519(t))
	check(t, err)
	cfg.AddHostKey(host)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	defer ln.Close()
	served := make(chan struct{})
	go func() {
		defer close(served)
		nc, err := ln.Accept()
		if err != nil {
			return
		}
		defer nc.Close()
		if conn, _, reqs, err := ssh.NewServerConn(nc, cfg); err == nil {
			go ssh.DiscardRequests(reqs)
			_ = conn.Wait()
		}
	}()
	defer func() { <-served }()
	nc, err := net.Dial("tcp", ln.Addr().String())
	check(t, err)
	stop := context.AfterFunc(l.ctx, func() { nc.Close() })
	defer stop()
	conn, _, reqs, err := ssh.NewClientConn(nc, "web1:22", &ssh.ClientConfig{
		User: l.target.User, AuthCallback: l.Next, HostKeyCallback: ssh.FixedHostKey(host.PublicKey()),
	})
	if err != nil {
		return err
	}
	go ssh.DiscardRequests(reqs)
	check(t, conn.Close())
	_ = conn.Wait()
	return nil
}

// login prepares and does one login; its log is complete.
func login(t testing.TB, s *Store, target *transport.Target, cfg *ssh.ServerConfig) (Log, error) {
	t.Helper()
	l, err := s.Login(t.Context(), target)
	if err != nil {
		return Log{}, err
	}
	err = handshake(t, l, cfg)
	return l.Log(err), err
}

// newStore makes a store that is closed with the test.
func newStore(t testing.TB, prompt func(context.Context, Question) (transport.Secret, error)) *Store {
	s := &Store{Prompt: prompt}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// accepted is the key that let us in, "" when that was none.
func accepted(log Log) string {
	for _, a := range log.Attempts {
		if a.Outcome == Accepted && a.Key != nil {
			return a.Key.Fingerprint
		}
	}
	return ""
}

// offered lists what was offered, as "TYPE fingerprint".
func offered(log Log) []string {
	var list []string
	for _, a := range log.Attempts {
		if a.Key != nil {
			list = append(list, a.Key.Type+" "+a.Key.Fingerprint)
		}
	}
	return list
}

func label(key ssh.PublicKey) string {
	return key.Type() + " " + ssh.FingerprintSHA256(plainKey(key))
}

// tool finds a program of OpenSSH.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("FLEET_REQUIRE_SSHD") == "1" {
			t.Fatalf("%s is missing: install openssh-client", name)
		}
		t.Skipf("%s is missing: install openssh-client", name)
	}
	return path
}
