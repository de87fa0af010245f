//go:build unix

package main

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"github.com/creack/pty"
	"golang.org/x/term"

	"fleet/internal/lab"
)

// consoleProject is an inventory for a console.
const consoleProject = `
variable "env" { default = "staging" }
variable "environment_name" { default = "x" }
locals { domain = "example.net" }
group "web" {
  hosts = ["web[1-3]"]
  vars  = { port = 8080 }
}
`

// onConsole starts a console on a terminal, in a folder with a project. home may
// be one of an earlier console.
func onConsole(t *testing.T, home string, args ...string) *terminal {
	t.Helper()
	path := filepath.Join(t.TempDir(), "project.fleet.hcl")
	if err := os.WriteFile(path, []byte(consoleProject), 0o600); err != nil {
		t.Fatal(err)
	}
	x := onTerminal(t, &lab.Lab{Inventory: path}, []string{"HOME=" + home}, append([]string{"console"}, args...)...)
	x.expect("> ")
	return x
}

const (
	keyUp = "\x1b[A"
	ctrlD = "\x04"
)

// value is a line that the console prints after it has read one: it says to the
// terminal that pasting is over.
// It is followed by the next prompt: keys that are pressed earlier are for the
// terminal, and Ctrl-C among them a signal.
func value(s string) string { return "\x1b[?2004l" + s + "\r\n\x1b[?2004h> " }

func TestAConsoleEditsLines(t *testing.T) {
	t.Parallel()
	x := onConsole(t, t.TempDir())
	x.press("1 + 20\r")
	x.expect(value(`21`))
	x.press(keyUp + "0\r") // 1 + 200
	x.expect(value(`201`))
	x.press("[\r")
	x.expect(": ")
	x.press("1]\r")
	x.expect("[?2004l[\r\n  1,")
	x.press("vra.env\r")
	x.expect("Did you mean")
	x.press("exit\r")
	x.exits(0)
}

func TestTabCompletesNames(t *testing.T) {
	t.Parallel()
	x := onConsole(t, t.TempDir(), "--host", "web2")
	x.press("host.vars.p\t\r")
	x.expect(value(`8080`))
	x.press("var.e\t") // var.env, which two begin with
	x.expect("var.env")
	x.press("\t")
	x.expect("var.env  ")
	x.expect("var.environment_name")
	x.press("i\t\r")
	x.expect(value(`"x"`))
	x.press("upp\t\"a\")\r")
	x.expect(value(`"A"`))
	x.press("nothing.\t" + ctrlC + ctrlD)
	x.exits(0)
}

func TestCtrlCGivesALineUpAndThenEndsAConsole(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	x := onConsole(t, home)
	x.press("1 + 41" + ctrlC)
	x.expect("^C")
	x.press("[1,\r")
	x.expect(": ")
	x.press(ctrlC + "2 + 40\r")
	x.expect(value(`42`))
	x.press("\x1c" + ctrlC) // Ctrl-\ is no key
	if out := x.exits(0); strings.Count(out, value("42")) != 1 {
		t.Errorf("it said:\n%s", out)
	}
	text, err := os.ReadFile(filepath.Join(home, ".local", "state", "fleet", "console_history"))
	if err != nil || string(text) != "[1,\n2 + 40\n" {
		t.Errorf("the history is %q, %v", text, err)
	}
}

func TestAConsoleRemembersItsLines(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	first := onConsole(t, home)
	first.press("10 + 1\r")
	first.expect(value(`11`))
	first.press("10 + 1\r10 + 2\r")
	first.expect(value(`12`))
	first.press(ctrlD)
	first.exits(0)
	path := filepath.Join(home, ".local", "state", "fleet", "console_history")
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the history is %v, %v", info, err)
	}
	if text, _ := os.ReadFile(path); string(text) != "10 + 1\n10 + 2\n" {
		t.Errorf("the history is %q", text)
	}
	second := onConsole(t, home)
	second.press(keyUp + keyUp + "00\r") // 10 + 100
	second.expect(value(`110`))
	second.press(ctrlD)
	second.exits(0)
}

func TestASignalEndsAConsoleAndRestoresTheTerminal(t *testing.T) {
	t.Parallel()
	x := onConsole(t, t.TempDir())
	x.press("1 + ")
	x.expect("1 + ")
	raw := mode(t, x.keys)
	if err := x.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	x.exits(143)
	fresh, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer fresh.Close()
	defer tty.Close()
	if left, want := mode(t, x.keys), mode(t, fresh); !reflect.DeepEqual(left, want) || reflect.DeepEqual(raw, want) {
		t.Errorf("the terminal was left in %v, not %v; while a line was read it was in %v", left, want, raw)
	}
}

// mode is the state of a terminal.
func mode(t *testing.T, f *os.File) (state *term.State) {
	t.Helper()
	conn, err := f.SyscallConn()
	if err == nil {
		err = conn.Control(func(fd uintptr) {
			if state, err = term.GetState(int(fd)); err != nil {
				t.Error(err)
			}
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	return state
}

func TestATerminalThatCannotMoveItsCursorHasAConsole(t *testing.T) {
	t.Parallel()
	x := onTerminal(t, &lab.Lab{}, []string{"TERM=dumb"}, "console")
	x.press("1 + 20\n")
	x.expect("\r\n21\r\n")
	x.press("exit\n")
	if out := x.exits(0); strings.Contains(out, "\x1b") {
		t.Errorf("it said %q", out)
	}
}

func TestAConsoleAsksItsHostForFacts(t *testing.T) {
	t.Parallel()
	l := terminalLab(t)
	x := onTerminal(t, l, nil, "console", "--host", "lab01")
	x.expect("> ")
	x.press("host.facts.os\r")
	x.expect(value(`"linux"`))
	x.press("host.facts.cpus > 0\r")
	x.expect(value(`true`))
	x.press("exit\r")
	x.exits(0)
}
