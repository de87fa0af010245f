package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"fleet/internal/term"
	"fleet/inventory"
)

func newConsoleCommand(a *app) *cobra.Command {
	var (
		sel  selectionFlags
		conn connectionFlags
		host string
	)
	cmd := &cobra.Command{
		Use:   "console [flags]",
		Short: "Try expressions on the loaded inventory",
		Long: `Evaluate expressions, one a line, on the loaded inventory, and print their values.
Brackets that are open go on in the next line. On a terminal, Tab completes, the
arrow keys bring lines back, and exit or Ctrl-D ends it. In a pipe, each value is
printed, and the status is 1 where an expression has a mistake.

With --host, host.* is known. Everything is offline but for one thing: an
expression that needs host.facts connects to that host, once.`,
		Example: "  fleet console --host web07",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.console(cmd.Context(), &sel, &conn, host)
		},
	}
	fs := newFlagSet()
	fs.Var(text(&host, notEmpty), "host", "make host.* known: that of `NAME`")
	addFlags(cmd, "Which host", fs)
	addFlags(cmd, "Which inventory", sel.inventoryFlags())
	addFlags(cmd, "How to connect", conn.flags())
	complete(cmd, "host", func(cmd *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
		return a.hostsBeginning(cmd.Context(), &sel, word), cobra.ShellCompDirectiveNoFileComp
	})
	return cmd
}

// console is "fleet console".
func (a *app) console(ctx context.Context, sel *selectionFlags, conn *connectionFlags, name string) error {
	inv, err := a.openInventory(ctx, sel, conn)
	if err != nil {
		return err
	}
	s := newConsoleSession(a, inv, conn)
	if name != "" {
		hosts, err := a.choose(inv, sel, inventory.SelectOptions{Hosts: []string{name}})
		if err != nil {
			return err
		}
		if len(hosts) != 1 {
			return badUsage("%q is %d hosts; --host takes one", name, len(hosts))
		}
		s.host = hosts[0]
	}
	if !term.IsTerminal(a.env.stdin) {
		return a.evaluateAll(ctx, s)
	}
	editor, err := openEditor(&a.env, s.names)
	if errors.Is(err, term.ErrNoTerminal) {
		return a.evaluateAll(ctx, s) // the terminal's own line editing has to do
	}
	if err != nil {
		return err
	}
	defer editor.close()
	return converse(ctx, s, editor)
}

// evaluateAll evaluates the expressions of standard input.
func (a *app) evaluateAll(ctx context.Context, s *consoleSession) error {
	lines := bufio.NewScanner(a.env.stdin)
	lines.Buffer(nil, maxExpression)
	var p pending
	for lines.Scan() {
		if end, err := s.line(ctx, &p, lines.Text()); end || err != nil {
			return err
		}
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return errors.New("a line of standard input is too long for an expression")
	case err != nil:
		return fmt.Errorf("standard input: %w", err)
	}
	if rest := p.rest(); rest != "" {
		if err := s.show(ctx, rest); err != nil { // the mistake: what is not closed
			return err
		}
	}
	if s.mistakes {
		return exit(statusError)
	}
	return nil
}

// converse is a console on a terminal. What goes wrong is shown, and the status
// is 0 all the same: the user saw it.
func converse(ctx context.Context, s *consoleSession, editor *lineEditor) error {
	ctx, finish := untilTold(ctx)
	defer finish()
	var p pending
	for {
		prompt := promptFirst
		if p.waiting() {
			prompt = promptMore
		}
		line, err := editor.readLine(ctx, prompt)
		switch {
		case errors.Is(err, io.EOF):
			_, err := fmt.Fprintln(s.app.env.stdout) // the prompt stands on this line
			return err
		case errors.Is(err, errGivenUp) && editor.empty && !p.waiting():
			return nil
		case errors.Is(err, errGivenUp):
			p.clear()
			continue
		case err != nil:
			return interrupted(ctx, err)
		}
		if end, err := s.line(ctx, &p, line); end || err != nil {
			return err
		}
	}
}

// untilTold ends the context when the process is told to end. Ctrl-C is not that:
// while a line is read it is a key, and while facts are gathered it ends that; at
// any other time there is nothing to end.
func untilTold(ctx context.Context) (_ context.Context, finish func()) {
	ctx, stop := context.WithCancelCause(ctx)
	signals, over := make(chan os.Signal, 1), make(chan struct{})
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		// What nohup turned off stays off.
		if !signal.Ignored(s) {
			signal.Notify(signals, s)
		}
	}
	go func() { // ends with finish
		defer close(over)
		for s := range signals {
			if s != os.Interrupt {
				stop(&signaled{s})
			}
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(signals)
		<-over
		stop(nil)
	}
}

// line takes a line of input, and reports whether it was the last one.
func (s *consoleSession) line(ctx context.Context, p *pending, line string) (end bool, err error) {
	if !p.waiting() {
		switch strings.TrimSpace(line) {
		case "exit":
			return true, s.end()
		case "help":
			return false, s.help()
		}
	}
	text, complete, err := p.add(line)
	if err != nil {
		s.mistakes = true
		s.app.complain(err)
		return false, nil
	}
	if !complete {
		return false, nil
	}
	return false, s.show(ctx, text)
}

// end is what "exit" does.
func (s *consoleSession) end() error {
	if s.mistakes && !term.IsTerminal(s.app.env.stdin) {
		return exit(statusError)
	}
	return nil
}

func (s *consoleSession) help() error {
	known := "var.NAME, local.NAME, functions"
	if s.host != nil {
		known += ", host.name, host.address, host.vars.NAME, host.labels.NAME, host.groups, host.facts.NAME"
	} else {
		known += "; with --host NAME also host.*"
	}
	_, err := fmt.Fprintf(s.app.env.stdout, `An expression is what stands after an equals sign in an inventory:
  %s
Brackets that are open go on in the next line. exit or Ctrl-D ends the console.
`, known)
	return err
}

// stops reports whether a signal that ended an evaluation is to end fleet:
// Ctrl-C only ends what it interrupts.
func stops(err error) bool {
	var s *signaled
	return errors.As(err, &s) && s.signal != syscall.SIGINT
}
