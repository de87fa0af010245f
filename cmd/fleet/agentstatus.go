package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"fleet/agent"
	"fleet/internal/nodeset"
	"fleet/internal/term"
)

// agentStatus asks the agent how things are.
func (a *app) agentStatus(ctx context.Context) (*agent.Status, error) {
	client, err := a.dialAgent(ctx)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	return client.Status(ctx)
}

// noAgent is err, in words where no agent runs.
func noAgent(err error) error {
	if errors.Is(err, agent.ErrNotRunning) {
		return errors.New("no agent runs; hint: to start one: fleet agent start")
	}
	return err
}

func newAgentStatusCommand(a *app) *cobra.Command {
	format := "text"
	cmd := &cobra.Command{
		Use:     "status [flags]",
		Short:   "Show the agent, and the connections it has",
		Long:    `Show the agent and its connections. Where no agent runs, the exit status is 1.`,
		Example: "  fleet agent status --format json",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, finish := untilSignal(cmd.Context())
			defer finish()
			s, err := a.agentStatus(ctx)
			switch {
			case err != nil:
				return interrupted(ctx, noAgent(err))
			case format == "json":
				return writeJSON(a.env.stdout, s)
			default:
				return writeAgent(a.env.stdout, s, time.Now(), lineWidth(a.env.stdout))
			}
		},
	}
	fs := newFlagSet()
	fs.Var(choice(&format, "text", "json"), "format", "`FORMAT`: text or json")
	addFlags(cmd, "What to print", fs)
	completeWords(cmd, "format", "text", "json")
	return cmd
}

// writeAgent writes the status for people. Where width is that of a terminal, names
// are cut to fit: 80 columns are enough.
func writeAgent(w io.Writer, s *agent.Status, now time.Time, width int) error {
	state := "runs"
	if s.Draining {
		state = "is ending"
	}
	if _, err := fmt.Fprintf(w, "The agent %s: fleet %s, process %d, for %s\nsocket %s\n%s in use by %s; %s, %s\n",
		state, term.Clean(s.Version), s.PID, roughly(now.Sub(s.Started).Truncate(time.Second)), term.Clean(s.Socket),
		plural(s.Operations, "operation"), plural(s.Clients, "client"), plural(len(s.Connections), "connection"), plural(s.Tunnels, "tunnel")); err != nil || len(s.Connections) == 0 {
		return err
	}
	list := slices.Clone(s.Connections)
	slices.SortStableFunc(list, func(a, b agent.ConnectionStatus) int {
		return cmp.Or(nodeset.Compare(a.Host, b.Host), a.Since.Compare(b.Since))
	})
	fmt.Fprintln(w)
	const names, others = 33, 80 - 33 // columns
	room := max(names, min(width, 200)-others)
	t := newTable(w)
	t.row("HOST", "LOGIN", "BUSY", "RTT", "IN", "OUT", "AGE", "UNUSED")
	for i := range list {
		c := &list[i]
		sessions, unused := strconv.Itoa(c.Sessions), shortAge(now.Sub(c.Used))
		if c.Private {
			sessions = "tunnel"
		}
		if c.Sessions > 0 || c.Private {
			unused = "-"
		}
		t.row(oneLine(c.Host, room*15/names), oneLine(c.User+"@"+c.Address, room*18/names), sessions, roundTrip(c.RoundTripMS),
			size(int64(c.Received)), size(int64(c.Sent)), shortAge(now.Sub(c.Since)), unused)
	}
	return t.Flush()
}

// roundTrip is a time to a host and back, in milliseconds.
func roundTrip(ms *float64) string {
	switch {
	case ms == nil:
		return "-"
	case *ms < 10:
		return strconv.FormatFloat(*ms, 'f', 1, 64) + "ms"
	default:
		return strconv.FormatFloat(*ms, 'f', 0, 64) + "ms"
	}
}

// shortAge is a time in its largest unit.
func shortAge(d time.Duration) string {
	switch {
	case d < time.Minute:
		return strconv.Itoa(int(max(0, d).Seconds())) + "s"
	case d < time.Hour:
		return strconv.Itoa(int(d.Minutes())) + "m"
	case d < 48*time.Hour:
		return strconv.Itoa(int(d.Hours())) + "h"
	default:
		return strconv.Itoa(int(d.Hours())/24) + "d"
	}
}

func newAgentStopCommand(a *app) *cobra.Command {
	var now bool
	cmd := &cobra.Command{
		Use:   "stop [flags]",
		Short: "End the agent, and return when it is gone",
		Long: `End the agent. What runs comes to its end first, for 30 seconds at most; then, or
with --now at once, it is stopped on its hosts. Ctrl-C leaves the agent ending.`,
		Example: "  fleet agent stop --now",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, finish := untilSignal(cmd.Context())
			defer finish()
			return interrupted(ctx, noAgent(a.agentStop(ctx, now)))
		},
	}
	fs := newFlagSet()
	fs.BoolVar(&now, "now", false, "stop what runs, and do not wait for its end")
	addFlags(cmd, "How to end it", fs)
	return cmd
}

// agentStop ends the agent, and says beforehand what that waits for.
func (a *app) agentStop(ctx context.Context, now bool) error {
	client, err := a.dialAgent(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	if s, err := client.Status(ctx); err == nil && !now && s.Operations > 0 && !a.global.quiet {
		text := "waiting for " + plural(s.Operations, "operation")
		if hosts := busyHosts(s); hosts != "" {
			text += " on " + hosts
		}
		fmt.Fprintf(a.env.stderr, "%s; --now does not wait\n", strings.ToUpper(text[:1])+text[1:])
	}
	if err := client.Stop(ctx, now); err != nil {
		return err
	}
	if !a.global.quiet {
		fmt.Fprintln(a.env.stderr, "The agent has ended.")
	}
	return nil
}

// busyHosts are the hosts on which something is at work.
func busyHosts(s *agent.Status) string {
	var hosts []string
	for _, c := range s.Connections {
		if c.Sessions > 0 || c.Private {
			hosts = append(hosts, c.Host)
		}
	}
	if len(hosts) == 0 {
		return ""
	}
	return oneLine(nodeset.Fold(hosts), 200)
}
