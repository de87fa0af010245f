//go:build unix

package examples_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// A database is one that knows the version of its schema, and nothing else.
type database struct {
	mu     sync.Mutex
	schema string
	asked  int // requests
}

func (d *database) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked++
	if r.Method == http.MethodPut {
		text, _ := io.ReadAll(r.Body)
		d.schema = string(text)
	}
	_, _ = io.WriteString(w, d.schema)
}

// state is the version, and how often anything was asked for.
func (d *database) state() (schema string, asked int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.schema, d.asked
}

// withDatabases gives each host of the scene a database of its own.
func withDatabases(t *testing.T, s *scene) map[string]*database {
	t.Helper()
	all := map[string]*database{}
	var ports strings.Builder
	for _, host := range s.hosts {
		db := &database{schema: "1"}
		server := httptest.NewServer(db)
		t.Cleanup(server.Close)
		all[host] = db
		fmt.Fprintf(&ports, "host %q { vars = { port = %d } }\n", host, server.Listener.Addr().(*net.TCPAddr).Port)
	}
	s.write(t, "ports.fleet.hcl", ports.String())
	return all
}

func TestALocalToolReachesPrivateDatabasesThroughTheFleet(t *testing.T) {
	everywhere(t, "private", func(t *testing.T, s *scene) {
		databases := withDatabases(t, s)
		status, stdout, stderr := s.fleet(t, "plan", "-e", "schema=3", "--detailed-exitcode")
		if status != 2 {
			t.Errorf("the plan ends with exit status %d, want 2\n%s%s", status, stdout, stderr)
		}
		for host, db := range databases {
			if _, asked := db.state(); asked > 0 {
				t.Errorf("the plan has asked the database of %s", host)
			}
		}

		// The second time there is nothing to do but to look.
		for _, want := range []string{"ok", "skipped"} {
			s.must(t, "apply", "-e", "schema=3")
			for host, db := range databases {
				if schema, _ := db.state(); schema != "3" {
					t.Errorf("the database of %s has schema %s", host, schema)
				}
			}
			ends := map[string]int{}
			for _, h := range s.happened(t, "") {
				if h.Event == "step_end" {
					ends[h.Step+" "+h.Outcome]++
				}
			}
			for _, end := range []string{"database ok", "schema " + want, "report ok"} {
				if ends[end] != len(s.hosts) {
					t.Errorf("the steps ended as %v, and %q is not there for each host", ends, end)
				}
			}
		}
	})
}

func TestATunnelToAPrivateDatabaseIsDeclared(t *testing.T) {
	t.Parallel()
	s := onLab(t, "private")
	withDatabases(t, s)
	// Other tests, and other people, may listen on the ports of the example.
	s.edit(t, "inventory.fleet.hcl", "15432 + host.index", "0")
	if said := s.must(t, "tunnel", "database", "--exec", "curl -fsS http://$ADDRESS/schema; echo"); strings.Count(said, "1\n") != len(s.hosts) {
		t.Errorf("fleet tunnel says\n%s", said)
	}
}
