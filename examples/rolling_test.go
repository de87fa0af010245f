//go:build unix

package examples_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// about are the lines of a log of a load balancer that are about a backend.
func about(log, backend string) []string {
	var list []string
	for line := range strings.Lines(log) {
		if state, name, _ := strings.Cut(strings.TrimSpace(line), " "); name == backend {
			list = append(list, state)
		}
	}
	return list
}

// balanced checks what each load balancer was told about backends.
func (s *scene) balanced(t *testing.T, want string, backends ...string) {
	t.Helper()
	for _, lb := range []string{"lb1", "lb2"} {
		log := s.on(t, lb, "backends.log")
		for _, backend := range backends {
			if got := strings.Join(about(log, backend), " "); got != want {
				t.Errorf("%s was told %q about %s, want %q", lb, got, backend, want)
			}
		}
	}
}

// deployed is what the log of a server has after a release, or several.
func deployed(releases ...string) string {
	var list []string
	for _, r := range releases {
		list = append(list, "unpack "+r, "activate "+r, "restart "+r)
	}
	return lines(list...)
}

func TestRollingUpdateTakesEachServerOutOfBothLoadBalancers(t *testing.T) {
	everywhere(t, "rolling", func(t *testing.T, s *scene) {
		web := s.hosts[2:]
		s.must(t, "apply", "deploy", "-e", "release=1.0")
		s.expect(t, "app/log", deployed("1.0"), web...)
		s.balanced(t, "down up", web...)

		happened := s.happened(t, "")
		for _, host := range web {
			at := func(event, step string) func(*happening) bool {
				return func(h *happening) bool { return h.Event == event && h.Host == host && h.Step == step }
			}
			for _, order := range [][2]string{{"drain", "unpack"}, {"restart", "healthy"}, {"healthy", "enable"}} {
				if !before(happened, at("step_end", order[0]), at("step_start", order[1])) {
					t.Errorf("on %s %s was not over before %s", host, order[0], order[1])
				}
			}
		}
		for batch := 2; batch <= 4; batch++ {
			up := func(h *happening) bool { return h.Event == "step_end" && h.Step == "enable" && h.Batch == batch-1 }
			down := func(h *happening) bool { return h.Event == "step_start" && h.Step == "drain" && h.Batch == batch }
			if !before(happened, up, down) {
				t.Errorf("batch %d began before the one before it was back", batch)
			}
		}

		s.must(t, "apply", "deploy", "-e", "release=1.0")
		s.expect(t, "app/log", deployed("1.0"), web...)
		s.balanced(t, "down up down up", web...)
	})
}

func TestBrokenReleaseStopsAtTheCanaryWhichIsEnabledAgain(t *testing.T) {
	everywhere(t, "rolling", func(t *testing.T, s *scene) {
		canary, others := s.hosts[2], s.hosts[3:]
		s.must(t, "apply", "deploy", "-e", "release=1.0")

		status, stdout, stderr := s.fleet(t, "apply", "deploy", "-e", "release=2.0-broken")
		if said := stdout + stderr; status != 3 || !strings.Contains(said, "the canary failed") || !strings.Contains(said, "no answer on port 8080") {
			t.Errorf("exit status %d, want 3 and why\n%s", status, said)
		}
		s.expect(t, "app/log", deployed("1.0", "2.0-broken"), canary)
		s.expect(t, "app/log", deployed("1.0"), others...)
		s.balanced(t, "down up down up", canary)
		s.balanced(t, "down up", others...)
		for _, host := range others {
			if s.link(host, "app/current") != "1.0" {
				t.Errorf("%s has another release", host)
			}
		}
		happened := s.happened(t, "")
		if failed, rest := ended(happened, "failed"), ended(happened, "not_attempted"); !slices.Equal(failed, []string{canary}) || !slices.Equal(rest, others) {
			t.Errorf("failed %q and not attempted %q, want %q and %q", failed, rest, canary, others)
		}
		if last := s.lastRun(t); last.Status != "stopped early" {
			t.Errorf("the run is listed as %q", last.Status)
		}

		s.must(t, "apply", "deploy", "-e", "release=2.1")
		s.expect(t, "app/log", deployed("1.0", "2.0-broken", "2.1"), canary)
		s.expect(t, "app/log", deployed("1.0", "2.1"), others...)
	})
}

func TestServerThatFailsLaterEndsTheRolloutAndIsEnabledAgain(t *testing.T) {
	t.Parallel()
	s := onLab(t, "rolling")
	const broken = "web03"
	s.must(t, "apply", "deploy", "-e", "release=1.0")
	// Somebody has unpacked it by hand there, and not well.
	dir := filepath.Join(s.home[broken], "app", "2.0")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "health"), []byte("#!/bin/sh\necho 1.9 is up\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	status, stdout, stderr := s.fleet(t, "apply", "deploy", "-e", "release=2.0")
	if status != 3 {
		t.Errorf("exit status %d, want 3\n%s%s", status, stdout, stderr)
	}
	s.expect(t, "app/log", deployed("1.0", "2.0"), "web01", "web02")
	s.expect(t, "app/log", deployed("1.0")+lines("activate 2.0", "restart 2.0"), broken)
	s.expect(t, "app/log", deployed("1.0"), "web04", "web05", "web06")
	s.balanced(t, "down up down up", "web01", "web02", broken)
	s.balanced(t, "down up", "web04", "web05", "web06")
	if failed := ended(s.happened(t, ""), "failed"); !slices.Equal(failed, []string{broken}) {
		t.Errorf("%q failed, want %s", failed, broken)
	}
}
