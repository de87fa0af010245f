//go:build !windows

package main

import (
	"os/exec"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// The scripts that contact hosts, with an agent: what they compare with is what is
// printed without one.
func TestScriptsWithAnAgent(t *testing.T) {
	p := params(t, testscript.Params{Files: scriptsWith(t, contactsHosts)}, embeddedLab)
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
