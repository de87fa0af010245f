package tasks

import (
	"strings"
	"testing"
	"time"
)

func TestAResultIsJudged(t *testing.T) {
	tests := []struct {
		name, step      string
		result          Result
		changed, failed bool
		err             string
	}{
		{"a command", `command = "x"`, Result{}, true, false, ""},
		{"a command that fails", `command = "x"`, Result{Status: 2}, true, true, ""},
		{"without a status", `command = "x"`, Result{Status: -1}, true, true, ""},
		{"a wait", "wait {\nport = 22\n}", Result{}, false, false, ""},
		{"never changed", "command = \"x\"\nchanged = false", Result{}, false, false, ""},
		{"its output", "command = \"x\"\nchanged = self.stdout == \"new\"", Result{Stdout: "new\n\n"}, true, false, ""},
		{"its output, another", "command = \"x\"\nchanged = self.stdout == \"new\"", Result{Stdout: " new\n"}, false, false, ""},
		{"statuses that are fine", "command = \"x\"\nfailed = self.status > 1", Result{Status: 1}, true, false, ""},
		{"its errors", "command = \"x\"\nfailed = strcontains(self.stderr, \"WARN\")", Result{Stderr: "\xffWARN"}, true, true, ""},
		{"no text", "command = \"x\"\nfailed = self.stdout != \"\uFFFDa\"", Result{Stdout: "\xffa"}, true, false, ""},
		{"its time", "command = \"x\"\nfailed = self.duration > 1", Result{Duration: 1500 * time.Millisecond}, true, true, ""},
		{"one after the other", "command = \"x\"\nfailed = self.failed && false\nchanged = self.failed", Result{Status: 1}, false, false, ""},
		{"results of others", "command = \"x\"\nchanged = self.stdout != step.version.stdout", Result{Stdout: "1.1"}, false, false, ""},
		{"the element", "for_each = { a = 7 }\ncommand = \"x\"\nfailed = self.status != each.value", Result{Status: 7}, true, false, ""},
		{"a secret", "command = \"x\"\nfailed = self.stdout != var.password", Result{Stdout: "hunter2"}, true, false, ""},
		{
			"a postcondition", "command = \"x\"\n" + must("self.stdout != \\\"\\\"", "Nothing came of ${host.name}."),
			Result{},
			true, true, "a.fleet.hcl:30: Nothing came of web2.",
		},
		{"one that is met", "command = \"x\"\n" + must("self.changed", "no"), Result{}, true, false, ""},
		{"none for what failed", "command = \"x\"\n" + must("false", "no"), Result{Status: 1}, true, true, ""},
		{
			"what cannot be asked", "command = \"x\"\nchanged = jsondecode(self.stdout).changed",
			Result{Stdout: "-"},
			true, true,
			"a.fleet.hcl:29: error in function call",
		},
		{"null", "command = \"x\"\nfailed = self.stdout == \"\" ? null : true", Result{}, true, true, "a.fleet.hcl:29: invalid value: failed is null"},
		{
			"a message that is not shown", "command = \"x\"\n" + must("self.stdout == var.password", "It is ${var.password}."),
			Result{},
			true, true,
			"a.fleet.hcl:30: The postcondition is not met. Its message is sensitive and not shown.",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := prepared(t, project("step \"it\" {\n"+strings.ReplaceAll(tt.step, `\"`, `"`)+"\n}"))
			h := p.NewHost(p.Tasks[0], 1, false)
			h.Record(p.step(t, "version"), &Result{Stdout: "1.1\n"})
			s := p.step(t, "it")
			b, err := h.Bind(s)
			if err != nil {
				t.Fatal(err)
			}
			r := tt.result
			err = h.Judge(s, b.Calls[0], &r)
			if r.Changed != tt.changed || r.Failed != tt.failed {
				t.Errorf("changed %v, failed %v", r.Changed, r.Failed)
			}
			switch {
			case tt.err == "" && err != nil, tt.err != "" && (err == nil || !strings.HasPrefix(err.Error(), tt.err)):
				t.Errorf("error %v", err)
			}
		})
	}
}

func must(condition, message string) string {
	return "postcondition {\ncondition = " + condition + "\nerror_message = \"" + message + "\"\n}"
}

func TestConditionsOfATask(t *testing.T) {
	p := prepared(t, project(`
	precondition {
	  condition     = host.name != "web1"
	  error_message = "not on ${host.name}"
	}
	precondition {
	  condition     = host.index < 2
	  error_message = <<-E
	  at most
	  two
	  E
	}
	postcondition {
	  condition     = step.version.stdout == var.release
	  error_message = "${step.version.stdout} is installed."
	}`))
	task := p.Tasks[0]
	for i, want := range []string{"a.fleet.hcl:29: not on web1", "", "a.fleet.hcl:33: at most two"} {
		if err := p.NewHost(task, i, false).Precondition(); text(err) != want {
			t.Errorf("host %d: %v", i, err)
		}
	}
	h := p.NewHost(task, 0, false)
	h.Record(task.Steps[0], &Result{Stdout: "1.1\n"})
	if err := h.Postcondition(); text(err) != "a.fleet.hcl:40: 1.1 is installed." {
		t.Error(err)
	}
	h.Record(task.Steps[0], &Result{Stdout: "1.2\n"})
	if err := h.Postcondition(); err != nil {
		t.Error(err)
	}
	if err := p.NewHost(task, 0, true).Postcondition(); err != nil {
		t.Errorf("in a preview: %v", err)
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestWhatIsLeftOutIsNeverMade(t *testing.T) {
	set, _ := loaded(t, project("step \"it\" {\ncommand = \"x ${secret.token}\"\ntags = [\"not\"]\n}"))
	p, _, err := set.Plan(Options{Skip: []string{"not"}})
	if err != nil {
		t.Fatal(err)
	}
	h, s := p.NewHost(p.Tasks[0], 0, false), p.step(t, "it")
	b, err := h.Bind(s)
	if err != nil || b.Skip == "" || h.NeedsFacts(s) {
		t.Errorf("%+v, %v", b, err)
	}
	r := Result{Status: 1}
	if err := h.Judge(s, &Call{}, &r); err != nil || !r.Failed {
		t.Errorf("%+v, %v", r, err)
	}
}
