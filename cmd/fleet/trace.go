package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"fleet/event"
	"fleet/inventory"
	"fleet/pool"
	"fleet/pool/credential"
	"fleet/transport"
)

func newTraceCommand(a *app) *cobra.Command {
	var (
		sel    selectionFlags
		conn   connectionFlags
		format = "text"
	)
	cmd := &cobra.Command{
		Use:   "trace [flags] HOST",
		Short: "Show the life of one connection, step by step",
		Long: `Show the life of one connection, step by step: how the host is reached, what both
sides offer and choose, how the host key is verified, which keys are offered, and
one command, "true", from its channel to the close. Each step has the time since
the beginning and since the step before it, in milliseconds. Where a step fails,
it says why and what to do.`,
		Example: "  fleet trace web07\n  fleet trace --format json -l deploy -J bastion web07",
		Args:    oneHost,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.traceHost(cmd.Context(), &sel, &conn, format, args[0])
		},
	}
	fs := newFlagSet()
	fs.Var(choice(&format, "text", "json"), "format", "`FORMAT`: text or json")
	addFlags(cmd, "What to print", fs)
	addFlags(cmd, "Which inventory", sel.inventoryFlags())
	addFlags(cmd, "How to connect", conn.flags())
	a.completeHost(cmd, &sel)
	completeWords(cmd, "format", "text", "json")
	return cmd
}

// traceHost is "fleet trace".
func (a *app) traceHost(ctx context.Context, sel *selectionFlags, conn *connectionFlags, format, name string) error {
	userFrom := "" // where that is the name as it was typed
	if user, host, ok := cutUser(name); ok {
		if conn.user == "" { // as ssh: -l wins
			conn.user, userFrom = user, name
		}
		name = host
	}
	inv, err := a.openInventory(ctx, sel, conn)
	if err != nil {
		return err
	}
	hosts, err := a.choose(inv, sel, inventory.SelectOptions{Hosts: []string{name}})
	if err == nil {
		err = refusePorts(inv, hosts)
	}
	if err != nil {
		return err
	}
	if len(hosts) != 1 {
		return badUsage("%q is %d hosts; trace one", name, len(hosts))
	}
	var settings []inventory.Row
	var target transport.Target
	err = resolving(ctx, func(ctx context.Context) (err error) {
		if settings, err = traceSettings(ctx, inv, hosts[0]); err != nil {
			return err
		}
		if target, err = inv.Target(ctx, hosts[0]); err != nil {
			return fmt.Errorf("%s: %w", hosts[0].Name, err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if conn.askPass {
		if target.Login.Password, err = a.askSecret(ctx, "Login password: "); err != nil {
			return nobodyToAsk("-k", err)
		}
	}
	var view traceView = newTraceText(a, &target)
	if format == "json" {
		view = &traceJSON{w: a.env.stdout}
	}
	ctx, finish := untilSignal(ctx)
	defer finish()
	log := startTrace(&target, view)
	for i := range settings {
		if settings[i].Setting == "user" && userFrom != "" {
			settings[i].Origin = userFrom
		}
	}
	log.add(pool.Step{Host: target.Label(), Name: stepSettings, At: log.start}, settings)
	failure := a.connectOnce(ctx, &target, log)
	if err := log.close(failure); err != nil {
		return err
	}
	return interrupted(ctx, exit(traceStatus(failure)))
}

// cutUser takes user@host apart.
func cutUser(name string) (user, host string, ok bool) {
	i := strings.LastIndexByte(name, '@')
	if i < 1 || strings.ContainsAny(name, "[](),!&^*?/= ") {
		return "", name, false
	}
	return name[:i], name[i+1:], true
}

// traceSettings are the settings that a connection depends on, without those
// that nobody has set; but always where it goes to.
func traceSettings(ctx context.Context, inv *inventory.Inventory, h *inventory.Host) ([]inventory.Row, error) {
	rows, err := inv.Explain(ctx, h)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", h.Name, err)
	}
	var kept []inventory.Row
	for _, r := range rows {
		section, _, _ := strings.Cut(r.Setting, ".")
		switch section {
		case "become", "env", "group", "protected", "labels", "vars":
		case "address", "user", "port":
			kept = append(kept, r)
		default:
			if r.Origin != "default" {
				kept = append(kept, r)
			}
		}
	}
	return kept, nil
}

// connectOnce connects, runs true, and disconnects.
func (a *app) connectOnce(ctx context.Context, t *transport.Target, log *traceLog) error {
	limit := traceLimit(t)
	ctx, cancel := context.WithTimeoutCause(ctx, limit, &transport.Error{
		Op: "run", Host: t.Label(), Kind: transport.KindTimeout, Err: fmt.Errorf("no end within %s", limit),
	})
	defer cancel()
	credentials := &credential.Store{Prompt: a.answerer(func(ask func()) { ask() }), Logger: a.log}
	defer credentials.Close()
	connections := pool.New(pool.Config{
		Credentials: credentials,
		Logger:      a.log,
		Trace:       func(s pool.Step) { log.add(s, nil) },
	})
	status, err := connections.Run(ctx, *t, &transport.Command{Script: "true", Grace: time.Second})
	if err == nil && status.Code != 0 {
		err = &transport.Error{
			Op: "run", Host: t.Label(), Kind: transport.KindRefused, Sent: true, Stopped: true,
			Err: fmt.Errorf(`"true" ended with status %d`, status.Code),
		}
	}
	log.awaitEnd()
	_ = connections.Close()
	return err
}

// traceLimit bounds a trace: what the pool allows for each connection on the way,
// and as much again for the command.
func traceLimit(t *transport.Target) time.Duration {
	own := t.Link.ConnectTimeout
	if own <= 0 {
		own = transport.DefaultConnectTimeout
	}
	limit := 2 * own
	for i := range t.Jump {
		hop := t.Jump[i].Link.ConnectTimeout
		if hop <= 0 {
			hop = transport.DefaultConnectTimeout
		}
		limit += hop
	}
	return limit
}

// traceStatus is the exit status of a trace, by the same table as a run's.
func traceStatus(err error) int {
	s := &event.Summary{Counts: make(map[event.Outcome]int)}
	switch transport.KindOf(err) {
	case "":
		return 0
	case transport.KindUnreachable, transport.KindAuth, transport.KindHostKey:
		s.Counts[event.Unreachable] = 1
	default:
		s.Counts[event.Failed] = 1
	}
	return s.ExitStatus()
}
