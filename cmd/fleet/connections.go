package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"fleet/agent"
	"fleet/internal/rundir"
	"fleet/pool"
	"fleet/pool/credential"
	"fleet/transport"
)

// Connections are the way of a command to its hosts: those of the agent where one
// runs and FLEET_AGENT does not forbid it, else its own, which end with it. What
// did not reach the agent goes over its own.
type connections struct {
	transport.Transport
	client *agent.Client // nil without an agent
	own    *ownConnections
}

// OwnConnections are those of this process.
type ownConnections struct {
	*pool.Pool
	credentials *credential.Store
}

// Prepare asks for what logins to targets will need.
func (o *ownConnections) Prepare(ctx context.Context, targets []transport.Target) error {
	return o.credentials.Preload(ctx, targets)
}

// connections finds the way to hosts. linger is how long an unused connection of
// its own waits for the next use. Whom to ask and to tell is the caller of the
// contexts of what is done: see caller.
func (a *app) connections(ctx context.Context, linger time.Duration) (*connections, error) {
	client, err := a.agentClient(ctx)
	if err != nil {
		return nil, err
	}
	return a.connectionsBy(client, linger), nil
}

// connectionsBy are those of client, and of this process alone where that is nil.
func (a *app) connectionsBy(client *agent.Client, linger time.Duration) *connections {
	credentials := &credential.Store{Logger: a.log}
	cfg := pool.Config{Credentials: credentials, Linger: linger, OpenAhead: linger > 0, Logger: a.log}
	c := &connections{client: client, own: &ownConnections{Pool: pool.New(cfg), credentials: credentials}}
	if c.Transport = c.own; client != nil {
		client.Else = c.own
		c.Transport = client
	}
	return c
}

// prepare asks for what logins to targets will need, before anything begins.
func (c *connections) prepare(ctx context.Context, targets []transport.Target) error {
	if c.client != nil {
		return c.client.Prepare(ctx, targets)
	}
	return c.own.Prepare(ctx, targets)
}

// close ends the command's own connections. Those of the agent stay.
func (c *connections) close() {
	if c.client != nil {
		_ = c.client.Close()
	}
	_ = c.own.Close()
	_ = c.own.credentials.Close()
}

// callerID is that of the only caller in this process.
const callerID = "fleet"

// caller is this process as somebody on whose behalf hosts are reached.
func (a *app) caller(ask func(context.Context, transport.Question) (transport.Secret, error), onlyPassphrases bool) *transport.Caller {
	dir, _ := os.Getwd() // where there is none, programs have none either
	return &transport.Caller{ID: callerID, Ask: ask, OnlyPassphrases: onlyPassphrases, Env: os.Environ(), Dir: dir}
}

// The words of FLEET_AGENT; anything else is the path of a socket.
const (
	agentAuto = "auto"
	agentOff  = "off"
)

// agentVariable says which agent to use.
const agentVariable = "FLEET_AGENT"

// agentChoice is FLEET_AGENT: a word, or an absolute path.
func (a *app) agentChoice() (word, path string, err error) {
	name := a.env.value(agentVariable)
	switch {
	case name == "":
		return agentAuto, "", nil
	case name == agentAuto, name == agentOff:
		return name, "", nil
	case !strings.ContainsRune(name, filepath.Separator):
		return "", "", badUsage("FLEET_AGENT is %q; it is auto, off, or the path of an agent's socket", name)
	}
	if rest, ok := strings.CutPrefix(name, "~/"); ok { // no shell was there to expand it: a unit, a file of variables
		home := a.env.value("HOME")
		if home == "" {
			return "", "", badUsage("FLEET_AGENT is %q, and HOME is not set", name)
		}
		name = filepath.Join(home, rest)
	}
	path, err = filepath.Abs(name)
	return "", path, err
}

// agentName is the name of the agent's socket in the folder for sockets.
const agentName = "agent.sock"

// agentSocket is where the agent of this user listens: what FLEET_AGENT names, or
// the usual place, whose folder is made with makes.
func (a *app) agentSocket(makes bool) (string, error) {
	_, path, err := a.agentChoice()
	if err != nil || path != "" {
		return path, err
	}
	dir, err := rundir.Dir(a.env.value, makes)
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, agentName), nil
}

// agentClient is the agent that a command uses; nil where it uses none. One that
// FLEET_AGENT names must be there. Whatever else is wrong with an agent is a
// warning: without it the same takes a little longer.
func (a *app) agentClient(ctx context.Context) (*agent.Client, error) {
	word, path, err := a.agentChoice()
	switch {
	case err != nil, word == agentOff:
		return nil, err
	case path != "":
		client, err := agent.Dial(ctx, path)
		if errors.Is(err, agent.ErrNotRunning) {
			return nil, fmt.Errorf("no agent listens on %q, which FLEET_AGENT names; hint: fleet agent start starts one there, and FLEET_AGENT=off goes without", path)
		}
		return client, err
	case !agentsExist, a.log.Enabled(ctx, slog.LevelDebug):
		return nil, nil // what is logged of connections is logged where they are
	}
	settings, err := a.settings()
	if err != nil {
		return nil, err
	}
	client, err := a.dialAgent(ctx)
	if errors.Is(err, agent.ErrNotRunning) && settings.auto {
		if err = a.startAgent(ctx, "--idle-timeout", settings.idle.String()); err == nil {
			client, err = a.dialAgent(ctx)
		}
	}
	switch {
	case err == nil:
		return client, nil
	case ctx.Err() != nil:
		return nil, interrupted(ctx, context.Cause(ctx))
	case !errors.Is(err, agent.ErrNotRunning) && !a.global.quiet:
		a.complain(fmt.Errorf("warning: the agent is not used: %w", err))
	}
	return nil, nil
}

// dialAgent is the agent of this user. A folder for sockets that nobody has made
// yet holds none, and that of another user none of ours: XDG_RUNTIME_DIR often
// stays what it was with su and sudo.
func (a *app) dialAgent(ctx context.Context) (*agent.Client, error) {
	socket, err := a.agentSocket(false)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || errors.Is(err, rundir.ErrNotOurs) {
		return nil, agent.ErrNotRunning
	}
	if err != nil {
		return nil, err
	}
	return agent.Dial(ctx, socket)
}
