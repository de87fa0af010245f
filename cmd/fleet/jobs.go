package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"

	"fleet/internal/nodeset"
	"fleet/internal/term"
	"fleet/inventory"
	"fleet/runner"
	"fleet/transport"
)

// passwords are what the user was asked for before anything began; empty where
// nothing was asked.
type passwords struct{ login, become transport.Secret }

// jobs resolves hosts to the jobs of a run. All that is wrong with them is one
// error: nothing runs then. A nil b means that nobody becomes another user.
func jobs(ctx context.Context, inv *inventory.Inventory, hosts []*inventory.Host, b *becomeFlags, p passwords) ([]runner.Job, error) {
	all := make([]runner.Job, len(hosts))
	failed := make([]error, len(hosts))
	err := resolving(ctx, func(ctx context.Context) error {
		ctx, stop := context.WithCancelCause(ctx)
		defer stop(nil)
		var group sync.WaitGroup
		var next atomic.Int64
		for range min(resolvers, len(hosts)) {
			group.Go(func() { // ends with the hosts
				for i := int(next.Add(1)) - 1; i < len(hosts) && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
					h := hosts[i]
					target, err := inv.Target(ctx, h)
					if p.login.IsSet() {
						target.Login.Password = p.login
					}
					become, becomeErr := b.resolve(ctx, inv, h, p.become)
					if errors.Is(becomeErr, term.ErrInterrupted) { // Ctrl-C, on the command that fetches a secret
						stop(&signaled{os.Interrupt})
					}
					all[i], failed[i] = runner.Job{Host: h.Name, Target: target, Become: become}, errors.Join(err, becomeErr)
				}
			})
		}
		group.Wait()
		return context.Cause(ctx) // a host's mistake stops no other one
	})
	if err != nil {
		return nil, err
	}
	var wrong mistakes
	for i, err := range failed {
		if err != nil {
			wrong.add(hosts[i].Name, err)
		}
	}
	return all, wrong.err()
}

// resolvers is how many hosts are resolved at one time. It helps where each host
// has a command of Match exec in ssh_config, which may wait for the network.
const resolvers = 32

// resolving calls resolve, which asks ssh_config about hosts: a signal ends the
// commands that it may run there.
func resolving(ctx context.Context, resolve func(context.Context) error) error {
	ctx, finish := untilSignal(ctx)
	err := resolve(ctx)
	finish() // only then has every signal been heard
	return interrupted(ctx, err)
}

// mistakes collects what is wrong with hosts: all hosts of a group often share
// the same mistake, which is told once.
type mistakes struct {
	texts []string // in the order in which they came up
	hosts map[string][]string
}

func (m *mistakes) add(host string, err error) {
	text := err.Error()
	if m.hosts == nil {
		m.hosts = make(map[string][]string)
	}
	if m.hosts[text] == nil {
		m.texts = append(m.texts, text)
	}
	m.hosts[text] = append(m.hosts[text], host)
}

// err is all of it, a line each; nil where nothing is wrong.
func (m *mistakes) err() error {
	const most = 5
	var list []error
	for i, text := range m.texts {
		if i == most {
			list = append(list, fmt.Errorf("and %s more", plural(len(m.texts)-most, "mistake")))
			break
		}
		list = append(list, fmt.Errorf("%s: %s", nodeset.Fold(m.hosts[text]), text))
	}
	return errors.Join(list...)
}

// resolve says how a command on h becomes another user. Its password is fetched
// only where it does, and none was asked for.
func (f *becomeFlags) resolve(ctx context.Context, inv *inventory.Inventory, h *inventory.Host, password transport.Secret) (_ *transport.Become, err error) {
	if f == nil {
		return nil, nil
	}
	b := f.over(h.Become(), password)
	if b != nil && !password.IsSet() {
		b.Password, err = inv.BecomePassword(ctx, h)
	}
	return b, err
}

// over lays the flags over what the inventory says, which without a user only
// says how.
func (f *becomeFlags) over(inventory *transport.Become, password transport.Secret) *transport.Become {
	b := transport.Become{Method: "sudo"}
	if inventory != nil {
		b = *inventory
	}
	switch {
	case f.user != "":
		b.User = f.user
	case f.sudo:
		b.User = "root"
	case b.User == "":
		return nil
	}
	if password.IsSet() {
		b.Password = password
	}
	return &b
}
