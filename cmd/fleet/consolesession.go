package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"fleet/internal/lang"
	"fleet/internal/term"
	"fleet/inventory"
	"fleet/inventory/facts"
	"fleet/transport"
)

// A consoleSession is what the expressions of one console share.
type consoleSession struct {
	app      *app
	inv      *inventory.Inventory
	conn     *connectionFlags
	host     *inventory.Host // nil without --host
	facts    cty.Value       // of host; unknown until they are needed
	mistakes bool            // whether an expression had one
}

func newConsoleSession(a *app, inv *inventory.Inventory, conn *connectionFlags) *consoleSession {
	return &consoleSession{app: a, inv: inv, conn: conn, facts: cty.UnknownVal(facts.Type())}
}

// show evaluates an expression and prints its value, or what is wrong with it. An
// error is one that ends the console.
func (s *consoleSession) show(ctx context.Context, text string) error {
	v, found, err := s.evaluate(ctx, text)
	switch {
	case stops(err):
		return err
	case err != nil:
		s.mistakes = true
		s.app.report(err)
		return nil
	}
	if err := s.app.diagnose(found); err != nil {
		s.mistakes = true
		s.hintHost(found)
		fmt.Fprintln(s.app.env.stderr) // the next one is another expression's
		return nil
	}
	_, err = fmt.Fprintln(s.app.env.stdout, s.printable(lang.Render(v)))
	return err
}

// hintHost tells who forgot --host.
func (s *consoleSession) hintHost(found lang.Diagnostics) {
	asked := func(d lang.Diagnostic) bool { return d.Summary == "Host not known here" }
	if s.host == nil && slices.ContainsFunc(found, asked) {
		s.app.hint("fleet console --host NAME makes host.* known")
	}
}

// printable is text without what a terminal would take for its own.
func (s *consoleSession) printable(text string) string {
	if !term.IsTerminal(s.app.env.stdout) {
		return text
	}
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = term.Clean(lines[i])
	}
	return strings.Join(lines, "\n")
}

// evaluate evaluates an expression. Where its value turns out to depend on the
// facts of the host, they are gathered first.
func (s *consoleSession) evaluate(ctx context.Context, text string) (cty.Value, lang.Diagnostics, error) {
	v, found := s.attempt(text)
	if found.HasErrors() || v.IsWhollyKnown() || s.facts.IsKnown() || !s.mayNeedFacts(text) {
		return v, found, nil
	}
	if err := s.gather(ctx); err != nil {
		return cty.NilVal, nil, err
	}
	v, found = s.attempt(text)
	return v, found, nil
}

// attempt evaluates an expression with what is known.
func (s *consoleSession) attempt(text string) (cty.Value, lang.Diagnostics) {
	scope := s.inv.Scope()
	if s.host == nil {
		v, diags := scope.EvalText(text)
		return v, s.inv.Diagnose(diags)
	}
	h, found := s.inv.Value(s.host, 0, s.facts)
	if refersTo(text, "vars", "") && found.HasErrors() {
		return cty.DynamicVal, found
	}
	v, diags := scope.ForHost(h).EvalText(text)
	return v, s.inv.Diagnose(diags)
}

// mayNeedFacts reports whether text refers to what may depend on facts.
func (s *consoleSession) mayNeedFacts(text string) bool {
	if s.host == nil || !refersTo(text, "facts", "vars", "") {
		return false
	}
	if refersTo(text, "facts", "") {
		return true
	}
	h, _ := s.inv.Value(s.host, 0, s.facts)
	return !h.GetAttr("vars").IsWhollyKnown()
}

// refersTo reports whether text refers to one of the members of host; "" is host
// as a whole, or by an index.
func refersTo(text string, members ...string) bool {
	tokens := lex(text)
	for i, t := range tokens {
		if t.Type != hclsyntax.TokenIdent || string(t.Bytes) != "host" || i > 0 && tokens[i-1].Type == hclsyntax.TokenDot {
			continue
		}
		member := ""
		if i+2 < len(tokens) && tokens[i+1].Type == hclsyntax.TokenDot && tokens[i+2].Type == hclsyntax.TokenIdent {
			member = string(tokens[i+2].Bytes)
		}
		if tokens[i+1].Type != hclsyntax.TokenOParen && slices.Contains(members, member) {
			return true
		}
	}
	return false
}

// gather asks the host for its facts; the session keeps them.
func (s *consoleSession) gather(ctx context.Context) error {
	ctx, finish := untilSignal(ctx)
	defer finish()
	target, err := s.inv.Target(ctx, s.host)
	if err != nil {
		return fmt.Errorf("%s: %w", s.host.Name, err)
	}
	if s.conn.askPass {
		if target.Login.Password, err = s.app.askSecret(ctx, "Login password: "); err != nil {
			return nobodyToAsk("-k", err)
		}
	}
	if target.HostKey.Policy == transport.HostKeyOff {
		fmt.Fprintf(s.app.env.stderr, "fleet: warning: the host key is not checked on 1 host: %s\n", target.Label())
	}
	connections, err := s.app.connections(ctx, 0)
	if err != nil {
		return err
	}
	caller := s.app.caller(s.app.answerer(func(ask func()) { ask() }), false)
	caller.Notice = func(host, text string) {
		fmt.Fprintf(s.app.env.stderr, "fleet: %s: %s\n", term.Clean(host), term.Clean(text))
	}
	v, err := facts.New(facts.Config{Transport: connections}).Host(transport.WithCaller(ctx, caller), target)
	connections.close()
	var failure *transport.Error
	switch {
	case errors.As(err, &failure) && failure.Hint != "":
		return interrupted(ctx, fmt.Errorf("%w; hint: %s", err, failure.Hint))
	case err != nil:
		return interrupted(ctx, err)
	}
	s.facts = v
	return nil
}

// names are what a word of an expression can become.
func (s *consoleSession) names(word string) []string {
	scope := s.inv.Scope()
	if s.host != nil {
		h, _ := s.inv.Value(s.host, 0, s.facts)
		scope = scope.ForHost(h)
	}
	return scope.Names(word)
}
