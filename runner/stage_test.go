package runner_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"fleet/event"
	"fleet/internal/sshconfig"
	"fleet/inventory"
	"fleet/runner"
	"fleet/tasks"
	"fleet/transport"
)

// An act is what a command does on a host.
type act func(ctx context.Context, c *transport.Command) (transport.Status, error)

// A stage is a transport on which every command does what it was told to, and
// else ends well at once.
type stage struct {
	transport.Local                // for what these tests do not use
	acts            map[string]act // by "host command", or "command" for all hosts
	connects        connect        // nil: every host is this machine

	mu            sync.Mutex
	log           []string // "host command", as they begin
	working, most int      // hosts at work
}

// A connect makes the connection of one caller to a host.
type connect func(ctx context.Context, t transport.Target) (transport.Link, error)

func (s *stage) Connect(ctx context.Context, t transport.Target) (transport.Link, error) {
	if s.connects == nil {
		return s.Local.Connect(ctx, t)
	}
	return s.connects(ctx, t)
}

func (s *stage) Run(ctx context.Context, t transport.Target, c *transport.Command) (transport.Status, error) {
	command := c.Script
	switch { // scripts of fleet's own
	case strings.HasPrefix(command, "# Takes the lock"):
		command = "LOCK"
	case strings.HasPrefix(command, "echo at 0;"):
		command = "GUARD"
	case strings.Contains(command, "uname"):
		command = "FACTS"
	}
	key := t.Name + " " + command
	s.mu.Lock()
	s.log = append(s.log, key)
	s.working++
	s.most = max(s.most, s.working)
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.working--
		s.mu.Unlock()
	}()
	do := s.acts[key]
	if do == nil {
		do = s.acts[command]
	}
	if do == nil {
		return transport.Status{}, nil
	}
	if ctx.Err() != nil {
		return transport.Status{}, &transport.Error{Op: "connect", Kind: transport.KindCanceled, Err: context.Cause(ctx), Stopped: true}
	}
	return do(ctx, c)
}

// ran are the hosts on which a command was begun, in that order.
func (s *stage) ran(command string) []string {
	var hosts []string
	for _, l := range s.log {
		if host, what, _ := strings.Cut(l, " "); what == command {
			hosts = append(hosts, host)
		}
	}
	return hosts
}

// on are the commands that were begun on a host, in that order.
func (s *stage) on(host string) string {
	var commands []string
	for _, l := range s.log {
		if h, what, _ := strings.Cut(l, " "); h == host {
			commands = append(commands, what)
		}
	}
	return strings.Join(commands, " ")
}

func exits(code int) act {
	return func(context.Context, *transport.Command) (transport.Status, error) {
		return transport.Status{Code: code}, nil
	}
}

func prints(text string) act {
	return func(_ context.Context, c *transport.Command) (transport.Status, error) {
		_, err := io.WriteString(c.Stdout, text)
		return transport.Status{}, err
	}
}

// lasts takes its time, and is stopped cleanly.
func lasts(d time.Duration) act {
	return func(ctx context.Context, c *transport.Command) (transport.Status, error) {
		if c.Started != nil {
			c.Started()
		}
		select {
		case <-time.After(d):
			return transport.Status{}, nil
		case <-ctx.Done():
			kind := transport.KindCanceled
			if transport.KindOf(context.Cause(ctx)) == transport.KindTimeout {
				kind = transport.KindTimeout
			}
			return transport.Status{}, &transport.Error{Op: "run", Kind: kind, Err: context.Cause(ctx), Sent: true, Stopped: true}
		}
	}
}

// inTurn does one after another, and then the last again and again.
func inTurn(acts ...act) act {
	var mu sync.Mutex
	return func(ctx context.Context, c *transport.Command) (transport.Status, error) {
		mu.Lock()
		do := acts[0]
		if len(acts) > 1 {
			acts = acts[1:]
		}
		mu.Unlock()
		return do(ctx, c)
	}
}

func fails(e transport.Error) act {
	return func(context.Context, *transport.Command) (transport.Status, error) { return transport.Status{}, &e }
}

var (
	unreachable = fails(transport.Error{Op: "connect", Kind: transport.KindUnreachable, Err: errors.New("connection refused"), Stopped: true})
	linkLost    = fails(transport.Error{Op: "run", Kind: transport.KindLost, Err: errors.New("the connection was lost"), Sent: true})
)

// plan loads a project of hosts h01 to h99, lb1 and lb2, and plans all its tasks.
func plan(t testing.TB, source string) *tasks.Plan {
	t.Helper()
	return planOf(t, source, tasks.Options{})
}

func planOf(t testing.TB, source string, o tasks.Options) *tasks.Plan {
	t.Helper()
	file := filepath.Join(t.TempDir(), "project.fleet.hcl")
	source = `
group "h" { hosts = ["h[01-99]"] }
group "lb" { hosts = ["lb[1-2]"] }
` + source
	if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	inv, diags := inventory.Load(t.Context(), inventory.Options{Paths: []string{file}, SSH: sshconfig.Files{User: "none"}})
	set, more := tasks.Load(inv)
	if diags = append(diags, more...); diags.HasErrors() {
		t.Fatal(diags)
	}
	if len(o.Names) == 0 {
		for _, one := range set.Tasks() {
			o.Names = append(o.Names, one.Name)
		}
	}
	p, diags, err := set.Plan(o)
	if err != nil || diags.HasErrors() {
		t.Fatal(err, diags)
	}
	return p
}

// A play is a run of tasks on a stage.
type play struct {
	runner.Tasks
	acts     map[string]act
	connects connect

	stage, local *stage
	recorder
	summary *event.Summary
}

func (p *play) run(ctx context.Context, plan *tasks.Plan) {
	p.stage, p.local = &stage{acts: p.acts, connects: p.connects}, &stage{acts: p.acts}
	p.Plan, p.Transport, p.Local, p.Sink = plan, p.stage, p.local, &p.recorder
	p.Target = func(_ context.Context, h *inventory.Host) (transport.Target, error) {
		return transport.Target{Name: h.Name}, nil
	}
	p.summary = runner.Apply(ctx, &p.Tasks)
}

// perform runs the tasks of source.
func perform(t *testing.T, source string, acts map[string]act) *play {
	t.Helper()
	p := &play{acts: acts}
	p.run(t.Context(), plan(t, source))
	return p
}

// find returns the events that match.
func (p *play) find(match func(e *event.Event) bool) []event.Event {
	var found []event.Event
	for i := range p.events {
		if match(&p.events[i]) {
			found = append(found, p.events[i])
		}
	}
	return found
}

func (p *play) of(kind event.Type) []event.Event {
	return p.find(func(e *event.Event) bool { return e.Type == kind })
}

// outcomes are the ends of hosts, as "h01 ok" or "h02 failed: why", in order of
// their names.
func (p *play) outcomes(t *testing.T) []string {
	t.Helper()
	var list []string
	for host, e := range p.ends(t) {
		text := host + " " + string(e.Outcome)
		if e.Error != "" {
			text += ": " + e.Error
		}
		list = append(list, text)
	}
	slices.Sort(list)
	return list
}

// story is every end of a step of a host, as "step outcome".
func (p *play) story(host string) []string {
	var list []string
	for _, e := range p.of(event.StepEnd) {
		if e.Host != host {
			continue
		}
		name := e.Step
		if e.Section != event.Steps {
			name = string(e.Section) + "." + name
		}
		if e.Key != "" {
			name += "[" + e.Key + "]"
		}
		if e.On != "" {
			name += "@" + e.On
		}
		list = append(list, fmt.Sprintf("%s %s", name, e.Outcome))
	}
	return list
}

func equal[T comparable](t *testing.T, what string, got, want []T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}
