package secret

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Env is a variable of the environment.
type Env struct {
	Name string
}

// Check is part of Provider.
func (e Env) Check() error {
	if e.Name == "" || strings.ContainsAny(e.Name, "=\x00") {
		return fmt.Errorf("%q is not the name of an environment variable", e.Name)
	}
	return nil
}

func (e Env) reveal(_ context.Context, r *Resolver) (string, error) {
	text, ok := r.cfg.LookupEnv(e.Name)
	switch {
	case !ok:
		return "", fmt.Errorf("the environment variable %s is not set", e.Name)
	case text == "":
		return "", fmt.Errorf("the environment variable %s is empty", e.Name)
	default:
		return text, nil
	}
}

// Prompt is the user, who is asked on the terminal.
type Prompt struct {
	// Question is what to ask.
	Question string
}

// Check is part of Provider.
func (p Prompt) Check() error {
	if strings.TrimSpace(p.Question) == "" {
		return errors.New("there is no question to ask")
	}
	return nil
}

func (p Prompt) reveal(ctx context.Context, r *Resolver) (string, error) {
	return r.ask(ctx, strings.TrimRight(p.Question, ": ")+": ")
}
