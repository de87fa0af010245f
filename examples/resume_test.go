//go:build unix

package examples_test

import (
	"strings"
	"syscall"
	"testing"
)

// killed starts fleet, kills it while a script waits on host, and returns when
// nothing of that is left there.
func (s *scene) killed(t *testing.T, h *hold, ready func() bool, args ...string) {
	t.Helper()
	r := s.start(t, args...)
	h.reached(t)
	eventually(t, "the other hosts are as far as they are to be", ready)
	r.send(t, syscall.SIGKILL)
	r.wait(t)
	h.over(t)
	if last := s.lastRun(t); last.Status != "died" {
		t.Errorf("the run that was killed is listed as %q", last.Status)
	}
}

// unknown kills fleet in the middle of the migration.
func unknown(t *testing.T, s *scene) {
	t.Helper()
	s.holdable(t, "migrate.sh")
	s.killed(t, s.hold(t, "db1"), func() bool { return true }, "apply", "-e", "schema=3")
	s.expect(t, "db/log", lines("upgrade 3"), "db2", "db3")
	s.expect(t, "db/history", "", "db1")
	s.undecided(t, "schema")
}

// undecided checks that fleet does not send a step again by itself.
func (s *scene) undecided(t *testing.T, step string) {
	t.Helper()
	runs := s.runs(t)
	status, _, stderr := s.fleet(t, "runs", "resume")
	if status != 1 || !strings.Contains(stderr, "step "+step+" of task migrate was sent to app") || !strings.Contains(stderr, "--unknown=again") {
		t.Errorf("resuming without an answer: exit status %d, want 1 and what to do\n%s", status, stderr)
	}
	if after := s.runs(t); len(after) != len(runs) {
		t.Errorf("a run that did not begin is recorded: %+v", after)
	}
}

func TestStepOfWhichNobodyKnowsIsSentAgainOnlyWhenToldTo(t *testing.T) {
	everywhere(t, "migration", func(t *testing.T, s *scene) {
		unknown(t, s)
		s.expect(t, "db/history", "", "db1")
		s.must(t, "runs", "resume", "--unknown=again")
		s.migrated(t)
		for _, step := range sent(s.happened(t, "")) {
			if strings.Contains(step, "upgrade") {
				t.Errorf("%q was sent again", step)
			}
		}
	})
}

func TestStepOfWhichNobodyKnowsIsTakenForDoneWhenToldTo(t *testing.T) {
	t.Parallel()
	s := onLab(t, "migration")
	unknown(t, s)
	s.must(t, "runs", "resume", "--unknown=done")
	s.expect(t, "db/history", "", "db1")
	s.expect(t, "app/log", lines("reload 3"), "app1", "app2")
}

func TestIdempotentStepIsSentAgainWithoutAsking(t *testing.T) {
	t.Parallel()
	s := onLab(t, "migration")
	s.edit(t, "migrate.fleet.hcl", "once         = true", "once         = true\n    idempotent   = true")
	s.holdable(t, "migrate.sh")
	s.killed(t, s.hold(t, "db1"), func() bool { return true }, "apply", "-e", "schema=3")
	s.must(t, "runs", "resume")
	s.migrated(t)
}
