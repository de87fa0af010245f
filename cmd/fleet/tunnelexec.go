package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"fleet/event"
	"fleet/internal/forward"
	"fleet/internal/term"
	"fleet/pool/tunnel"
	"fleet/runner"
	"fleet/transport"
)

// runs reports whether a command is run as soon as the tunnels are open, and they
// are closed after it.
func (f *tunnelFlags) runs() bool { return f.exec != "" || f.execOnce != "" }

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

// carryOut runs the command, to which the signals are left meanwhile.
func (t *tunneling) carryOut(ctx context.Context, signals *interrupter) error {
	list := t.set.Status()
	switch {
	case t.flags.execOnce != "":
		env, err := onceEnv(t.documents(list), list)
		if err != nil {
			return err
		}
		return t.attached(signals, t.flags.execOnce, env)
	case len(list) == 1 && t.flags.show.format == "text" && t.flags.show.gather == "":
		return t.attached(signals, t.flags.exec, tunnelEnv(&list[0]))
	default:
		return t.forEach(ctx, signals, list)
	}
}

// attached runs a command that has the terminal to itself. Its exit status is that
// of fleet.
func (t *tunneling) attached(signals *interrupter, command string, env []string) error {
	cmd := exec.Command("/bin/sh", "-c", command)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = t.app.env.stdin, t.app.env.stdout, t.app.env.stderr
	err := cmd.Start()
	switch {
	case errors.Is(err, syscall.E2BIG):
		return fmt.Errorf("the command is not told of %s: that is more than an environment holds", plural(len(t.set.Status()), "tunnel"))
	case err != nil:
		return err
	}
	// What is typed on the terminal comes to the command by itself.
	terminal := term.IsTerminal(t.app.env.stdin) || term.IsTerminal(t.app.env.stderr)
	signals.handOver(func(s os.Signal) {
		if !terminal || s != os.Interrupt && s != syscall.SIGQUIT {
			_ = cmd.Process.Signal(s)
		}
	})
	defer signals.handOver(nil)
	err = cmd.Wait()
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		return err
	}
	return exit(shellStatus(cmd.ProcessState))
}

// shellStatus is the exit status by which a shell tells how a process ended.
func shellStatus(p *os.ProcessState) int {
	if ws, ok := p.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return 128 + int(ws.Signal())
	}
	return p.ExitCode()
}

// forEach runs the command for every host, as "fleet run" would, but here.
func (t *tunneling) forEach(ctx context.Context, signals *interrupter, list []tunnel.Status) error {
	work := make([]runner.Job, len(list))
	for i := range list {
		work[i] = runner.Job{Host: list[i].Host, Target: transport.Target{Name: list[i].Host, Env: tunnelEnv(&list[i])}}
	}
	signals.handOver(func(os.Signal) {}) // the run has a watch of its own
	defer signals.handOver(nil)
	x := &execution{app: t.app, show: &t.flags.show, jobs: work}
	return x.run(ctx, t.fanout, func(ctx context.Context, _ transport.Transport, sink event.Sink) *event.Summary {
		return runner.Run(ctx, &runner.Config{
			Transport: transport.Local{}, Sink: sink, Title: t.flags.exec, Fanout: t.fanout,
			Command: transport.Command{Script: t.flags.exec},
		}, work)
	})
}

// tunnelEnv is what a command is told of one tunnel.
func tunnelEnv(s *tunnel.Status) []string {
	return []string{
		"HOST=" + s.Host,
		"PORT=" + portText(s.Listen),
		"ADDRESS=" + reachable(s.Listen).String(),
		"LISTEN=" + s.Listen.String(),
	}
}

// portText is the port of an endpoint; "" where it is a socket.
func portText(e forward.Endpoint) string {
	if e.IsUnix() {
		return ""
	}
	return strconv.Itoa(e.Port())
}

// reachable is where a client connects to who wants what listens at e: nobody
// connects to all addresses.
func reachable(e forward.Endpoint) forward.Endpoint {
	switch {
	case e.IsUnix():
		return e
	case e.Host() == "" || e.Host() == "0.0.0.0":
		return forward.TCP("127.0.0.1", e.Port())
	case e.Host() == "::":
		return forward.TCP("::1", e.Port())
	default:
		return e
	}
}

// onceEnv is what a command is told of all tunnels.
func onceEnv(docs []tunnelDocument, list []tunnel.Status) ([]string, error) {
	names, err := variables(docs)
	if err != nil {
		return nil, err
	}
	document, err := json.Marshal(docs)
	if err != nil {
		return nil, err
	}
	env := []string{"FLEET_TUNNELS=" + string(document)}
	for i := range list {
		env = append(env, "PORT_"+names[i]+"="+portText(list[i].Listen), "ADDRESS_"+names[i]+"="+reachable(list[i].Listen).String())
	}
	return env, nil
}

// variables are the names of tunnels in the environment: that of the host, and
// with it that of the block, or a number, where a host has several.
func variables(docs []tunnelDocument) ([]string, error) {
	of, nth := map[string]int{}, map[string]int{}
	for _, d := range docs {
		of[d.Host]++
	}
	names, taken := make([]string, len(docs)), map[string]string{}
	for i, d := range docs {
		whole := d.Host
		if of[d.Host] > 1 {
			nth[d.Host]++
			whole = strings.TrimPrefix(d.Name+"_", "_") + d.Host
			if d.Name == "" {
				whole += "_" + strconv.Itoa(nth[d.Host])
			}
		}
		names[i] = variable(whole)
		if other, ok := taken[names[i]]; ok {
			return nil, &usageError{err: badUsage("$PORT_%s would be that of %s and of %s", names[i], other, whole), hint: "--exec runs a command for each host"}
		}
		taken[names[i]] = whole
	}
	return slices.Clip(names), nil
}

// variable is name as a part of the name of a shell variable.
func variable(name string) string {
	return strings.Map(func(r rune) rune {
		if r < 128 && strings.ContainsRune(letters, r) {
			return r
		}
		return '_'
	}, name)
}
