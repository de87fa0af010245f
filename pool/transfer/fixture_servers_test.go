//go:build !windows

package transfer

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"fleet/internal/opensshd"
	"fleet/internal/sshd"
	"fleet/pool"
	"fleet/transport"
)

// busyboxHost has the tools of busybox, and no sftp.
func busyboxHost(t testing.TB) *testHost {
	t.Helper()
	return embedded(t, "busybox", sshd.Config{NoSFTP: true, Env: []string{"PATH=" + busybox(t)}})
}

// bareHost is one without stat, SHA-256 and tar, such as a small router.
func bareHost(t testing.TB) *testHost {
	t.Helper()
	path := busybox(t)
	for _, tool := range []string{"stat", "sha256sum", "openssl", "tar", "getent"} {
		_ = os.Remove(filepath.Join(path, tool)) // it may not be among them
	}
	return embedded(t, "busybox with few tools", sshd.Config{NoSFTP: true, Env: []string{"PATH=" + path}})
}

// busybox returns a folder with its tools.
func busybox(t testing.TB) string {
	t.Helper()
	needTool(t, "busybox")
	file, err := exec.LookPath("busybox")
	if err != nil {
		t.Fatal(err)
	}
	list, err := exec.Command(file, "--list").Output()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, tool := range strings.Fields(string(list)) {
		if err := os.Symlink(file, filepath.Join(dir, tool)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// startDropbear starts dropbear for the account of h, which ends with the test.
func startDropbear(t testing.TB, s *opensshd.Server, h *testHost) {
	t.Helper()
	keys := filepath.Join(s.Home, ".ssh")
	if err := os.Mkdir(keys, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(keys, "authorized_keys"), []byte(s.PublicKey+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	hostKey := filepath.Join(s.Dir, "dropbear_host_key")
	if out, err := exec.Command("dropbearkey", "-t", "ed25519", "-f", hostKey).CombinedOutput(); err != nil {
		t.Fatalf("dropbearkey: %v: %s", err, out)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	clients := h.Transport.(*pool.Pool)
	var served sync.WaitGroup
	served.Go(func() { // ends with ln
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			served.Go(func() { serveDropbear(t, nc.(*net.TCPConn), hostKey) })
		}
	})
	t.Cleanup(func() {
		_ = ln.Close()
		_ = clients.Close() // so that the servers end
		served.Wait()
	})
	h.Target.Port = ln.Addr().(*net.TCPAddr).Port
	h.Target.HostKey = transport.HostKey{Files: []string{filepath.Join(s.Dir, "dropbear_known_hosts")}, Policy: transport.HostKeyAcceptNew}
}

// serveDropbear has dropbear serve one connection, as inetd would.
func serveDropbear(t testing.TB, nc *net.TCPConn, hostKey string) {
	defer nc.Close()
	f, err := nc.File()
	if err != nil {
		t.Error(err)
		return
	}
	defer f.Close()
	cmd := exec.Command("dropbear", "-i", "-s", "-r", hostKey)
	cmd.Stdin, cmd.Stdout = f, f
	_ = cmd.Run() // how it ends does not matter
}
