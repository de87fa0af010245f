package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// The scripts in testdata/script are everything a user can type. Besides the
// commands of testscript they know:
//
//	exits N COMMAND...   run COMMAND, which must end with exit status N
//
// UPDATE_SCRIPTS=1 writes what cmp sees into the scripts.

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"fleet": main})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, params(t, testscript.Params{Dir: filepath.Join("testdata", "script")}))
}

// params completes p with what all scripts share.
func params(t *testing.T, p testscript.Params) testscript.Params {
	t.Helper()
	p.RequireExplicitExec = true
	p.RequireUniqueNames = true
	p.UpdateScripts = os.Getenv("UPDATE_SCRIPTS") != ""
	p.Setup = func(e *testscript.Env) error {
		home := filepath.Join(e.WorkDir, "home")
		e.Setenv("HOME", home)
		e.Setenv("USERPROFILE", home)
		return os.MkdirAll(home, 0o700)
	}
	p.Cmds = map[string]func(*testscript.TestScript, bool, []string){
		"exits": exits,
	}
	return p
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
