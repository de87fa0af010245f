//go:build unix

package examples_test

import (
	"slices"
	"strings"
	"testing"
)

func TestLinkThatIsCutLeavesAStepUnknownAndIsReported(t *testing.T) {
	everywhere(t, "migration", func(t *testing.T, s *scene) {
		s.holdable(t, "migrate.sh")
		h := s.hold(t, "db1")
		r := s.start(t, "apply", "-e", "schema=3")
		h.reached(t)
		s.cut(t, "db1")
		if status := r.wait(t); status != 2 || !strings.Contains(r.output(), "schema") {
			t.Errorf("exit status %d, want 2 and the step", status)
		}
		h.over(t)
		happened := s.happened(t, "")
		if n := hostsAt(happened, func(h *happening) bool { return h.Event == "step_end" && h.Step == "schema" && h.Outcome == "unknown" }); len(n) != 1 {
			t.Errorf("the journal has an unknown end for %q, want one host", n)
		}
		if ok := ended(happened, "ok"); !slices.Equal(ok, []string{"db2", "db3"}) {
			t.Errorf("%q ended well", ok)
		}
		s.undecided(t, "schema")
		s.must(t, "runs", "resume", "--unknown=again")
		s.migrated(t)
	})
}

func TestLinkThatIsCutDuringAnIdempotentStepIsNoMatter(t *testing.T) {
	everywhere(t, "rolling", func(t *testing.T, s *scene) {
		s.holdable(t, "unpack.sh")
		h := s.hold(t, "web01")
		r := s.start(t, "apply", "deploy", "-e", "release=1.0")
		h.reached(t)
		s.cut(t, "web01")
		if status := r.wait(t); status != 0 {
			t.Errorf("exit status %d, want 0", status)
		}
		h.over(t)
		s.expect(t, "app/log", deployed("1.0"), s.hosts[2:]...)
		if again := hostsAt(s.happened(t, ""), func(h *happening) bool { return h.Event == "step_retry" && h.Step == "unpack" }); !slices.Equal(again, []string{"web01"}) {
			t.Errorf("the step was tried again on %q", again)
		}
	})
}

func TestLinkToALoadBalancerThatIsCutBetweenStepsIsMadeAgain(t *testing.T) {
	everywhere(t, "rolling", func(t *testing.T, s *scene) {
		s.holdable(t, "unpack.sh")
		h := s.hold(t, "web01")
		r := s.start(t, "apply", "deploy", "-e", "release=1.0")
		h.reached(t)
		s.cut(t, "lb2")
		h.release(t)
		if status := r.wait(t); status != 0 {
			t.Errorf("exit status %d, want 0", status)
		}
		s.balanced(t, "down up", s.hosts[2:]...)
	})
}
