//go:build unix

package examples_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// conf is what the configuration of a server of the rolling update is to be.
func (s *scene) conf(host, release string) string {
	list := []string{"# Written by fleet: what is changed here is lost.", "name    = " + host, "release = " + release}
	for _, peer := range s.hosts[2:] {
		if peer != host {
			list = append(list, "peer    = "+peer)
		}
	}
	return lines(list...)
}

// temporary are the files in a folder of a host that a transfer has left there.
func (s *scene) temporary(t *testing.T, host, folder string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(s.home[host], folder, ".*fleet-*"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// holdable lets the check of the new configuration wait where there is a pipe "hold".
func (s *scene) holdableCheck(t *testing.T) {
	t.Helper()
	s.edit(t, "deploy.fleet.hcl", `"grep -q`, `"[ ! -p hold ] || read -r go <hold; grep -q`)
}

func TestConfigurationThatIsNotValidLeavesTheOldOne(t *testing.T) {
	everywhere(t, "rolling", func(t *testing.T, s *scene) {
		s.must(t, "apply", "deploy", "-e", "release=1.0")
		for _, host := range s.hosts[2:] {
			s.expect(t, "app/app.conf", s.conf(host, "1.0"), host)
		}
		s.edit(t, "app.conf.tmpl", "release =", "version =")
		status, stdout, stderr := s.fleet(t, "apply", "deploy", "-e", "release=1.1")
		if said := stdout + stderr; status != 3 || !strings.Contains(said, "config") {
			t.Errorf("exit status %d, want 3 and which step\n%s", status, said)
		}
		const canary = "web01"
		s.expect(t, "app/app.conf", s.conf(canary, "1.0"), canary)
		s.expect(t, "app/log", deployed("1.0")+lines("unpack 1.1"), canary)
		if left := s.temporary(t, canary, "app"); len(left) > 0 {
			t.Errorf("left on %s: %q", canary, left)
		}
		// What there was to see of it is here.
		got, err := os.ReadFile(filepath.Join(s.dir, "failed", canary+".log"))
		if err != nil || string(got) != s.on(t, canary, "app/log") {
			t.Errorf("%q, %v", got, err)
		}
	})
}

func TestCopyThatWasInterruptedLeavesNothingAndIsResumed(t *testing.T) {
	everywhere(t, "rolling", func(t *testing.T, s *scene) {
		const host = "web01"
		s.holdableCheck(t)
		h := s.hold(t, host)
		r := s.start(t, "apply", "deploy", "-e", "release=1.0")
		h.reached(t)
		if left := s.temporary(t, host, "app"); len(left) != 1 {
			t.Errorf("while it is checked, there are %q", left)
		}
		r.send(t, syscall.SIGINT)
		if status := r.wait(t); status != 130 {
			t.Errorf("exit status %d, want 130\n%s", status, r.output())
		}
		h.over(t)
		s.expect(t, "app/app.conf", "", host)
		if left := s.temporary(t, host, "app"); len(left) > 0 {
			t.Errorf("left on %s: %q", host, left)
		}

		s.must(t, "runs", "resume")
		for _, host := range s.hosts[2:] {
			s.expect(t, "app/app.conf", s.conf(host, "1.0"), host)
		}
		s.expect(t, "app/log", deployed("1.0"), s.hosts[2:]...)
		if again := sent(s.happened(t, "")); slices.Contains(again, host+" unpack") {
			t.Errorf("a step was carried out twice: %q", again)
		}
	})
}

func TestCopyOfARunThatWasKilledIsDoneAgainWithoutAQuestion(t *testing.T) {
	everywhere(t, "rolling", func(t *testing.T, s *scene) {
		const host = "web01"
		s.holdableCheck(t)
		s.killed(t, s.hold(t, host), func() bool { return true }, "apply", "deploy", "-e", "release=1.0")
		s.expect(t, "app/app.conf", "", host)

		s.must(t, "runs", "resume")
		s.expect(t, "app/app.conf", s.conf(host, "1.0"), host)
		s.expect(t, "app/log", deployed("1.0"), s.hosts[2:]...)
		again := sent(s.happened(t, ""))
		if slices.Contains(again, host+" unpack") || !slices.Contains(again, host+" config") {
			t.Errorf("sent again is %q", again)
		}
	})
}

func TestWhatIsThereIsNotUploadedAgain(t *testing.T) {
	everywhere(t, "release", func(t *testing.T, s *scene) {
		const page, link = "releases/1.0/index.html", "app/link"
		if err := os.Symlink("index.html", filepath.Join(s.dir, link)); err != nil {
			t.Fatal(err)
		}
		changed := func() []string {
			return hostsAt(s.happened(t, ""), func(h *happening) bool {
				return h.Event == "step_end" && (h.Step == "upload" || h.Step == "check") && h.Changed
			})
		}
		s.must(t, "apply", "-e", "release=1.0")
		if got := changed(); !slices.Equal(got, s.hosts) {
			t.Errorf("at first there are changes on %q", got)
		}
		s.expect(t, page, s.local(t, "app/index.html"), s.hosts...)
		if got := s.link("node1", "releases/1.0/link"); got != "index.html" {
			t.Errorf("the link leads to %q", got)
		}

		s.must(t, "apply", "-e", "release=1.0")
		if got := changed(); len(got) > 0 {
			t.Errorf("there are changes on %q, and nothing differs", got)
		}

		const other = "<p>Another page.\n"
		s.write(t, "app/index.html", other)
		if err := os.Remove(filepath.Join(s.home["node2"], page)); err != nil {
			t.Fatal(err)
		}
		if said := s.must(t, "plan", "-e", "release=1.0"); !strings.Contains(said, "2 files would change") && !strings.Contains(said, "1 file would change") {
			t.Errorf("the plan does not say what would change\n%s", said)
		}
		s.must(t, "apply", "-e", "release=1.0")
		s.expect(t, page, other, s.hosts...)
	})
}

func TestASavedPlanIsRefusedWhereAFileOfItHasChanged(t *testing.T) {
	t.Parallel()
	s := onLab(t, "release")
	s.must(t, "plan", "--out", "release.plan", "-e", "release=1.0")
	s.write(t, "app/index.html", "<p>Another page.\n")
	status, stdout, stderr := s.fleet(t, "apply", "release.plan")
	if said := stdout + stderr; status != 1 || !strings.Contains(said, "changed since the plan was made: app/") {
		t.Errorf("exit status %d, want 1 and which folder\n%s", status, said)
	}
	s.expect(t, "log", "", s.hosts...)
	s.must(t, "plan", "--out", "release.plan", "-e", "release=1.0")
	s.must(t, "apply", "release.plan")
	s.edit(t, "health.tmpl", "echo 200", "echo 204")
	if status, _, stderr := s.fleet(t, "apply", "release.plan"); status != 1 || !strings.Contains(stderr, "health.tmpl") {
		t.Errorf("exit status %d, want 1 and which template\n%s", status, stderr)
	}
}

// local is what stands in a file of the copy.
func (s *scene) local(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, file))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
