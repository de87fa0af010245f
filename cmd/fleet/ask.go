package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"

	"fleet/internal/nodeset"
	"fleet/internal/term"
	"fleet/inventory"
	"fleet/pool/credential"
	"fleet/transport"
)

// statusInterrupted is the status of a run that Ctrl-C ended.
const statusInterrupted = 130

// askSecret asks on the terminal, or, where there is none, by the program that
// SSH_ASKPASS names.
func (a *app) askSecret(ctx context.Context, prompt string) (transport.Secret, error) {
	answer, err := term.AskSecret(ctx, prompt)
	program := a.env.value("SSH_ASKPASS")
	switch {
	case errors.Is(err, term.ErrNoTerminal) && program != "":
		out, err := exec.CommandContext(ctx, program, prompt).Output()
		if err != nil {
			return transport.Secret{}, fmt.Errorf("SSH_ASKPASS %q: %w", program, err)
		}
		return transport.NewSecret(strings.TrimRight(string(out), "\r\n")), nil
	case errors.Is(err, term.ErrInterrupted):
		return transport.Secret{}, exitError(statusInterrupted)
	case err != nil:
		return transport.Secret{}, err
	}
	secret := transport.NewSecret(string(answer))
	clear(answer)
	return secret, nil
}

// askPasswords asks for what -k and -K want, once, before anything begins.
func (a *app) askPasswords(ctx context.Context, conn *connectionFlags, become *becomeFlags) (p passwords, err error) {
	if conn.askPass {
		if p.login, err = a.askSecret(ctx, "Login password: "); err != nil {
			return p, err
		}
	}
	if become.askPass {
		p.become, err = a.askSecret(ctx, "Password for "+becomeMethodText(become)+": ")
	}
	return p, err
}

func becomeMethodText(f *becomeFlags) string {
	if f.user != "" {
		return "sudo to " + f.user
	}
	return "sudo"
}

// canAsk reports whether a question is likely to find somebody.
func (a *app) canAsk() bool {
	return term.IsTerminal(a.env.stdin) || term.IsTerminal(a.env.stderr) || a.env.value("SSH_ASKPASS") != ""
}

// answerer answers the questions of package credential. hold keeps other output
// away while one is asked.
func (a *app) answerer(hold func(func())) func(context.Context, credential.Question) (transport.Secret, error) {
	return func(ctx context.Context, q credential.Question) (s transport.Secret, err error) {
		hold(func() {
			prompt := q.Text
			if q.Kind != credential.Passphrase && q.Host != "" {
				prompt = q.Host + ": " + prompt
			}
			if q.Instruction != "" {
				prompt = q.Instruction + "\n" + prompt
			}
			if !q.Echo {
				s, err = a.askSecret(ctx, prompt)
				return
			}
			var text string
			text, err = term.Ask(ctx, prompt)
			s = transport.NewSecret(text)
		})
		return s, err
	}
}

// confirm asks before acting on hosts of a protected group.
func (a *app) confirm(ctx context.Context, hosts []*inventory.Host, yes bool) error {
	groups := make(map[string][]string)
	var order []string
	for _, h := range hosts {
		if g := h.Protected(); g != "" {
			if groups[g] == nil {
				order = append(order, g)
			}
			groups[g] = append(groups[g], h.Name)
		}
	}
	if yes || len(order) == 0 {
		return nil
	}
	var parts []string
	for _, g := range order {
		parts = append(parts, fmt.Sprintf("%s of @%s (%s)", plural(len(groups[g]), "host"), g, nodeset.Fold(groups[g])))
	}
	what := strings.Join(parts, ", ")
	answer, err := term.Ask(ctx, fmt.Sprintf("This touches %s, which is protected. Go on? [y/N] ", what))
	switch {
	case errors.Is(err, term.ErrInterrupted):
		return exitError(statusInterrupted)
	case errors.Is(err, term.ErrNoTerminal):
		return &usageError{err: fmt.Errorf("this touches %s, which is protected, and there is no terminal to ask on", what), hint: "--yes answers beforehand"}
	case err != nil, !strings.EqualFold(answer, "y") && !strings.EqualFold(answer, "yes"):
		return errors.New("not confirmed: nothing was run")
	}
	return nil
}
