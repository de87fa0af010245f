package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"fleet/internal/lab"
	"fleet/internal/opensshd"
)

// embeddedLab serves the hosts of a script by the embedded server.
func embeddedLab(ts *testscript.TestScript, dir string, n int, faults []string) {
	l, err := lab.Up(context.Background(), lab.Options{N: n, Dir: dir, Faults: faults})
	ts.Check(err)
	ts.Defer(func() {
		if err := l.Close(); err != nil {
			ts.Logf("close the lab: %v", err)
		}
	})
}

// endLabs ends what a script that failed has left behind.
func endLabs(registry string) {
	dirs, _ := lab.Dirs(registry)
	for _, dir := range dirs {
		_ = lab.Down(context.Background(), dir)
	}
}

// An estate is a few real sshds, shared by the scripts of a test.
type estate struct{ servers []*opensshd.Server }

// newEstate starts n sshds, each of which tells its commands another name.
func newEstate(t *testing.T, n int) *estate {
	t.Helper()
	e := new(estate)
	for i := range n {
		e.servers = append(e.servers, opensshd.Start(t, opensshd.Options{
			NewUser: true, // with rc files that nobody has been at
			Config: []string{
				"SetEnv FLEET_LAB_HOST=" + hostName(i),
				"MaxStartups 1000", // the scripts run all at one time
			},
		}))
	}
	return e
}

func hostName(i int) string { return fmt.Sprintf("lab%02d", i+1) }

// lab writes the folder of a lab that is served by the estate.
func (e *estate) lab(ts *testscript.TestScript, dir string, n int, faults []string) {
	if n > len(e.servers) {
		ts.Fatalf("a script that is marked with confirm has %d hosts at most", len(e.servers))
	}
	var inventory, known strings.Builder
	fmt.Fprintf(&inventory, "connection {\n  identities_only = true\n  known_hosts = [%q]\n  host_key = \"strict\"\n}\n",
		filepath.Join(dir, "known_hosts"))
	fmt.Fprintf(&inventory, "group \"web\" {\n  hosts = [\"lab[01-%02d]\"]\n}\n", n)
	for i, s := range e.servers[:n] {
		port, key := s.Port, s.HostKey
		for _, fault := range faults {
			switch fault {
			case "refuse=" + hostName(i):
				port = closedPort(ts)
			case "hostkey=" + hostName(i):
				key = e.servers[(i+1)%len(e.servers)].HostKey
			}
		}
		fmt.Fprintf(&known, "[%s]:%d %s\n", s.Host, port, key)
		fmt.Fprintf(&inventory, "host %q {\n  address = %q\n  connection {\n    user = %q\n    port = %d\n    identity = [%q]\n  }\n}\n",
			hostName(i), s.Host, s.User, port, s.Identity)
	}
	ts.Check(os.MkdirAll(dir, 0o700))
	ts.Check(os.WriteFile(filepath.Join(dir, "known_hosts"), []byte(known.String()), 0o600))
	ts.Check(os.WriteFile(filepath.Join(dir, "inventory.fleet.hcl"), []byte(inventory.String()), 0o600))
}

// closedPort is a port on which nobody listens. It is below those that the system
// hands out, or another test might listen there before it is used.
func closedPort(ts *testscript.TestScript) int {
	for {
		port := 10_000 + rand.IntN(20_000)
		if l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))); err == nil {
			ts.Check(l.Close())
			return port
		}
	}
}
