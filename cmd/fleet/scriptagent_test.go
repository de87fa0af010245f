package main

import (
	"os/exec"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// agentCommand is the command "agent" of scripts.
func agentCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: agent")
	}
	ts.Setenv(agentVariable, agentAuto)
	ts.Check(ts.Exec("fleet", "agent", "start"))
	ts.Defer(func() { endAgent(ts.Logf, scriptEnv(ts)) })
}

// endAgent ends an agent that a script has started.
func endAgent(log func(string, ...any), env []string) {
	cmd := exec.Command("fleet", "agent", "stop", "--now")
	cmd.Env = env
	if out, err := cmd.CombinedOutput(); err != nil && !strings.Contains(string(out), "no agent runs") {
		log("fleet agent stop: %v: %s", err, out)
	}
}

// contactsHosts is the line of a script by which there are hosts.
func contactsHosts(line string) bool { return strings.HasPrefix(line, "lab ") }
