//go:build unix

package examples_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestBatchOfABrokenReleaseGoesBack(t *testing.T) {
	everywhere(t, "release", func(t *testing.T, s *scene) {
		first, second := s.hosts[:2], s.hosts[2:]
		s.must(t, "apply", "-e", "release=1.0")
		began := lines("activate 1.0")
		s.expect(t, "log", began, s.hosts...)

		status, stdout, stderr := s.fleet(t, "apply", "-e", "release=2.0-broken")
		if status != 3 {
			t.Errorf("exit status %d, want 3\n%s%s", status, stdout, stderr)
		}
		for _, host := range s.hosts {
			if got := s.link(host, "current"); got != "releases/1.0" {
				t.Errorf("%s has %q", host, got)
			}
			if _, err := os.Stat(filepath.Join(s.home[host], "releases", "2.0-broken")); err == nil {
				t.Errorf("%s still has the broken release", host)
			}
		}
		s.expect(t, "log", began+lines("activate 2.0-broken", "back to releases/1.0"), first...)
		s.expect(t, "log", began, second...)
		s.reported(t, "2.0-broken", first...)
		happened := s.happened(t, "")
		if failed, rest := ended(happened, "failed"), ended(happened, "not_attempted"); !slices.Equal(failed, first) || !slices.Equal(rest, second) {
			t.Errorf("failed %q and not attempted %q", failed, rest)
		}
		if reverted := hostsAt(happened, func(h *happening) bool { return h.Section == "revert" && h.Outcome == "ok" }); !slices.Equal(reverted, first) {
			t.Errorf("the journal has %q reverted", reverted)
		}

		s.must(t, "apply", "-e", "release=2.1")
		for _, host := range s.hosts {
			if got := s.link(host, "current"); got != "releases/2.1" {
				t.Errorf("%s has %q after the next release", host, got)
			}
		}
	})
}

// reported checks what was written down here about failures.
func (s *scene) reported(t *testing.T, release string, hosts ...string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, "failures.log"))
	if err != nil {
		t.Error(err)
		return
	}
	got := strings.Split(strings.TrimSpace(string(text)), "\n")
	slices.Sort(got)
	var want []string
	for _, host := range hosts {
		want = append(want, release+" failed on "+host)
	}
	if !slices.Equal(got, want) {
		t.Errorf("reported is %q, want %q", got, want)
	}
}

func TestHostsThatAreFineGoBackWithTheirBatch(t *testing.T) {
	t.Parallel()
	s := onLab(t, "release")
	const broken, fine = "node2", "node1"
	s.edit(t, "health.tmpl", `strcontains(release, "broken")`, `release == "2.0" && host.name == "`+broken+`"`)
	s.must(t, "apply", "-e", "release=1.0")
	if status, stdout, stderr := s.fleet(t, "apply", "-e", "release=2.0"); status != 3 {
		t.Errorf("exit status %d, want 3\n%s%s", status, stdout, stderr)
	}
	back := lines("activate 1.0", "activate 2.0", "back to releases/1.0")
	s.expect(t, "log", back, fine, broken)
	s.expect(t, "log", lines("activate 1.0"), "node3", "node4")
	s.reported(t, "2.0", broken)
}

func TestNewHostsHaveNothingToGoBackTo(t *testing.T) {
	t.Parallel()
	s := onLab(t, "release")
	if status, stdout, stderr := s.fleet(t, "apply", "-e", "release=1.0-broken"); status != 3 {
		t.Errorf("exit status %d, want 3\n%s%s", status, stdout, stderr)
	}
	s.expect(t, "log", lines("activate 1.0-broken"), s.hosts[:2]...)
	s.expect(t, "log", "", s.hosts[2:]...)
	s.must(t, "apply", "-e", "release=1.1")
}
