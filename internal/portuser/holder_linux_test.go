package portuser

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// me is how this process is named.
func me(t *testing.T) string {
	t.Helper()
	name, err := os.ReadFile("/proc/self/comm")
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%s (pid %d)", strings.TrimSpace(string(name)), os.Getpid())
}

func TestTheHolderOfAPortIsNamed(t *testing.T) {
	for _, listen := range []string{"127.0.0.1:0", ":0", "[::1]:0", "0.0.0.0:0"} {
		l, err := net.Listen("tcp", listen)
		if err != nil {
			t.Fatal(err)
		}
		port := l.Addr().(*net.TCPAddr).Port
		asked := []string{fmt.Sprintf(":%d", port), fmt.Sprintf("localhost:%d", port), fmt.Sprintf("0.0.0.0:%d", port)}
		if listen != "[::1]:0" {
			asked = append(asked, fmt.Sprintf("127.0.0.1:%d", port))
		}
		for _, addr := range asked {
			if got, ok := Holder("tcp", addr); !ok || got != me(t) {
				t.Errorf("the holder of %s, where %s listens, is %q, %v; want %q", addr, l.Addr(), got, ok, me(t))
			}
		}
		l.Close()
		if got, ok := Holder("tcp", asked[0]); ok {
			t.Errorf("the holder of a free port is %q", got)
		}
	}
}

func TestTheHolderOfASocketIsNamed(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "a socket: x")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	other := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(folder, other); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{path, filepath.Join(other, "a socket: x")} {
		if got, ok := Holder("unix", p); !ok || got != me(t) {
			t.Errorf("the holder of %s is %q, %v; want %q", p, got, ok, me(t))
		}
	}
	if got, ok := Holder("unix", filepath.Join(folder, "none")); ok {
		t.Errorf("the holder of no socket is %q", got)
	}
}

func TestWhatIsNoAddressHasNoHolder(t *testing.T) {
	for _, addr := range []string{"", "x", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:http", "127.0.0.1:70000", "::1:80"} {
		if got, ok := Holder("tcp", addr); ok {
			t.Errorf("the holder of %q is %q", addr, got)
		}
	}
	if _, ok := Holder("udp", "127.0.0.1:53"); ok {
		t.Error("a holder of a UDP port")
	}
}
