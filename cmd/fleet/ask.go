package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"

	"fleet/internal/nodeset"
	"fleet/internal/term"
	"fleet/inventory"
	"fleet/pool/credential"
	"fleet/transport"
)

// askSecret asks on the terminal, or, where there is none, by the program that
// SSH_ASKPASS names.
func (a *app) askSecret(ctx context.Context, question string) (transport.Secret, error) {
	var answer []byte
	err := prompt(ctx, func(ctx context.Context) (err error) {
		answer, err = term.AskSecret(ctx, question)
		return err
	})
	program := a.env.value("SSH_ASKPASS")
	switch {
	case errors.Is(err, term.ErrNoTerminal) && program != "":
		secret, err := askProgram(ctx, program, question)
		if err != nil {
			return transport.Secret{}, fmt.Errorf("SSH_ASKPASS %q: %w", program, err)
		}
		a.learn(secret)
		return secret, nil
	case err != nil:
		return transport.Secret{}, err
	}
	secret := transport.NewSecret(string(answer))
	clear(answer)
	a.learn(secret)
	return secret, nil
}

// maxAnswer bounds what a program answers, in bytes: far above any password.
const maxAnswer = 64 << 10

// askProgram asks by a program, which prints the answer.
func askProgram(ctx context.Context, program, question string) (transport.Secret, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	cmd := exec.CommandContext(ctx, program, question)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return transport.Secret{}, err
	}
	if err := cmd.Start(); err != nil {
		return transport.Secret{}, err
	}
	out, err := io.ReadAll(io.LimitReader(stdout, maxAnswer+1))
	defer clear(out)
	if len(out) > maxAnswer {
		stop() // it may go on forever
		_ = cmd.Wait()
		return transport.Secret{}, errors.New("the answer is longer than 64 KiB")
	}
	if err := errors.Join(err, cmd.Wait()); err != nil {
		return transport.Secret{}, err
	}
	return transport.NewSecret(strings.TrimRight(string(out), "\r\n")), nil
}

// ask asks for what may be seen while it is typed.
func ask(ctx context.Context, question string) (answer string, err error) {
	err = prompt(ctx, func(ctx context.Context) (err error) {
		answer, err = term.Ask(ctx, question)
		return err
	})
	return answer, err
}

// askPasswords asks for what -k and -K want, once, before anything begins.
func (a *app) askPasswords(ctx context.Context, conn *connectionFlags, become *becomeFlags, hosts []*inventory.Host) (p passwords, err error) {
	if conn.askPass {
		if p.login, err = a.askSecret(ctx, "Login password: "); err != nil {
			return p, nobodyToAsk("-k", err)
		}
	}
	if become.askPass {
		p.become, err = a.askSecret(ctx, "Password for "+becomeText(become, hosts)+": ")
	}
	return p, nobodyToAsk("-K", err)
}

// nobodyToAsk is err, in words of the flag where there is no terminal.
func nobodyToAsk(flag string, err error) error {
	if !errors.Is(err, term.ErrNoTerminal) {
		return err
	}
	return &usageError{err: badUsage("%s asks for a password, and there is no terminal to ask on", flag), hint: "SSH_ASKPASS names a program that asks"}
}

// becomeText says what the password of -K is for: how hosts become another user,
// and whom, where that is the same on all of them.
func becomeText(f *becomeFlags, hosts []*inventory.Host) string {
	var methods, users []string
	for _, h := range hosts {
		b := f.over(h.Become(), transport.Secret{})
		if b == nil {
			continue
		}
		if !slices.Contains(methods, b.Method) {
			methods = append(methods, b.Method)
		}
		if !slices.Contains(users, b.User) {
			users = append(users, b.User)
		}
	}
	slices.Sort(methods)
	text := strings.Join(methods, ", ")
	if len(users) == 1 && (f.user != "" || users[0] != "root") {
		text += " to " + users[0]
	}
	return text
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
			question := q.Text
			if q.Kind != credential.Passphrase && q.Host != "" {
				question = q.Host + ": " + question
			}
			if q.Instruction != "" {
				question = q.Instruction + "\n" + question
			}
			if !q.Echo {
				s, err = a.askSecret(ctx, question)
				return
			}
			var text string
			text, err = ask(ctx, question)
			s = transport.NewSecret(text)
		})
		return s, err
	}
}

// confirm asks before acting on hosts of a protected group; batch forbids to ask.
func (a *app) confirm(ctx context.Context, hosts []*inventory.Host, yes, batch bool) error {
	what := protectedHosts(hosts)
	if yes || what == "" {
		return nil
	}
	return a.goOn(ctx, "this touches "+what+", which is protected", batch)
}

// protectedHosts says which of hosts are in protected groups; "" where none is.
func protectedHosts(hosts []*inventory.Host) string {
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
	var parts []string
	for _, g := range order {
		parts = append(parts, fmt.Sprintf("%s of @%s (%s)", plural(len(groups[g]), "host"), g, nodeset.Fold(groups[g])))
	}
	return strings.Join(parts, ", ")
}

// goOn asks whether to go on in spite of why.
func (a *app) goOn(ctx context.Context, why string, batch bool) error {
	if batch {
		return &usageError{err: fmt.Errorf("%s, and BatchMode=yes forbids to ask", why), hint: "--yes answers beforehand"}
	}
	answer, err := ask(ctx, strings.ToUpper(why[:1])+why[1:]+". Go on? [y/N] ")
	var signal *signaled
	switch {
	case errors.As(err, &signal):
		return err
	case errors.Is(err, term.ErrNoTerminal):
		return &usageError{err: fmt.Errorf("%s, and there is no terminal to ask on", why), hint: "--yes answers beforehand"}
	case err != nil, !isYes(answer):
		return errors.New("not confirmed: nothing was run")
	}
	return nil
}

func isYes(answer string) bool {
	answer = strings.TrimSpace(answer)
	return strings.EqualFold(answer, "y") || strings.EqualFold(answer, "yes")
}
