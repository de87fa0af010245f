//go:build unix

package examples_test

import (
	"strings"
	"testing"
)

// migrated checks the hosts of the migration after it.
func (s *scene) migrated(t *testing.T) {
	t.Helper()
	s.expect(t, "db/history", lines("1", "2", "3"), "db1")
	s.expect(t, "db/log", lines("upgrade 3"), "db2", "db3")
	s.expect(t, "app/log", lines("reload 3"), "app1", "app2")
}

func TestMigrationTakesPlaceOnceAndAfterTheReplicas(t *testing.T) {
	everywhere(t, "migration", func(t *testing.T, s *scene) {
		plan := []string{"plan", "-e", "schema=3", "--detailed-exitcode"}
		if status, stdout, stderr := s.fleet(t, plan...); status != 2 || s.on(t, "db1", "db/history") != "" {
			t.Errorf("the plan ends with exit status %d, want 2 and nothing done\n%s%s", status, stdout, stderr)
		}
		s.must(t, "apply", "-e", "schema=3")
		s.migrated(t)

		happened := s.happened(t, "")
		on := func(event, step, host string) func(*happening) bool {
			return func(h *happening) bool { return h.Event == event && h.Step == step && (host == "" || h.Host == host) }
		}
		switch {
		case !before(happened, on("step_end", "upgrade", "db2"), on("step_start", "upgrade", "db3")):
			t.Error("the replicas were not upgraded one after the other")
		case !before(happened, on("step_end", "upgrade", ""), on("step_start", "schema", "")):
			t.Error("the schema was migrated before all replicas were upgraded")
		case !before(happened, on("step_end", "schema", ""), on("step_start", "reload", "")):
			t.Error("the application was reloaded before the schema was migrated")
		}

		// There is nothing left to do, and nothing is done.
		s.must(t, "apply", "-e", "schema=3")
		s.migrated(t)
		if again := sent(s.happened(t, "")); len(again) > 0 {
			t.Errorf("the second time, %q were sent", again)
		}
		if status, stdout, stderr := s.fleet(t, plan...); status != 0 {
			t.Errorf("the plan ends with exit status %d, want 0\n%s%s", status, stdout, stderr)
		}
	})
}

func TestMigrationDoesNotBeginWhereAReplicaFails(t *testing.T) {
	t.Parallel()
	s := onLab(t, "migration")
	const broken = "db3"
	s.edit(t, "migrate.fleet.hcl", "knows && echo upgrade", "knows && [ $HOME != "+s.home[broken]+" ] && echo upgrade")
	status, stdout, stderr := s.fleet(t, "apply", "-e", "schema=3")
	if said := stdout + stderr; status != 3 || !strings.Contains(said, "task replicas, which it depends on, did not end") {
		t.Errorf("exit status %d, want 3 and why\n%s", status, said)
	}
	s.expect(t, "db/log", lines("upgrade 3"), "db2")
	s.expect(t, "db/history", "", "db1")
	s.expect(t, "app/log", "", "app1", "app2")
}
