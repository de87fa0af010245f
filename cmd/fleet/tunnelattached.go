package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"fleet/internal/term"
)

// attached runs a command that has the terminal to itself. Its exit status is that
// of fleet, unless a signal to fleet ended it.
func (t *tunneling) attached(ctx context.Context, signals *interrupter, command string, env []string) error {
	cmd := exec.Command("/bin/sh", "-c", command)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = t.app.env.stdin, t.app.env.stdout, t.app.env.stderr
	a := &attachment{
		cmd: cmd,
		// What is typed on the terminal comes to the command by itself, and may be
		// for something in it: psql(1) lives on.
		terminal: term.IsTerminal(t.app.env.stdin) || term.IsTerminal(t.app.env.stderr),
	}
	signals.handOver(a.signal)
	defer signals.handOver(nil)
	// A signal from before that, or one at a question, closes the tunnels.
	defer context.AfterFunc(ctx, func() { a.signal(syscall.SIGTERM) })()
	err := a.start(ctx)
	switch {
	case errors.Is(err, syscall.E2BIG):
		return fmt.Errorf("the command is not told of %s: that is more than an environment holds", plural(len(t.set.Status()), "tunnel"))
	case err != nil:
		return err
	}
	err = cmd.Wait()
	if s := a.ended(); s != nil {
		return s
	}
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		return err
	}
	return exit(shellStatus(cmd.ProcessState))
}

// An attachment is a command that has the place of fleet: what fleet is sent comes
// to it, and a second time kills it.
type attachment struct {
	cmd      *exec.Cmd
	terminal bool

	mu      sync.Mutex
	running bool
	why     *signaled // the first that was sent to fleet itself
	at      time.Time // when
}

// start starts the command, unless somebody wants to leave already.
func (a *attachment) start(ctx context.Context) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.why != nil {
		return a.why
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	err := a.cmd.Start()
	a.running = err == nil
	return err
}

// signal hears of a signal to fleet.
func (a *attachment) signal(s os.Signal) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	switch {
	case a.terminal && a.running && (s == os.Interrupt || s == syscall.SIGQUIT):
		return
	case a.why == nil:
		a.why, a.at = &signaled{s}, now
	case now.Sub(a.at) < echo:
		return
	default:
		s = os.Kill
	}
	if a.running {
		_ = a.cmd.Process.Signal(s)
	}
}

// ended is the signal that ended the command; nil where it ended by itself.
func (a *attachment) ended() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.why == nil {
		return nil
	}
	return a.why
}

// shellStatus is the exit status by which a shell tells how a process ended.
func shellStatus(p *os.ProcessState) int {
	if ws, ok := p.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return 128 + int(ws.Signal())
	}
	return p.ExitCode()
}

const (
	// drainTime bounds how long what a command has written may take to arrive.
	drainTime = 500 * time.Millisecond
	// drainCheck is how often that is looked at.
	drainCheck = 5 * time.Millisecond
)

// drain waits for connections whose local end is closed: a command that ends has
// closed its own, while what it wrote may still be on the way.
func (t *tunneling) drain(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, drainTime)
	defer cancel()
	tick := time.NewTicker(drainCheck)
	defer tick.Stop()
	for t.openConnections() > 0 {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// openConnections counts what would be cut now.
func (t *tunneling) openConnections() int {
	n := 0
	for _, s := range t.set.Status() {
		n += int(s.Open)
	}
	return n
}
