package main

import (
	"context"
	"errors"
	"fmt"

	"fleet/inventory"
	"fleet/runner"
	"fleet/transport"
)

// passwords are what the user was asked for before anything began; empty where
// nothing was asked.
type passwords struct{ login, become transport.Secret }

// jobs resolves hosts to the jobs of a run. All that is wrong with them is one
// error: nothing runs then.
func jobs(ctx context.Context, inv *inventory.Inventory, hosts []*inventory.Host, b *becomeFlags, p passwords) ([]runner.Job, error) {
	const most = 5 // the same mistake in a group is made by all of its hosts
	all := make([]runner.Job, len(hosts))
	var wrong []error
	for i, h := range hosts {
		target, err := inv.Target(ctx, h)
		if err != nil {
			wrong = append(wrong, fmt.Errorf("%s: %w", h.Name, err))
			continue
		}
		if p.login.IsSet() {
			target.Login.Password = p.login
		}
		all[i] = runner.Job{Host: h.Name, Target: target, Become: b.over(h.Become(), p.become)}
	}
	if n := len(wrong); n > most {
		wrong = append(wrong[:most], fmt.Errorf("and %s more", plural(n-most, "host")))
	}
	return all, errors.Join(wrong...)
}

// over lays the flags over what the inventory says.
func (f *becomeFlags) over(inventory *transport.Become, password transport.Secret) *transport.Become {
	if !f.wanted() {
		return inventory
	}
	b := transport.Become{Method: "sudo", User: "root"}
	if inventory != nil {
		b = *inventory
	}
	switch {
	case f.user != "":
		b.User = f.user
	case f.sudo:
		b.User = "root"
	}
	if password.IsSet() {
		b.Password = password
	}
	return &b
}
