package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"fleet/agent"
)

// An agent in the background is "fleet agent run" in a session of its own. It
// tells on a pipe when it is ready, or why it will not be.

// readyVariable tells an agent that somebody listens on the pipe readyFD.
const (
	readyVariable = "FLEET_AGENT_READY"
	readyFD       = 3
)

// What an agent tells.
const (
	agentReady   = "ready"
	agentRunning = "running" // another one
	agentFailed  = "failed " // and why
)

// agentPatience bounds how long an agent may take until it is ready.
const agentPatience = 10 * time.Second

// startAgent starts an agent in the background and returns when it is ready, or
// another one is that was started at the same time.
func (a *app) startAgent(ctx context.Context, flags ...string) error {
	if !agentsExist {
		return errNoAgents
	}
	socket, err := a.agentSocket(true)
	if err != nil {
		return err
	}
	log, err := a.agentLogFile()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, agentPatience, fmt.Errorf("the agent was not ready within %s; its log is %s", agentPatience, log))
	defer cancel()
	said, err := launchAgent(ctx, socket, log, append([]string{"agent", "run", "--log", log}, flags...))
	switch reason, failed := strings.CutPrefix(said, agentFailed); {
	case err != nil:
		return fmt.Errorf("start the agent: %w", err)
	case failed:
		return fmt.Errorf("start the agent: %s", reason)
	case said == agentReady:
		return nil
	case said == agentRunning:
		return awaitAgent(ctx, socket)
	default:
		return fmt.Errorf("the agent ended at once; its log is %s", log)
	}
}

// agentLogFile is where an agent in the background logs. Its folder is made.
func (a *app) agentLogFile() (string, error) {
	path := stateDir(&a.env, "agent.log")
	if path == "" {
		return "", errors.New("neither HOME nor XDG_STATE_HOME is set, one of which says where the agent logs")
	}
	return path, os.MkdirAll(filepath.Dir(path), 0o700)
}

// launchAgent starts the process and waits for what it says.
func launchAgent(ctx context.Context, socket, log string, args []string) (said string, err error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	listen, tell, err := os.Pipe()
	if err != nil {
		return "", err
	}
	defer listen.Close()
	last, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		tell.Close()
		return "", err
	}
	defer last.Close()
	cmd := exec.Command(self, args...)
	cmd.Dir = string(filepath.Separator) // it holds no folder that somebody wants to unmount
	cmd.Env = append(os.Environ(), readyVariable+"=1", agentVariable+"="+socket)
	cmd.Stderr = last // of a crash, the last words
	cmd.ExtraFiles = []*os.File{tell}
	cmd.SysProcAttr = ownSession()
	err = cmd.Start()
	tell.Close()
	if err != nil {
		return "", err
	}
	stop := context.AfterFunc(ctx, func() { _ = listen.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	text, _ := io.ReadAll(io.LimitReader(listen, 4096)) // to its end, which is that of the process where it says nothing
	if said = strings.TrimSuffix(string(text), "\n"); said == agentReady {
		return said, cmd.Process.Release()
	}
	if ctx.Err() != nil {
		_ = cmd.Process.Kill()
	}
	_ = cmd.Wait()
	return said, context.Cause(ctx)
}

// awaitAgent waits for an agent that somebody else is starting.
func awaitAgent(ctx context.Context, socket string) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		client, err := agent.Dial(ctx, socket)
		if err == nil {
			return client.Close()
		}
		if !errors.Is(err, agent.ErrNotRunning) {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// A readiness is the pipe on which an agent says how it began. A nil one is nobody
// who listens.
type readiness struct{ pipe *os.File }

// readyPipe is the pipe of the process that started this one.
func readyPipe(e *env) *readiness {
	if e.value(readyVariable) == "" {
		return nil
	}
	_ = os.Unsetenv(readyVariable) // it is not for what is started from here
	f := os.NewFile(readyFD, "ready")
	if info, err := f.Stat(); err != nil || info.Mode()&os.ModeNamedPipe == 0 {
		return nil
	}
	return &readiness{pipe: f}
}

// tell says, once, how it began.
func (r *readiness) tell(err error) {
	if r == nil || r.pipe == nil {
		return
	}
	text := agentReady
	switch {
	case errors.Is(err, agent.ErrRunning):
		text = agentRunning
	case err != nil:
		text = agentFailed + strings.ReplaceAll(err.Error(), "\n", "; ")
	}
	_, _ = fmt.Fprintln(r.pipe, text) // who does not listen any more has given up
	_ = r.pipe.Close()
	r.pipe = nil
}
