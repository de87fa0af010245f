//go:build unix

package examples_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// another is the same project in the hands of another operator.
func (p *project) another(t *testing.T) *project {
	t.Helper()
	return &project{dir: p.dir, home: t.TempDir(), env: p.env}
}

// refused checks that fleet did nothing, as somebody else has the lock.
func (s *scene) refused(t *testing.T, p *project, by string) {
	t.Helper()
	status, stdout, stderr := p.fleet(t, "apply", "deploy", "-e", "release=2.0")
	if said := stdout + stderr; status != 3 || !strings.Contains(said, "is held by") || !strings.Contains(said, by) {
		t.Errorf("exit status %d, want 3 and that run %s has the lock\n%s", status, by, said)
	}
	if steps := sent(p.happened(t, "")); len(steps) > 0 {
		t.Errorf("%q were sent", steps)
	}
	for _, host := range s.hosts[2:] {
		if strings.Contains(s.on(t, host, "app/log"), "2.0") {
			t.Errorf("%s was worked on", host)
		}
	}
}

func TestSecondOfTwoOperatorsIsToldWhoHoldsTheLock(t *testing.T) {
	everywhere(t, "rolling", func(t *testing.T, s *scene) {
		web := s.hosts[2:]
		s.holdable(t, "unpack.sh")
		h := s.hold(t, "web02")
		first, second := s.start(t, "apply", "deploy", "-e", "release=1.0"), s.another(t)
		h.reached(t)
		s.refused(t, second, s.lastRun(t).ID)
		s.balanced(t, "down", "web02")
		h.release(t)
		if status := first.wait(t); status != 0 {
			t.Errorf("the first one ends with exit status %d", status)
		}
		s.expect(t, "app/log", deployed("1.0"), web...)

		second.must(t, "apply", "deploy", "-e", "release=2.0")
		s.expect(t, "app/log", deployed("1.0", "2.0"), web...)
	})
}

// lockFiles are those of the lock of the rolling update, on all hosts.
func (s *scene) lockFiles(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, "deploy.fleet.hcl"))
	if err != nil {
		t.Fatal(err)
	}
	name := regexp.MustCompile(`\block +=\s*"([^"]+)"`).FindSubmatch(text)
	files, err := filepath.Glob("/tmp/fleet-lock." + string(name[1]) + ".*")
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestLockOfADeadOwnerIsTakenOver(t *testing.T) {
	everywhere(t, "rolling", func(t *testing.T, s *scene) {
		s.holdable(t, "unpack.sh")
		h := s.hold(t, "web01")
		first, second := s.start(t, "apply", "deploy", "-e", "release=1.0"), s.another(t)
		h.reached(t)
		files := s.lockFiles(t)
		if len(files) != 1 { // the hosts are one machine
			t.Fatalf("the lock is %q", files)
		}
		left, err := os.ReadFile(files[0])
		if err != nil {
			t.Fatal(err)
		}
		first.send(t, syscall.SIGKILL)
		first.wait(t)
		h.over(t)
		// A host that notices frees the lock by itself.
		eventually(t, "the lock is free", func() bool { return len(s.lockFiles(t)) == 0 })

		// One whose link is dead does not, and the lock is left as it was. Its
		// third line is the last sign of life; the first is what a host that is
		// late to notice would know its own by.
		lock := strings.Split(string(left), "\n")
		lock[0] += "0"
		leave := func(alive time.Time) {
			lock[2] = strconv.FormatInt(alive.Unix(), 10)
			if err := os.WriteFile(files[0], []byte(strings.Join(lock, "\n")), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		t.Cleanup(func() { _ = os.Remove(files[0]) })
		leave(time.Now())
		s.refused(t, second, s.lastRun(t).ID)
		leave(time.Now().Add(-time.Minute))
		second.must(t, "apply", "deploy", "-e", "release=2.0")
		s.expect(t, "app/log", deployed("2.0"), s.hosts[2:]...)
	})
}
