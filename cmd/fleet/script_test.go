package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// The scripts in testdata/script are everything a user can type. Besides the
// commands of testscript, and the condition tinydisk (Linux, and the right to
// mount), they know:
//
//	exits N COMMAND...   run COMMAND, which must end with exit status N
//	lab N [FAULT...]     bring up N hosts, lab01 to labN, whose folder is $LAB
//	                     and whose inventory FLEET_INVENTORY; faults are those
//	                     of package lab
//	signal N TEXT SIGNAL[,SIGNAL] COMMAND...
//	                     run COMMAND, send it signals when it has printed TEXT
//	                     (@FILE: when the file is not empty); it must end
//	                     with exit status N, -1 where a signal ends it
//	data FORMAT          what was on stdout has that format; print it in lines
//	agent                start an agent, which commands use from then on
//	[!] gone [TIME]      nobody sleeps for $MARK seconds, at the latest after TIME;
//	                     with "!": somebody does, or soon will
//
// A command on a host of the lab finds its name in $FLEET_LAB_HOST. A script
// with a line "# confirm" is run twice: with the embedded server, and with real
// sshds in its place, which know the faults refuse and hostkey only.
//
// UPDATE_SCRIPTS=1 writes what cmp sees into the scripts.

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"fleet": main})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, params(t, testscript.Params{Files: underTest(t)}, embeddedLab))
}

// underTest are the scripts that this build runs. The race detector makes each
// start of the command several times as long, and there are hundreds: it
// sees those that contact hosts, as little else of the command is concurrent.
func underTest(t *testing.T) []string {
	t.Helper()
	if raceDetector {
		return scriptsWith(t, contactsHosts)
	}
	return scriptsWith(t, func(string) bool { return true })
}

// scriptsWith are the scripts with such a line.
func scriptsWith(t *testing.T, wanted func(line string) bool) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(scripts, "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, name := range all {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(strings.Split(string(text), "\n"), wanted) {
			found = append(found, name)
		}
	}
	return found
}

// scripts is where the scripts are.
const scripts = "testdata/script"

// A labCommand brings n hosts up in the folder dir.
type labCommand func(ts *testscript.TestScript, dir string, n int, faults []string)

// params completes p with what all scripts share.
func params(t *testing.T, p testscript.Params, lab labCommand) testscript.Params {
	p.RequireExplicitExec = true
	p.RequireUniqueNames = true
	p.UpdateScripts = os.Getenv("UPDATE_SCRIPTS") != ""
	p.Setup = func(e *testscript.Env) error {
		home := filepath.Join(e.WorkDir, "home")
		e.Setenv("HOME", home)
		e.Setenv("USERPROFILE", home)
		e.Setenv("LC_ALL", "C")
		e.Setenv("MARK", newMark())
		e.Setenv("FLEET_AGENT", "off") // whose agent would that be?
		e.Setenv("XDG_RUNTIME_DIR", shortDir(e))
		state := filepath.Join(e.WorkDir, "state")
		e.Setenv("XDG_STATE_HOME", state)
		e.Defer(func() { endLabs(filepath.Join(state, "fleet", "labs")) })
		return os.MkdirAll(home, 0o700)
	}
	p.Condition = func(name string) (bool, error) {
		if name != "tinydisk" {
			return false, fmt.Errorf("unknown condition %q", name)
		}
		dir := t.TempDir()
		user := "-m"
		if os.Geteuid() != 0 {
			user = "-rm"
		}
		return exec.Command("unshare", user, "mount", "-t", "tmpfs", "-o", "size=100k", "tiny", dir).Run() == nil, nil
	}
	p.Cmds = map[string]func(*testscript.TestScript, bool, []string){
		"exits":  exits,
		"signal": signalCommand,
		"data":   dataCommand,
		"gone":   goneCommand,
		"agent":  agentCommand,
		"lab": func(ts *testscript.TestScript, neg bool, args []string) {
			if neg || len(args) < 1 {
				ts.Fatalf("usage: lab N [FAULT...]")
			}
			n, err := strconv.Atoi(args[0])
			ts.Check(err)
			dir := ts.MkAbs("lab")
			lab(ts, dir, n, args[1:])
			ts.Setenv("LAB", dir)
			ts.Setenv("FLEET_INVENTORY", filepath.Join(dir, "inventory.fleet.hcl"))
		},
	}
	return p
}

// shortDir is a folder for sockets, whose paths are bounded.
func shortDir(e *testscript.Env) string {
	dir, err := os.MkdirTemp("", "fl")
	if err != nil {
		e.T().Fatal(err)
	}
	e.Defer(func() { _ = os.RemoveAll(dir) })
	return dir
}

// exits runs a command that must end with a given status.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	got := 0
	switch {
	case errors.As(err, &exit):
		got = exit.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("%v: exit status %d, want %d", args[1:], got, want)
	}
}

// scriptEnv is the environment of the script.
func scriptEnv(ts *testscript.TestScript) []string {
	var env []string
	for _, name := range []string{"PATH", "HOME", "LC_ALL", "TMPDIR", "MARK", "FLEET_INVENTORY", "XDG_STATE_HOME", "XDG_RUNTIME_DIR", "FLEET_AGENT"} {
		env = append(env, name+"="+ts.Getenv(name))
	}
	return env
}
