//go:build unix

package examples_test

import (
	"slices"
	"strings"
	"syscall"
	"testing"
)

func TestRunThatWasKilledIsResumedWithoutDoingAnythingTwice(t *testing.T) {
	everywhere(t, "rolling", func(t *testing.T, s *scene) {
		web, at := s.hosts[2:], "web03"
		s.holdable(t, "unpack.sh")
		h := s.hold(t, at)
		other := func() bool { // it is in the same batch
			return slices.Contains(ended(s.happened(t, ""), "ok"), "web02")
		}
		s.killed(t, h, other, "apply", "deploy", "-e", "release=1.0")
		s.expect(t, "app/log", deployed("1.0"), "web01", "web02")
		s.expect(t, "app/log", "", web[2:]...)
		s.balanced(t, "down", at)

		// What was sent to web03 is idempotent: nobody has to be asked.
		s.must(t, "runs", "resume")
		s.expect(t, "app/log", deployed("1.0"), web...)
		s.balanced(t, "down up", at, "web04", "web05", "web06")
		happened := s.happened(t, "")
		if again := hostsAt(happened, func(h *happening) bool { return h.Event == "step_start" }); !slices.Equal(again, web[2:]) {
			t.Errorf("steps were sent to %q, want %q", again, web[2:])
		}
		if ok := ended(happened, "ok"); !slices.Equal(ok, web) {
			t.Errorf("%q ended well", ok)
		}
		runs := s.runs(t)
		if len(runs) != 2 || runs[0].Status != "ok" || runs[0].Resumes != runs[1].ID {
			t.Fatalf("the runs are listed as %+v", runs)
		}
		if status, _, stderr := s.fleet(t, "runs", "resume", runs[1].ID); status != 1 || !strings.Contains(stderr, runs[0].ID) {
			t.Errorf("the same run once more: exit status %d, want 1 and which run has gone on with it\n%s", status, stderr)
		}
		if status, _, stderr := s.fleet(t, "runs", "resume"); status != 1 || !strings.Contains(stderr, "nothing to go on with") {
			t.Errorf("once more: exit status %d\n%s", status, stderr)
		}
	})
}

func TestInterruptInTheSecondBatchLeavesTheOthersUntouched(t *testing.T) {
	everywhere(t, "rolling", func(t *testing.T, s *scene) {
		web := s.hosts[2:]
		batch, others := web[1:3], web[3:]
		s.holdable(t, "unpack.sh")
		var holds []*hold
		for _, host := range batch {
			holds = append(holds, s.hold(t, host))
		}
		r := s.start(t, "apply", "deploy", "-e", "release=1.0")
		for _, h := range holds {
			h.reached(t)
		}
		r.send(t, syscall.SIGINT)
		if status := r.wait(t); status != 130 {
			t.Errorf("exit status %d, want 130", status)
		}
		for _, h := range holds {
			h.over(t)
			if left := s.processes(h.host); len(left) > 0 {
				t.Errorf("processes %v are left on %s", left, h.host)
			}
		}
		last := s.lastRun(t)
		if hint := "fleet runs resume " + last.ID; !strings.Contains(r.output(), hint) || last.Status != "interrupted" {
			t.Errorf("the run is %s, and %q is not said", last.Status, hint)
		}
		s.expect(t, "app/log", deployed("1.0"), web[0])
		s.expect(t, "app/log", "", web[1:]...)
		s.balanced(t, "down up", web[:3]...)
		s.balanced(t, "", others...)
		happened := s.happened(t, last.ID)
		if stopped, rest := ended(happened, "stopped"), ended(happened, "not_attempted"); !slices.Equal(stopped, batch) || !slices.Equal(rest, others) {
			t.Errorf("stopped %q and not attempted %q, want %q and %q", stopped, rest, batch, others)
		}

		s.must(t, "runs", "resume", last.ID)
		s.expect(t, "app/log", deployed("1.0"), web...)
		// They were enabled again, so they have to be drained again.
		s.balanced(t, "down up down up", batch...)
		s.balanced(t, "down up", others...)
		if again := hostsAt(s.happened(t, ""), func(h *happening) bool { return h.Event == "step_start" }); slices.Contains(again, web[0]) {
			t.Errorf("steps were sent to %s, which was done", web[0])
		}
	})
}

func TestRunIsStoppedFromAnotherTerminal(t *testing.T) {
	t.Parallel()
	s := onLab(t, "rolling")
	s.holdable(t, "unpack.sh")
	h := s.hold(t, "web01")
	r := s.start(t, "apply", "deploy", "-e", "release=1.0")
	h.reached(t)
	s.must(t, "runs", "stop")
	if status := r.wait(t); status != 143 {
		t.Errorf("exit status %d, want 143", status)
	}
	h.over(t)
	s.balanced(t, "down up", "web01")
	s.balanced(t, "", s.hosts[3:]...)
}
