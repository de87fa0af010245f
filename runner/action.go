package runner

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"fleet/tasks"
	"fleet/transport"
)

// A machine is where a call is carried out: a host, or this machine.
type machine struct {
	name      string
	target    transport.Target
	transport transport.Transport
	become    *transport.Become
	place     transport.Place // nil for a machine that takes none of its own
}

// perform carries out one attempt of c. stdout and stderr get the output as it
// comes; either may be nil. The limits of time of the step count from when the
// machine has been asked, not from the connection.
func perform(ctx context.Context, m *machine, s *tasks.Step, c *tasks.Call, stdout, stderr io.Writer) (transport.Status, error) {
	idle := s.IdleTimeout
	if _, ok := c.Action.(*tasks.Wait); ok {
		idle = 0 // it prints nothing
	}
	ctx, limits := newLimits(ctx, s.Timeout, idle)
	defer limits.stop()
	switch a := c.Action.(type) {
	case *tasks.Wait:
		limits.start()
		return transport.Status{}, m.wait(ctx, a, c.Private)
	case *tasks.Command:
		command := m.command(a, c.Private)
		command.Started = limits.start
		command.Stdout, command.Stderr = limits.watch(stdout), limits.watch(stderr)
		return m.transport.Run(ctx, m.target, command)
	default:
		return transport.Status{}, fmt.Errorf("step %q has no action that can be carried out", s.Name)
	}
}

// command is what the machine is asked to run for a.
func (m *machine) command(a *tasks.Command, private bool) *transport.Command {
	c := &transport.Command{
		Script:      a.Script,
		Interpreter: a.Interpreter,
		Env:         a.Env,
		Dir:         a.Dir,
		Become:      m.become,
		Place:       m.place,
		Private:     private,
	}
	if a.HasStdin {
		c.Stdin = strings.NewReader(a.Stdin)
	}
	return c
}

// ask runs a script of fleet's own and returns what it printed, up to a bound.
// It ends after limit, counted from when the machine was asked.
func (m *machine) ask(ctx context.Context, limit time.Duration, c *transport.Command) (*answer, transport.Status, error) {
	ctx, limits := newLimits(ctx, limit, 0)
	defer limits.stop()
	said := new(answer)
	c.Become, c.Place, c.Started, c.Grace = m.become, m.place, limits.start, askGrace
	c.Stdout, c.Stderr = &said.out, &said.errs
	status, err := m.transport.Run(ctx, m.target, c)
	return said, status, err
}

// askGrace is the time that a question has to end by itself: it changes nothing.
const askGrace = 2 * time.Second

// maxAnswer bounds each stream of an answer, in bytes.
const maxAnswer = 16 << 10

// An answer is what a host said to a question.
type answer struct{ out, errs head }

// A head keeps the first bytes that are written to it, and drops the rest.
type head struct{ text []byte }

func (h *head) Write(p []byte) (int, error) {
	h.text = append(h.text, p[:min(len(p), maxAnswer-len(h.text))]...)
	return len(p), nil
}

// lines are those with something in them.
func (h *head) lines() []string {
	var lines []string
	for l := range strings.Lines(string(h.text)) {
		if l = strings.TrimSpace(l); l != "" {
			lines = append(lines, l)
		}
	}
	return lines
}

// last is the last line.
func (h *head) last() string {
	if lines := h.lines(); len(lines) > 0 {
		return lines[len(lines)-1]
	}
	return ""
}

// watch makes output through the writer count as progress.
func (l *limits) watch(w io.Writer) io.Writer {
	if w == nil {
		w = io.Discard
	}
	if l.idle <= 0 {
		return w
	}
	return &watched{limits: l, to: w}
}

// A watched writer tells the limits that there was output.
type watched struct {
	limits *limits
	to     io.Writer
}

func (w *watched) Write(p []byte) (int, error) {
	w.limits.progress()
	return w.to.Write(p)
}
