//go:build !windows

package tunnel_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"fleet/internal/forward"
	"fleet/internal/sshd"
	"fleet/pool/tunnel"
	"fleet/transport"
)

// bindError is what New says to a host for each list of rules.
func bindError(t *testing.T, hosts ...[]forward.Rule) error {
	t.Helper()
	var specs []tunnel.Spec
	for i, rules := range hosts {
		specs = append(specs, tunnel.Spec{Target: transport.Target{Name: "db" + strconv.Itoa(i+1), User: "user"}, Rules: rules})
	}
	s, err := tunnel.New(tunnel.Config{Transport: transport.Local{}}, specs)
	if err == nil {
		_ = s.Close()
	}
	return err
}

func saysAll(t *testing.T, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("it was bound")
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%q does not say %q", err, w)
		}
	}
}

func TestWhatCannotBeBoundIsAnErrorAndNothingIsBound(t *testing.T) {
	taken := tcpService(t, echo)
	takenSocket := serviceAt(t, "unix", filepath.Join(t.TempDir(), "s"), echo)
	file := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	free := deadAddress(t)
	at := func(e forward.Endpoint) []forward.Rule {
		return []forward.Rule{{Kind: forward.Local, Listen: e, To: forward.TCP("localhost", 80)}}
	}
	permit, err := forward.ParsePermit("10.0.0.0/8:*")
	if err != nil {
		t.Fatal(err)
	}
	_, self := filepath.Split(os.Args[0])
	self = self[:min(len(self), 15)] // as the kernel keeps it
	for name, tt := range map[string]struct {
		hosts [][]forward.Rule
		words []string
	}{
		"port":     {[][]forward.Rule{at(free), at(taken.endpoint())}, []string{"db2", taken.Addr().String(), "in use", self, strconv.Itoa(os.Getpid())}},
		"socket":   {[][]forward.Rule{at(takenSocket.endpoint())}, []string{"db1", takenSocket.Addr().String(), "in use", self}},
		"file":     {[][]forward.Rule{at(forward.Unix(file))}, []string{file, "not a socket"}},
		"wide":     {[][]forward.Rule{at(forward.TCP("*", 0))}, []string{"*:0", "here", "loopback"}},
		"far wide": {[][]forward.Rule{{{Kind: forward.Remote, Listen: forward.TCP("*", 80), To: forward.TCP("localhost", 80)}}}, []string{"*:80", "on the host"}},
		"permit": {
			[][]forward.Rule{{{Kind: forward.Remote, Listen: forward.TCP("localhost", 80), To: forward.TCP("192.168.0.1", 80), Permit: forward.Permits{permit}}}},
			[]string{"192.168.0.1:80", "not permitted"},
		},
		"same port": {[][]forward.Rule{at(free), at(free)}, []string{free.String(), "db1", "db2"}},
		"twice":     {[][]forward.Rule{append(at(free), at(free)...)}, []string{free.String(), "twice"}},
		"other words": {
			[][]forward.Rule{at(free), at(forward.TCP("localhost", free.Port()))},
			[]string{free.String(), "localhost", "db1", "db2", "twice"},
		},
		"all": {[][]forward.Rule{at(taken.endpoint()), at(forward.TCP("*", 0))}, []string{"in use", "loopback"}},
	} {
		t.Run(name, func(t *testing.T) {
			saysAll(t, bindError(t, tt.hosts...), tt.words...)
			ln, err := net.Listen("tcp", free.Address)
			if err != nil {
				t.Fatalf("something stayed bound: %v", err)
			}
			_ = ln.Close()
		})
	}
	if err := bindError(t, at(taken.endpoint())); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("%v is not EADDRINUSE", err)
	}
}

func TestTwoBlocksWithOneAddressAreNamed(t *testing.T) {
	rules := []forward.Rule{{Kind: forward.Local, Listen: deadAddress(t), To: forward.TCP("localhost", 80)}}
	_, err := tunnel.New(tunnel.Config{Transport: transport.Local{}}, []tunnel.Spec{
		{Name: "x", Target: transport.Target{Name: "ra"}, Rules: rules},
		{Name: "y", Target: transport.Target{Name: "rc"}, Rules: rules},
	})
	saysAll(t, err, `ra (tunnel "x")`, `rc (tunnel "y")`, "twice")
}

func TestAWideBindIsAllowedOnDemand(t *testing.T) {
	s, err := tunnel.New(tunnel.Config{Transport: transport.Local{}}, []tunnel.Spec{{
		Target: transport.Target{Name: "db"}, Gateway: true,
		Rules: []forward.Rule{{Kind: forward.Local, Listen: forward.TCP("*", 0), To: forward.TCP("localhost", 80)}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if at := s.Status()[0].Listen; at.Host() != "" || at.Port() == 0 {
		t.Errorf("listens at %s", at)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestASocketIsPrivateAndReplacesAStaleOneAndGoesWithTheSet(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	stale, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	stale.(*net.UnixListener).SetUnlinkOnClose(false)
	_ = stale.Close()

	old := syscall.Umask(0)
	s, err := tunnel.New(tunnel.Config{Transport: newPool(t)}, []tunnel.Spec{{
		Target: serve(t, sshd.Config{}),
		Rules:  []forward.Rule{{Kind: forward.Local, Listen: forward.Unix(path), To: tcpService(t, echo).endpoint()}},
	}})
	syscall.Umask(old)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	info, err := os.Lstat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got mode %v, %v; want 0600", info.Mode(), err)
	}
	s.Start(t.Context())
	says(t, connectTo(t, s, 0), "hello")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is still there: %v", err)
	}
}

func TestASocketOfAnotherIsNotRemovedAtTheEnd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	s, err := tunnel.New(tunnel.Config{Transport: transport.Local{}}, []tunnel.Spec{{
		Target: transport.Target{Name: "db"},
		Rules:  []forward.Rule{{Kind: forward.Local, Listen: forward.Unix(path), To: forward.TCP("localhost", 80)}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path, path+".old"); err != nil {
		t.Fatal(err)
	}
	serviceAt(t, "unix", path, echo)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(path); err != nil {
		t.Errorf("another's socket was removed: %v", err)
	}
}
