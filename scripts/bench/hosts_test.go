package bench

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"fleet/pool"
	"fleet/transport"
)

// perListener is how many hosts share a port. The pool opens few connections at
// a time to one port, as servers drop what is too much (MaxStartups).
const perListener = 100

// hosts starts a server process and returns n targets on it, each known by a
// name of its own.
func hosts(tb testing.TB, n int) []transport.Target {
	tb.Helper()
	dir := tb.TempDir()
	identity, public := newIdentity(tb, dir)
	ready := startServer(tb, serverJob{
		Listeners:     (n + perListener - 1) / perListener,
		AuthorizedKey: base64.StdEncoding.EncodeToString(public.Marshal()),
	})
	knownHosts := filepath.Join(dir, "known_hosts")
	targets := make([]transport.Target, n)
	for i := range targets {
		name := fmt.Sprintf("host%05d", i)
		targets[i] = transport.Target{
			Name: name, Address: "127.0.0.1", Port: ready.Ports[i%len(ready.Ports)], User: "bench",
			Login:   transport.Login{Identities: []string{identity}, Explicit: true, IdentitiesOnly: true},
			HostKey: transport.HostKey{Alias: name, Files: []string{knownHosts}},
			// The key exchange of all comparisons: the embedded server also has
			// ML-KEM, which the servers of today mostly have not.
			Link: transport.LinkOptions{ConnectTimeout: 60 * time.Second, KeyExchanges: []string{"curve25519-sha256"}},
		}
	}
	writeKnownHosts(tb, knownHosts, targets, ready.HostKey)
	return targets
}

// newIdentity makes the key that logs in.
func newIdentity(tb testing.TB, dir string) (path string, public ssh.PublicKey) {
	tb.Helper()
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		tb.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		tb.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		tb.Fatal(err)
	}
	path = filepath.Join(dir, "id_ed25519")
	if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
		tb.Fatal(err)
	}
	return path, signer.PublicKey()
}

func writeKnownHosts(tb testing.TB, path string, targets []transport.Target, key string) {
	tb.Helper()
	f, err := os.Create(path)
	if err != nil {
		tb.Fatal(err)
	}
	w := bufio.NewWriter(f)
	for i := range targets {
		fmt.Fprintf(w, "%s %s\n", targets[i].HostKey.Alias, key)
	}
	if err := w.Flush(); err != nil {
		tb.Fatal(err)
	}
	if err := f.Close(); err != nil {
		tb.Fatal(err)
	}
}

// newPool returns a pool that ends with the benchmark.
func newPool(tb testing.TB, cfg pool.Config) *pool.Pool {
	p := pool.New(cfg)
	tb.Cleanup(func() {
		if err := p.Close(); err != nil {
			tb.Error(err)
		}
	})
	return p
}

// run runs a command that has to succeed.
func run(ctx context.Context, p *pool.Pool, t transport.Target, c transport.Command) error {
	status, err := p.Run(ctx, t, &c)
	if err == nil && !status.OK() {
		err = fmt.Errorf("%s: exit status %d", t.Name, status.Code)
	}
	return err
}
