//go:build !windows

package main

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// The scripts that contact hosts, with an agent: what they compare with is what is
// printed without one.
func TestScriptsWithAnAgent(t *testing.T) {
	files := slices.DeleteFunc(scriptsWith(t, contactsHosts), func(path string) bool {
		name := filepath.Base(path)
		return !usesAgent(name) || raceDetector && !strings.HasPrefix(name, "run")
	})
	p := params(t, testscript.Params{Files: files}, embeddedLab)
	p.UpdateScripts = false
	own := p.Setup
	p.Setup = func(e *testscript.Env) error {
		if err := own(e); err != nil {
			return err
		}
		e.Setenv(agentVariable, agentAuto)
		cmd := exec.Command("fleet", "agent", "start")
		cmd.Env = e.Vars
		if out, err := cmd.CombinedOutput(); err != nil {
			e.T().Fatal("fleet agent start: ", err, ": ", string(out))
		}
		e.Defer(func() { endAgent(t.Logf, e.Vars) })
		return nil
	}
	testscript.Run(t, p)
}

// usesAgent reports whether commands of a script could use an agent, and the script
// has none of its own.
func usesAgent(name string) bool {
	for _, about := range []string{"run", "apply", "plan", "push", "pull", "transfer", "tasks", "resume", "redact", "environment", "status"} {
		if strings.HasPrefix(name, about) {
			return true
		}
	}
	return false
}
