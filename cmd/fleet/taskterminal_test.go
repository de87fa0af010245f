//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/creack/pty"

	"fleet/internal/lab"
)

// taskProject is a lab with tasks; both are its inventory.
func taskProject(t *testing.T, tasks string) *lab.Lab {
	t.Helper()
	l := terminalLab(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "tasks.fleet.hcl"), []byte(tasks), 0o600); err != nil {
		t.Fatal(err)
	}
	l.Inventory += string(os.PathListSeparator) + dir
	return l
}

const askingTasks = `
task "deploy" {
  hosts = "@web"
  rollout {
    canary       = 1
    max_parallel = 2
    auto_promote = false
  }
  step "one" { command = "true" }
  step "two" {
    command = "echo two"
    changed = false
  }
}
task "plain" {
  hosts = "@web"
  step "one" { command = "true" }
  step "two" { command = "true" }
}
group "precious" {
  members   = "lab03"
  protected = true
}
`

func TestTasksAskBeforeTheyGoOn(t *testing.T) {
	t.Parallel()
	l := taskProject(t, askingTasks)
	const (
		protected = "This touches 1 host of @precious (lab03), which is protected. Go on? [y/N] "
		many      = "This touches 2 hosts, more than 1. Go on? [y/N] "
		canary    = "deploy: the canary is done. Go on, next with "
		stepOne   = "plain: carry out step one on 2 hosts (lab[01-02])? [y]es, [s]kip it, [q]uit: "
		stepTwo   = "plain: carry out step two on 2 hosts (lab[01-02])? [y]es, [s]kip it, [q]uit: "
	)
	tests := []struct {
		name   string
		args   []string
		say    []string // a question, keys, and so on
		status int
		want   string
		not    string
	}{
		{"protected, no", []string{"plain"}, []string{protected, "n\n"}, 1, "fleet: not confirmed: nothing was run", "task plain"},
		{"protected, yes", []string{"plain"}, []string{protected, "yes\n"}, 0, "fleet: 3 ok in ", ""},
		{"many", []string{"plain", "-x", "lab03", "--ask-above", "1"}, []string{many, "y\n"}, 0, "fleet: 2 ok in ", ""},
		{"Ctrl-C at a question", []string{"plain"}, []string{protected, ctrlC}, 130, "", "task plain"},
		{"the canary, yes", []string{"deploy", "-x", "lab03"}, []string{canary, "y\n"}, 0, "fleet: 2 ok in ", ""},
		{"the canary, no", []string{"deploy", "-x", "lab03"}, []string{canary, "\n"}, 3, "1 ok, 1 not attempted", "batch 2/2: "},
		{"the canary, Ctrl-C", []string{"deploy", "-x", "lab03"}, []string{canary, ctrlC}, 130, "stopped early: interrupted", "batch 2/2: "},
		{"--confirm, yes", []string{"plain", "-x", "lab03", "--confirm"}, []string{stepOne, "what\n", stepOne, "y\n", stepTwo, "Yes\n"}, 0, "step two: 2 changed", ""},
		{"--confirm, skip", []string{"plain", "-x", "lab03", "--confirm"}, []string{stepOne, "s\n", stepTwo, "y\n"}, 0, "step one: 2 skipped", ""},
		{"--confirm, quit", []string{"plain", "-x", "lab03", "--confirm"}, []string{stepOne, "y\n", stepTwo, "q\n"}, 3, "step one: 2 changed", "step two: 2 changed"},
		{"--confirm, Ctrl-C", []string{"plain", "-x", "lab03", "--confirm"}, []string{stepOne, ctrlC}, 130, "stopped early: interrupted", "step two"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			x := onTerminal(t, l, []string{"NO_COLOR=1"}, append([]string{"apply"}, tt.args...)...)
			for i := 0; i < len(tt.say); i += 2 {
				x.expect(tt.say[i])
				x.press(tt.say[i+1])
			}
			said := x.exits(tt.status)
			if !strings.Contains(said, tt.want) {
				t.Errorf("no %q in:\n%s", tt.want, said)
			}
			if tt.not != "" && strings.Contains(said, tt.not) {
				t.Errorf("%q in:\n%s", tt.not, said)
			}
		})
	}
}

func TestResumeAsksAboutWhatNobodyKnows(t *testing.T) {
	t.Parallel()
	l := taskProject(t, `
task "deploy" {
  hosts = "lab01"
  step "one" { command = "echo begun | tee -a log; [ -e mended ] || sleep `+newMark()+`" }
}
`)
	state := t.TempDir()
	env := []string{"NO_COLOR=1", "XDG_STATE_HOME=" + state}
	first := onTerminal(t, l, env, "apply", "--outdir", state)
	eventually(t, "begun", func() bool {
		info, err := os.Stat(filepath.Join(state, "lab01"))
		return err == nil && info.Size() > 0
	})
	if err := first.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	first.exits(-1)
	onTerminal(t, l, env, "run", "-w", "lab01", "touch", "mended").exits(0)
	const question = "Step one of task deploy was sent to lab01, and nobody knows whether it ran. Send it again (a), take it for done (d), or quit (q)? "
	tests := []struct {
		keys   string
		status int
		want   string
	}{
		{"q\n", 1, "fleet: not decided: nothing was run"},
		{ctrlC, 130, ""},
		{"d\n", 0, "step one: skipped (done in an earlier run)"},
	}
	runs, err := os.ReadDir(filepath.Join(state, "fleet", "runs"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		x := onTerminal(t, l, env, "runs", "resume", runs[0].Name()) // each in a folder of its own
		x.expect(question)
		x.press(tt.keys)
		if said := x.exits(tt.status); !strings.Contains(said, tt.want) {
			t.Errorf("%q: no %q in:\n%s", tt.keys, tt.want, said)
		}
	}
}

func TestARunOnATerminalIsStoppedFromAnother(t *testing.T) {
	t.Parallel()
	mark := newMark()
	l := taskProject(t, "task \"wait\" {\n  hosts = \"@web\"\n  step \"one\" { command = \"sleep "+mark+"\" }\n}\n")
	env := []string{"NO_COLOR=1", "XDG_STATE_HOME=" + t.TempDir()}
	x := onTerminal(t, l, env, "apply")
	eventually(t, "three hosts sleep", func() bool { return len(sleepers(mark)) == 3 })
	said := onTerminal(t, l, env, "runs", "stop").exits(0)
	if want := "on lab[01-03] was told to stop"; !strings.Contains(said, want) {
		t.Errorf("no %q in:\n%s", want, said)
	}
	if said := x.exits(143); !strings.Contains(said, "stopped early: terminated") {
		t.Errorf("it said:\n%s", said)
	}
	if left := waitGone(mark, 0); len(left) > 0 {
		t.Errorf("processes are left: %v", left)
	}
}

func TestTheLiveLineOfTasksLeavesACleanScreen(t *testing.T) {
	t.Parallel()
	l := taskProject(t, `
task "deploy" {
  description = "A task whose step has a name that is as long as those that people think of on Fridays."
  hosts       = "@web"
  rollout { max_parallel = 2 }
  step "a_step_with_a_name_that_is_much_longer_than_any_terminal_is_wide_at_least_with_eighty_columns" {
    command = "echo something that is printed, and long enough to be cut on all but the widest of terminals; sleep 1"
  }
}
`)
	for _, columns := range []uint16{80, 200} {
		x := onTerminal(t, l, []string{"NO_COLOR=1"}, "apply", "-P")
		if err := pty.Setsize(x.keys, &pty.Winsize{Rows: 33, Cols: columns}); err != nil {
			t.Fatal(err)
		}
		said := x.exits(0)
		if !strings.Contains(said, "\r\x1b[K") {
			t.Errorf("%d columns: no live line in %q", columns, said)
		}
		// What stays on the screen are whole lines, none of which the terminal
		// had to break but those of one word.
		for line := range strings.SplitSeq(screen(said), "\n") {
			if len(line) > int(columns) && strings.Count(line, " ") > 2 && !strings.Contains(line, "a_step") {
				t.Errorf("%d columns: a line of %d: %q", columns, len(line), line)
			}
			if strings.Contains(line, "\x1b") || strings.HasPrefix(line, "0 of ") {
				t.Errorf("%d columns: a live line was left behind: %q", columns, line)
			}
		}
		if last := lastLine(said); !strings.HasPrefix(last, "fleet: 3 ok in ") {
			t.Errorf("%d columns: the last line is %q", columns, last)
		}
	}
}

// screen is what is left of a transcript when the terminal has cleared the lines
// that it was told to.
func screen(said string) string {
	var out []string
	for line := range strings.SplitSeq(strings.ReplaceAll(said, "\r\n", "\n"), "\n") {
		if i := strings.LastIndex(line, "\r\x1b[K"); i >= 0 {
			line = line[i+len("\r\x1b[K"):]
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}

func lastLine(said string) string {
	lines := strings.Split(strings.TrimSpace(screen(said)), "\n")
	return lines[len(lines)-1]
}
