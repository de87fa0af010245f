package main

import (
	"context"
	"os"
	"sync/atomic"

	"fleet/event"
	"fleet/pool/tunnel"
	"fleet/runner"
	"fleet/transport"
)

// runs reports whether a command is run as soon as the tunnels are open, and they
// are closed after it.
func (f *tunnelFlags) runs() bool { return f.exec != "" || f.execOnce != "" }

// wantsAll is the flag for which all tunnels have to be open.
func (f *tunnelFlags) wantsAll() string {
	switch {
	case f.exec != "":
		return "--exec"
	case f.execOnce != "":
		return "--exec-once"
	default:
		return "--wait"
	}
}

// checkUse finds what a command could not tell apart, before anything is opened.
func (f *tunnelFlags) checkUse(plans []tunnelPlan) error {
	if f.runs() {
		f.wait = true
	}
	if f.exec != "" {
		seen := map[string]int{}
		for _, p := range plans {
			if seen[p.host.Name] += len(p.rules); seen[p.host.Name] > 1 {
				return &usageError{
					err:  badUsage("--exec has one $PORT for each host, and %s has several tunnels", p.host.Name),
					hint: "--exec-once has all of them",
				}
			}
		}
	}
	if f.execOnce == "" {
		return nil
	}
	var names []tunnelDocument
	for _, p := range plans {
		for range p.rules {
			names = append(names, tunnelDocument{Name: p.name, Host: p.host.Name})
		}
	}
	_, err := variables(names)
	return err
}

// carryOut runs the command, to which the signals are left meanwhile. Then it
// gives what the command wrote last the time to arrive.
func (t *tunneling) carryOut(ctx context.Context, signals *interrupter) error {
	// Whoever is asked now would answer on the terminal that the command reads.
	t.hold(func() { t.quiz = false })
	err := t.command(ctx, signals)
	t.drain(ctx)
	return err
}

// command runs the command.
func (t *tunneling) command(ctx context.Context, signals *interrupter) error {
	list := t.set.Status()
	switch {
	case t.flags.execOnce != "":
		env, err := onceEnv(t.documents(list), list)
		if err != nil {
			return err
		}
		return t.attached(ctx, signals, t.flags.execOnce, env)
	case len(list) == 1 && t.flags.show.format == "text" && t.flags.show.gather == "":
		return t.attached(ctx, signals, t.flags.exec, tunnelEnv(&list[0]))
	default:
		return t.forEach(ctx, signals, list)
	}
}

// forEach runs the command for every host, as "fleet run" would, but here.
func (t *tunneling) forEach(ctx context.Context, signals *interrupter, list []tunnel.Status) error {
	work := make([]runner.Job, len(list))
	for i := range list {
		work[i] = runner.Job{Host: list[i].Host, Target: transport.Target{Name: list[i].Host, Env: tunnelEnv(&list[i])}}
	}
	var running atomic.Bool
	signals.handOver(func(s os.Signal) {
		if !running.Load() { // from then on the run has a watch of its own
			t.stop(&signaled{s})
		}
	})
	defer signals.handOver(nil)
	x := &execution{app: t.app, show: &t.flags.show, jobs: work}
	return x.run(ctx, t.fanout, func(ctx context.Context, _ transport.Transport, sink event.Sink) *event.Summary {
		running.Store(true)
		return runner.Run(ctx, &runner.Config{
			Transport: transport.Local{}, Sink: sink, Title: t.flags.exec, Fanout: t.fanout,
			Command: transport.Command{Script: t.flags.exec},
		}, work)
	})
}
