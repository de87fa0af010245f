package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"fleet/agent"
	"fleet/internal/term"
)

func newAgentCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "agent COMMAND",
		Short: "The process that keeps connections for the next command",
		Long: `A process of yours in the background that keeps connections to hosts, so that the
next command finds them open. Other commands use it when it runs, and do the same
without it.

FLEET_AGENT=off goes without it. FLEET_AGENT=PATH is an agent of its own on that
socket, for these commands too; others then fail where nobody answers there.`,
		Example: "  fleet agent start\n  fleet agent status",
		Args:    noSuchCommand,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return cmd.Help()
		},
	}
	cmd.AddCommand(newAgentStartCommand(a), newAgentStatusCommand(a), newAgentStopCommand(a), newAgentRunCommand(a))
	orderCommands(cmd.Commands())
	return cmd
}

// agentFlags say how an agent lives.
type agentFlags struct {
	idle    time.Duration // --idle-timeout; 0 is for ever
	linger  time.Duration // --linger
	metrics string        // --metrics; "" is none
	log     string        // --log; "" is standard error
}

// defaultLinger is how long the agent keeps a connection that nobody uses.
const defaultLinger = 10 * time.Minute

func lingerFlag(fs *pflag.FlagSet, linger *time.Duration) {
	fs.Var(duration(linger, ""), "linger", "close a connection that nobody has used for `TIME`")
	fs.Lookup("linger").DefValue = "10m" // as people write it
}

func newAgentRunCommand(a *app) *cobra.Command {
	f := agentFlags{linger: defaultLinger}
	cmd := &cobra.Command{
		Use:   "run [flags]",
		Short: "Be the agent, in the foreground",
		Long: `Be the agent, in the foreground: for systemd, or to see what it does. SIGTERM and
Ctrl-C let what runs come to its end first, for 30 seconds at most; a second one
does not wait. SIGHUP has keys and known_hosts read again.`,
		Example: "  fleet agent run --idle-timeout 1h",
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.agentRun(cmd.Context(), &f) },
	}
	fs := newFlagSet()
	fs.Var(duration(&f.idle, ""), "idle-timeout", "end when nobody has used it for `TIME` (default: never)")
	lingerFlag(fs, &f.linger)
	fs.Var(text(&f.metrics, loopbackAddress), "metrics", "serve metrics on `ADDRESS` of this machine as well: 127.0.0.1:9464")
	fs.Var(text(&f.log, notEmpty), "log", "log to `FILE` in place of standard error; of two of 1 MiB each the older one goes")
	addFlags(cmd, "How it lives", fs)
	return cmd
}

func newAgentStartCommand(a *app) *cobra.Command {
	f := agentFlags{linger: defaultLinger}
	cmd := &cobra.Command{
		Use:   "start [flags]",
		Short: "Start the agent in the background",
		Long: `Start the agent in the background, and return when it is ready. Its log is
agent.log in fleet's folder of $XDG_STATE_HOME, or of ~/.local/state.`,
		Example: "  fleet agent start --linger 1h",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, finish := untilSignal(cmd.Context())
			defer finish()
			if s, err := a.agentStatus(ctx); err == nil {
				if s.Draining {
					return endingError(s)
				}
				a.tellAgent("An agent runs already", s)
				return nil
			} else if !errors.Is(err, agent.ErrNotRunning) {
				return interrupted(ctx, err)
			}
			if err := a.startAgent(ctx, f.args()...); err != nil {
				return interrupted(ctx, err)
			}
			s, err := a.agentStatus(ctx)
			if err == nil {
				a.tellAgent("The agent runs", s)
			}
			return interrupted(ctx, err)
		},
	}
	fs := newFlagSet()
	fs.Var(duration(&f.idle, ""), "idle-timeout", "end when nobody has used it for `TIME` (default: never)")
	lingerFlag(fs, &f.linger)
	fs.Var(text(&f.metrics, loopbackAddress), "metrics", "serve metrics on `ADDRESS` of this machine as well: 127.0.0.1:9464")
	addFlags(cmd, "How it lives", fs)
	return cmd
}

// endingError is why no agent is started beside one that finishes what it was given.
func endingError(s *agent.Status) error {
	return fmt.Errorf("the agent (process %d) is about to end, and waits for what it still does; hint: start it again then, or end it at once with fleet agent stop --now", s.PID)
}

// args are the flags for "fleet agent run".
func (f *agentFlags) args() []string {
	args := []string{"--linger", f.linger.String()}
	if f.idle > 0 {
		args = append(args, "--idle-timeout", f.idle.String())
	}
	if f.metrics != "" {
		args = append(args, "--metrics", f.metrics)
	}
	return args
}

// tellAgent says that there is an agent, and which.
func (a *app) tellAgent(what string, s *agent.Status) {
	if !a.global.quiet {
		fmt.Fprintf(a.env.stderr, "%s (process %d): %s\n", what, s.PID, term.Clean(s.Socket))
	}
}
