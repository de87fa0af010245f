//go:build unix

package examples_test

import (
	"slices"
	"strings"
	"testing"
)

func TestExamplesWithTasksAreValidAndInTheirOneForm(t *testing.T) {
	t.Parallel()
	for _, example := range []string{"rolling", "migration", "release"} {
		p := copyExample(t, example)
		if got := p.must(t, "validate"); !strings.HasPrefix(got, "Valid: ") {
			t.Errorf("%s: %s", example, got)
		}
		if got := p.must(t, "fmt", "--check", "."); got != "" {
			t.Errorf("not in their one form: %s", got)
		}
	}
}

// Mistakes in a task file are told before anything else happens: the examples
// have hosts that nobody has, so that a connection would end otherwise.
func TestMistakesInATaskFileAreToldBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, example    string
		file, old, wrong string // what is wrong in the copy
		args             []string
		want             []string // in what is said
	}{
		{
			name: "a step to start at that is not there", example: "rolling",
			args: []string{"deploy", "--start-at", "unpak"},
			want: []string{`"unpak"`, "unpack"},
		},
		{
			name: "a handler that is not there", example: "rolling",
			file: "deploy.fleet.hcl", old: `["restart"]`, wrong: `["restrat"]`,
			want: []string{"deploy.fleet.hcl line", `"restrat"`, `"restart"`},
		},
		{
			name: "the result of a step that is not there", example: "release",
			file: "release.fleet.hcl", old: `step.before.stdout != ""`, wrong: `step.befor.stdout != ""`,
			want: []string{"release.fleet.hcl line", `Did you mean "step.before"?`},
		},
		{
			name: "a result before there is one", example: "release",
			file: "release.fleet.hcl", old: "when       = step.before.stdout", wrong: "when       = step.healthy.stdout",
			want: []string{"release.fleet.hcl line", "step.healthy", "has no result yet"},
		},
		{
			name: "tasks that depend on each other", example: "migration",
			file: "migrate.fleet.hcl", old: `"role=replica"` + "\n", wrong: `"role=replica"` + "\n  depends_on = [task.migrate]\n",
			want: []string{"migrate.fleet.hcl line", "replicas", "migrate", "Cycle among tasks"},
		},
		{
			name: "a rollout of nothing", example: "rolling",
			file: "deploy.fleet.hcl", old: "max_parallel     = 2", wrong: "max_parallel     = 0",
			want: []string{"deploy.fleet.hcl line", "Rollout of nothing", "max_parallel"},
		},
		{
			name: "batches of nothing", example: "release",
			file: "release.fleet.hcl", old: `max_parallel = "50%"`, wrong: `batches = [0, "0%"]`,
			want: []string{"release.fleet.hcl line", "Rollout of nothing", "batches"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := &scene{project: copyExample(t, tt.example)}
			if tt.file != "" {
				s.edit(t, tt.file, tt.old, tt.wrong)
			}
			for _, command := range []string{"apply", "plan", "validate"} {
				if command == "validate" && tt.args != nil {
					continue // it takes none of them
				}
				status, stdout, stderr := s.fleet(t, append([]string{command}, tt.args...)...)
				missing := slices.DeleteFunc(slices.Clone(tt.want), func(text string) bool { return strings.Contains(stderr, text) })
				if status != 1 || len(missing) > 0 {
					t.Errorf("%s: exit status %d, want 1, and %q is not said\n%s%s", command, status, missing, stdout, stderr)
				}
			}
			if runs := s.runs(t); len(runs) > 0 {
				t.Errorf("%+v is recorded", runs)
			}
		})
	}
}

func TestGuardThatHangsEndsWithItsTimeAndNothingIsSent(t *testing.T) {
	everywhere(t, "rolling", func(t *testing.T, s *scene) {
		s.edit(t, "deploy.fleet.hcl", `timeout    = "10m"`, `timeout = "300ms"`+"\n    only_if = \"echo $$ >guard; exec sleep 1000\"")
		status, stdout, stderr := s.fleet(t, "apply", "deploy")
		if said := stdout + stderr; status != 3 || !strings.Contains(said, "only_if") || !strings.Contains(said, "timed out after 300ms") {
			t.Errorf("exit status %d, want 3 and which guard\n%s", status, said)
		}
		if s.on(t, "web01", "guard") == "" {
			t.Error("the guard was not asked")
		}
		eventually(t, "the guard has ended on web01", func() bool { return len(s.processes("web01")) == 0 })
		happened := s.happened(t, "")
		for _, step := range sent(happened) {
			if strings.Contains(step, "unpack") {
				t.Errorf("%q was sent", step)
			}
		}
		if timeouts := ended(happened, "timeout"); !slices.Equal(timeouts, []string{"web01"}) {
			t.Errorf("out of time are %q", timeouts)
		}
		s.expect(t, "app/log", "", s.hosts[2:]...)
		s.balanced(t, "down up", "web01")
	})
}
