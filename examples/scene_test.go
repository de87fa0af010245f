//go:build unix

package examples_test

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"fleet/internal/lab"
	"fleet/internal/opensshd"
)

// A scene is a copy of an example whose hosts are there.
type scene struct {
	*project
	hosts   []string
	home    map[string]string           // of each host
	lab     *lab.Lab                    // nil on real sshds
	servers map[string]*opensshd.Server // by host; nil on the lab
}

// everywhere plays a scenario on the embedded lab, and on the sshd of OpenSSH.
// One that shows nothing more there is played on the lab alone: a host with an
// sshd, and a user, of its own costs a hundred times as much.
func everywhere(t *testing.T, example string, play func(t *testing.T, s *scene)) {
	t.Helper()
	t.Parallel()
	t.Run("lab", func(t *testing.T) {
		t.Parallel()
		play(t, onLab(t, example))
	})
	t.Run("sshd", func(t *testing.T) {
		t.Parallel()
		play(t, onServers(t, example))
	})
}

// newScene makes the copy. Nothing in it waits for longer than a test has to.
func newScene(t *testing.T, example string) *scene {
	t.Helper()
	s := &scene{project: copyExample(t, example), home: map[string]string{}}
	s.hosts = strings.Fields(s.must(t, "hosts"))
	// All hosts are this machine, with one folder for the locks of all tests.
	lock := regexp.MustCompile(`(\block +=) "(\w+)"`)
	s.rewrite(t, func(text string) string {
		text = lock.ReplaceAllString(text, `$1 "$2-`+rand.Text()+`"`)
		return regexp.MustCompile(`\b(delay|min_healthy_time)( +)= "\d+s"`).ReplaceAllString(text, `$1$2= "20ms"`)
	})
	return s
}

// placed says where a host is, for a file besides those of the example.
func placed(host, user, address string, port int, identity, knownHosts string) string {
	return fmt.Sprintf(`
host %q {
  address = %q
  connection {
    user            = %q
    port            = %d
    identity        = [%q]
    identities_only = true
    known_hosts     = [%q]
  }
}
`, host, address, user, port, identity, knownHosts)
}

// onLab serves the hosts by the embedded server.
func onLab(t *testing.T, example string) *scene {
	t.Helper()
	s := newScene(t, example)
	l, err := lab.Up(t.Context(), lab.Options{N: len(s.hosts), Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	s.lab = l
	var places strings.Builder
	for i, host := range s.hosts {
		h := l.Hosts[i]
		s.home[host] = filepath.Join(l.Dir, "hosts", h.Name)
		if err := os.MkdirAll(s.home[host], 0o700); err != nil { // a lab makes it for the first command
			t.Fatal(err)
		}
		places.WriteString(placed(host, l.User, h.Address, h.Port, l.Identity, l.KnownHosts))
	}
	s.write(t, "places.fleet.hcl", places.String())
	return s
}

// onServers serves each host by an sshd of its own, for a user of its own.
func onServers(t *testing.T, example string) *scene {
	t.Helper()
	s := newScene(t, example)
	s.servers = map[string]*opensshd.Server{}
	var places strings.Builder
	for _, host := range s.hosts {
		server := opensshd.Start(t, opensshd.Options{Shell: "/bin/sh"}) // for a shell it makes a user
		s.servers[host], s.home[host] = server, server.Home
		places.WriteString(placed(host, server.User, server.Host, server.Port, server.Identity, server.KnownHosts))
	}
	s.write(t, "places.fleet.hcl", places.String())
	return s
}

// on is what stands in a file on a host; "" where there is none.
func (s *scene) on(t *testing.T, host, file string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.home[host], file))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(text)
}

// expect compares a file on each of hosts.
func (s *scene) expect(t *testing.T, file, want string, hosts ...string) {
	t.Helper()
	for _, host := range hosts {
		if got := s.on(t, host, file); got != want {
			t.Errorf("%s has in %s\n%swant\n%s", host, file, got, want)
		}
	}
}

// link is where a symlink on a host leads; "" where there is none.
func (s *scene) link(host, file string) string {
	target, err := os.Readlink(filepath.Join(s.home[host], file))
	if err != nil {
		return ""
	}
	return target
}

// edit changes the text of a file of the copy: old must be in it.
func (s *scene) edit(t *testing.T, file, old, changed string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, file))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), old) {
		t.Fatalf("%s has no %q any more", file, old)
	}
	s.write(t, file, strings.Replace(string(text), old, changed, 1))
}

// lines are those of several words or lines.
func lines(list ...string) string {
	if len(list) == 0 {
		return ""
	}
	return strings.Join(list, "\n") + "\n"
}
