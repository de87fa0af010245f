package transfer

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"fleet/transport"
)

// A Remote is the files of one host. It is for one goroutine at a time.
type Remote struct {
	host *Host
	told sync.Once // see connected
	sys  system

	sftp     bool // sys is sftp, and extra gives more of it
	commands bool // the host runs commands
	facts    facts
}

// Open reaches the files of h. Where the host has no sftp for the user whose rights
// count, its commands serve; where it runs no commands, sftp alone.
func Open(ctx context.Context, h *Host) (*Remote, error) {
	r := &Remote{host: h}
	if err := r.reach(ctx); err != nil {
		return nil, err
	}
	return r, nil
}

// reopenTries is how often reopen meets a connection of which nobody has noticed yet
// that it is gone, before it takes that for the host's answer.
const reopenTries = 3

// reopen reaches the host anew, after its connection was lost.
func (r *Remote) reopen(ctx context.Context) error {
	had := r.commands
	for try := 1; ; try++ {
		_ = r.sys.close() // it is dead
		err := r.reach(ctx)
		again := transport.KindOf(err) == transport.KindLost || err == nil && had && !r.commands
		if !again || try == reopenTries {
			return err
		}
	}
}

// asItIs is r for who uses it at the same time as its user, and sees nothing of it when
// it is reopened.
func (r *Remote) asItIs() *Remote {
	return &Remote{host: r.host, sys: r.sys, sftp: r.sftp, commands: r.commands, facts: r.facts}
}

// Close gives the host back. It returns when nothing of it is left.
func (r *Remote) Close() error { return r.sys.close() }

// shellWait is how long a host that has sftp may take to answer to a command. Some let
// one wait for ever, or ask what nobody answers.
const shellWait = 30 * time.Second

// reach asks for commands and for sftp at the same time: over one connection, that
// costs the time of one.
func (r *Remote) reach(ctx context.Context) error {
	asking, giveUp := context.WithCancel(ctx)
	defer giveUp()
	var f *sftpSystem
	var noSFTP, noCommands error
	var g errgroup.Group // whose errors do not cancel each other
	if r.host.Become == nil {
		g.Go(func() error {
			if f, noSFTP = r.subsystem(ctx); noSFTP == nil {
				r.connected()
				timer := time.AfterFunc(shellWait, giveUp)
				context.AfterFunc(asking, func() { timer.Stop() })
			}
			return nil
		})
	}
	g.Go(func() error {
		defer giveUp()
		r.facts, noCommands = r.learn(asking, r.connected)
		return nil
	})
	_ = g.Wait()
	r.commands = noCommands == nil
	if r.host.Become != nil && r.commands && r.facts.server != "" {
		f, noSFTP = r.serverAs(ctx)
	}
	switch {
	case ctx.Err() != nil, unreachable(noSFTP), unreachable(noCommands) && f == nil:
		if f != nil {
			_ = f.close()
		}
		return cause(ctx, noSFTP, noCommands)
	case f != nil:
		if r.commands {
			f.flushAll = r.flushAll
		}
		r.sftp, r.sys = true, f
		return r.settle(ctx)
	case r.commands:
		r.sftp, r.sys = false, &shellSystem{r}
		return nil
	case noSFTP != nil:
		return fmt.Errorf("the host has no sftp (%w), and runs no commands: %w", noSFTP, noCommands)
	default:
		return noCommands
	}
}

// connected tells the caller once, whoever is there first, and not again by reopen.
func (r *Remote) connected() {
	r.told.Do(func() {
		if r.host.Connected != nil {
			r.host.Connected()
		}
	})
}

// unreachable reports whether err is about the host, and not about what it offers.
func unreachable(err error) bool {
	var e *transport.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Kind {
	case transport.KindRefused, transport.KindInternal:
		return false
	default:
		return true
	}
}

// cause is the error that says most.
func cause(ctx context.Context, errs ...error) error {
	for _, err := range errs {
		if unreachable(err) {
			return err
		}
	}
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return context.Cause(ctx)
}

// settle learns from sftp what commands could not tell.
func (r *Remote) settle(ctx context.Context) error {
	if r.facts.login != "" {
		return nil
	}
	login, err := r.sys.(*sftpSystem).realpath(ctx, ".")
	if err != nil {
		return errors.Join(fmt.Errorf("find the login folder: %w", err), r.sys.close())
	}
	r.facts.login, r.facts.home = login, login
	return nil
}
