package sshconfig

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"sync"
	"time"
)

// DefaultExecTimeout ends a Match exec command that does not end by itself. ssh
// waits for ever; here one such command would hold up every host.
const DefaultExecTimeout = 10 * time.Second

// execCache runs Match exec commands, each distinct text once.
type execCache struct {
	mu    sync.Mutex // guards calls; not held while a command runs
	calls map[string]*execCall
}

type execCall struct {
	done chan struct{} // closed when what follows is set
	ok   bool
	err  error
	left bool // the caller who ran it gave up
}

// run reports whether the command exits with status 0. Callers with the same
// text share one run, also one that took too long, which thousands of hosts
// must not wait for one after the other. Where only the caller who ran it gave
// up, those who waited for it try themselves.
func (c *execCache) run(ctx context.Context, shell []string, text string, limit time.Duration) (bool, error) {
	for {
		call, mine := c.join(text)
		if mine {
			call.ok, call.err = runShell(ctx, shell, text, limit)
			if call.left = call.err != nil && ctx.Err() != nil; call.left {
				c.forget(text)
			}
			close(call.done)
			return call.ok, call.err
		}
		select {
		case <-call.done:
		case <-ctx.Done():
			return false, context.Cause(ctx)
		}
		if !call.left {
			return call.ok, call.err
		}
	}
}

func (c *execCache) join(text string) (call *execCall, mine bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if call = c.calls[text]; call != nil {
		return call, false
	}
	call = &execCall{done: make(chan struct{})}
	if c.calls == nil {
		c.calls = make(map[string]*execCall)
	}
	c.calls[text] = call
	return call, true
}

func (c *execCache) forget(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.calls, text)
}

// runShell runs text by the user's shell, with no input and no output.
func runShell(ctx context.Context, shell []string, text string, limit time.Duration) (bool, error) {
	limit = cmp.Or(limit, DefaultExecTimeout)
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("it took longer than %v", limit))
	defer cancel()
	args := append(shell[1:len(shell):len(shell)], text)
	cmd := exec.CommandContext(ctx, shell[0], args...)
	killGroup(cmd)
	err := cmd.Run()
	if ctx.Err() != nil {
		return false, fmt.Errorf("match exec %q: %w", text, context.Cause(ctx))
	}
	var exit *exec.ExitError
	switch {
	case err == nil:
		return true, nil
	case errors.As(err, &exit) && exit.Exited():
		return false, nil
	default:
		return false, fmt.Errorf("match exec %q: %w", text, err)
	}
}
