package main

import (
	"fmt"

	"fleet/internal/redact"
	"fleet/runner"
	"fleet/transport"
)

// learn keeps a text that may not be shown out of everything that is said from
// now on.
func (a *app) learn(s transport.Secret) {
	a.redactor.Add(s.Reveal())
	if text := s.Reveal(); text != "" && len(text) < redact.MinLength && !a.short.Swap(true) && !a.global.quiet {
		fmt.Fprintf(a.env.stderr, "fleet: warning: a secret of fewer than %d bytes is not masked in the output\n", redact.MinLength)
	}
}

// learnPasswords does so with the passwords of a run, wherever they come from.
func (a *app) learnPasswords(jobs []runner.Job) {
	known := make(map[transport.Secret]bool)
	var texts []string
	add := func(s transport.Secret) {
		if s.IsSet() && !known[s] {
			known[s] = true
			texts = append(texts, s.Reveal())
		}
	}
	for i := range jobs {
		add(jobs[i].Target.Login.Password)
		for j := range jobs[i].Target.Jump {
			add(jobs[i].Target.Jump[j].Login.Password)
		}
		if jobs[i].Become != nil {
			add(jobs[i].Become.Password)
		}
	}
	a.redactor.Add(texts...)
}
