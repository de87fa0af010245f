package tasks

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

const tokenText = "the text of TOKEN"

// resolved is a plan with its secrets known.
func resolved(t testing.TB, src string) *Plan {
	t.Helper()
	p := prepared(t, src)
	if err := p.Resolve(t.Context()); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestACallTellsWhatMayNotBeShown(t *testing.T) {
	tests := []struct {
		name, step string
		secrets    []string // some of them
	}{
		{"nothing", `command = "x"`, nil},
		{"in a command", `command = "x ${shellquote(secret.token)}"`, []string{tokenText, "x '" + tokenText + "'"}},
		{"in a word", `argv = ["x", base64encode(var.password)]`, []string{"hunter2", "aHVudGVyMg=="}},
		{"in a script", `script = "x\n${local.url}\n"`, []string{"db://" + tokenText + "@db"}},
		{"made in a script", `script = "x\n${upper(local.url)}\n"`, []string{"DB://" + strings.ToUpper(tokenText) + "@DB"}},
		{"in the environment", "command = \"x\"\nenv = { A = 1, T = secret.token }", []string{tokenText}},
		{"in stdin", "command = \"x\"\nstdin = secret.token", []string{tokenText}},
		{"in a variable of the host", `command = "x ${host.vars.secret}"`, []string{"the text of KEY"}},
		{"of another host", `command = "x ${host("web1").vars.secret}"`, []string{"the text of KEY"}},
		{"in a guard", "command = \"x\"\nunless = \"grep ${var.password} /f\"", []string{"hunter2"}},
		{"in a path", "command = \"x\"\ncreates = \"/${var.password}\"", []string{"hunter2"}},
		{"in an element", "for_each = { a = secret.token }\ncommand = \"x\"\nstdin = each.value", []string{tokenText}},
		{"in an element that is not used", "for_each = { a = secret.token }\ncommand = \"x\"", nil},
		{"in a URL", "wait {\nhttp = \"http://u:${var.password}@localhost/\"\n}", []string{"hunter2"}},
		{"taken back", `command = "x ${nonsensitive(var.password)}"`, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := resolved(t, project("step \"it\" {\n"+tt.step+"\n}"))
			b, err := p.NewHost(p.Tasks[0], 1, false).Bind(p.step(t, "it"))
			if err != nil {
				t.Fatal(err)
			}
			c := b.Calls[0]
			if c.Private != (tt.secrets != nil) {
				t.Errorf("private %v", c.Private)
			}
			for _, want := range tt.secrets {
				if !slices.Contains(c.Secrets, want) {
					t.Errorf("%q is not among %q", want, c.Secrets)
				}
			}
			if tt.secrets == nil && len(c.Secrets) > 0 {
				t.Errorf("secrets %q", c.Secrets)
			}
			if a, ok := c.Action.(*Command); ok && strings.Contains(a.Script, "\n") && slices.Contains(c.Secrets, a.Script) {
				t.Errorf("all lines of the script are secrets: %q", c.Secrets)
			}
		})
	}
}

func TestWhatIsShownMayNotBeSensitive(t *testing.T) {
	tests := []struct{ name, step string }{
		{"when", "command = \"x\"\nwhen = var.password == \"\""},
		{"on", "command = \"x\"\non = \"lb${length(var.password) - 6}\""},
		{"become", "command = \"x\"\nbecome = var.password"},
		{"keys", "command = \"x\"\nfor_each = [var.password]"},
		{"all keys", "command = \"x\"\nfor_each = sensitive({ a = 1 })"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			set, _ := loaded(t, project("step \"it\" {\n"+tt.step+"\n}"))
			_, found, err := set.Plan(Options{})
			if err != nil || len(found) != 1 || found[0].Summary != "Sensitive value not allowed" {
				t.Errorf("%v %v", err, found)
			}
			if strings.Contains(fmt.Sprint(found), "hunter2") {
				t.Errorf("the secret is told: %v", found)
			}
		})
	}
}

func TestSecretsAreTakenToTheByte(t *testing.T) {
	const decomposed = "e\u0301" // another way to write é
	set, _ := loaded(t, `
secret "file" { file = "secret.txt" }
host "h" {}
task "deploy" {
  hosts = "h"
  step "it" {
    command = "cat"
    stdin   = secret.file
    env     = { A = secret.file, B = "${secret.file}" }
  }
}
`)
	if err := os.WriteFile("secret.txt", []byte(decomposed+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p, _, err := set.Plan(Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Resolve(t.Context()); err != nil {
		t.Fatal(err)
	}
	b, err := p.NewHost(p.Tasks[0], 0, false).Bind(p.Tasks[0].Steps[0])
	if err != nil {
		t.Fatal(err)
	}
	c := b.Calls[0].Action.(*Command)
	if c.Stdin != decomposed || !slices.Equal(c.Env, []string{"A=" + decomposed, "B=" + decomposed}) {
		t.Errorf("stdin %+q, env %+q", c.Stdin, c.Env)
	}
	if !slices.Contains(p.Secrets(), decomposed) && !slices.Contains(b.Calls[0].Secrets, decomposed) {
		t.Errorf("it is not masked: %+q, %+q", p.Secrets(), b.Calls[0].Secrets)
	}
}

func TestASecretThatAStepPrintedStaysOne(t *testing.T) {
	p := resolved(t, project(`
	step "use" { command = "login ${shellquote(step.version.stdout)}" }
	step "env" {
	  command = "x"
	  env     = { T = secret.token, V = step.version.stderr }
	}`))
	h := p.NewHost(p.Tasks[0], 0, false)
	h.Record(p.step(t, "version"), &Result{Stdout: "token=" + tokenText, Stderr: "fine"})
	b, err := h.Bind(p.step(t, "use"))
	if err != nil || !b.Calls[0].Private || !slices.Contains(b.Calls[0].Secrets, tokenText) {
		t.Errorf("%+v, %v", b.Calls, err)
	}
	h.Record(p.step(t, "version"), &Result{Stdout: "nothing of the kind"})
	if b, err = h.Bind(p.step(t, "use")); err != nil || b.Calls[0].Private {
		t.Errorf("%+v, %v", b.Calls, err)
	}
}

func TestASecretThatAStepPrintedIsNoKey(t *testing.T) {
	for _, tt := range []struct {
		name, loop, printed string
		refused             bool
	}{
		{"an element", "toset([step.version.stdout])", tokenText, true},
		{"a part of one", `["a", "x-${step.version.stdout}-y"]`, tokenText, true},
		{"a line", `split("\n", step.version.stdout)`, "a\n" + tokenText + "\nb", true},
		{"a key", "{ (step.version.stdout) = 1 }", tokenText, true},
		{"of a call", "[step.version.stdout]", "made HUNTER2", true},
		{"a value", "{ a = step.version.stdout }", tokenText, false},
		{"nothing of the kind", "[step.version.stdout]", "1.2", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := resolved(t, project(`
	step "make" {
	  command = "x"
	  env     = { T = secret.token, U = upper(var.password) }
	}
	step "it" {
	  for_each = `+tt.loop+`
	  command  = "x"
	  stdin    = each.value
	}`))
			h := p.NewHost(p.Tasks[0], 0, false)
			if _, err := h.Bind(p.step(t, "make")); err != nil {
				t.Fatal(err)
			}
			h.Record(p.step(t, "version"), &Result{Stdout: tt.printed})
			_, err := h.Bind(p.step(t, "it"))
			if !tt.refused {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), "sensitive value not allowed: ") {
				t.Fatalf("got %v", err)
			}
			if strings.Contains(err.Error(), tokenText) || strings.Contains(err.Error(), "HUNTER2") {
				t.Errorf("the secret is told: %v", err)
			}
		})
	}
}

func TestSecretsAreFetchedOnlyWhereTheyAreNeeded(t *testing.T) {
	tests := []struct {
		name, step string
		options    Options
		want       []string
	}{
		{"none", `command = "x"`, Options{}, nil},
		{"in a command", `command = "x ${secret.token}"`, Options{}, []string{"token"}},
		{"by way of a local", `command = "x ${local.url}"`, Options{}, []string{"token"}},
		{"by way of the host", `command = "x ${host.vars.secret}"`, Options{}, []string{"key"}},
		{"another variable of the host", `command = "x ${host.vars.port}"`, Options{}, nil},
		{"all variables of the host", "command = \"x\"\nstdin = jsonencode(host.vars)", Options{}, []string{"key"}},
		{"another host", `command = "x ${host("web1").name}"`, Options{}, []string{"key"}},
		{"names of other hosts", `command = "x ${fold(hosts("@web"))}"`, Options{}, nil},
		{"a step that is left out", "command = \"x ${secret.token}\"\ntags = [\"not\"]", Options{Skip: []string{"not"}}, nil},
		{"what is asked afterwards", "command = \"x\"\nfailed = self.stdout == secret.token", Options{}, []string{"token"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			set, _ := loaded(t, project("step \"it\" {\n"+tt.step+"\n}"))
			p, found, err := set.Plan(tt.options)
			if err != nil || found.HasErrors() {
				t.Fatal(err, found)
			}
			if got := p.secretNames(); !slices.Equal(got, tt.want) {
				t.Errorf("%q", got)
			}
			if slices.Contains(p.Secrets(), tokenText) {
				t.Error("known before it is fetched")
			}
			if err := p.Resolve(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := slices.Contains(p.Secrets(), tokenText); got != slices.Contains(tt.want, "token") {
				t.Errorf("known: %v", got)
			}
		})
	}
}

func TestASecretThatDoesNotFitIsToldBeforeAnyHost(t *testing.T) {
	p := prepared(t, project("step \"it\" {\nargv = jsondecode(secret.token)\n}"))
	err := p.Resolve(t.Context())
	if err == nil || !strings.HasPrefix(err.Error(), "a.fleet.hcl:28: ") || strings.Contains(err.Error(), tokenText) {
		t.Errorf("%v", err)
	}
	missing := prepared(t, `
secret "none" { file = "nothing" }
host "h" {}
task "t" {
  hosts = "h"
  step "it" { command = "x ${secret.none}" }
}
`)
	if err := missing.Resolve(t.Context()); err == nil || !strings.Contains(err.Error(), `secret "none"`) {
		t.Errorf("%v", err)
	}
	if _, err := missing.NewHost(missing.Tasks[0], 0, false).Bind(missing.Tasks[0].Steps[0]); err == nil ||
		err.Error() != `a.fleet.hcl:6: value not known: command needs the secret "none", which was not fetched.` {
		t.Errorf("%v", err)
	}
}
