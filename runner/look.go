package runner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"fleet/event"
	"fleet/internal/forward"
	"fleet/inventory"
	"fleet/tasks"
)

// A looking is a preview in the making. Hosts are looked at side by side, each by
// one goroutine, which goes over all tasks of its host and writes the verdicts of
// that host alone.
type looking struct {
	run   *planRun
	tasks []*taskLook

	mu       sync.Mutex
	contacts map[string]*contact // by host; guarded by mu until all hosts were looked at
	texts    map[string]string   // by themselves; guarded by mu
}

// A contact is the answer to whether a host can be reached at all.
type contact struct {
	done chan struct{} // closed when err is there
	err  error
}

// A taskLook is one task.
type taskLook struct {
	*looking
	plan  *tasks.Planned
	at    map[string]int // the place of each host in plan.Hosts; empty where the task is left out
	steps []*stepLook
}

// A stepLook is one step of it.
type stepLook struct {
	section  event.Section
	step     *tasks.Step
	verdicts []verdict // by place of the host
}

// A verdict is what is decided for a host.
type verdict struct {
	Decision Decision
	Reason   string
	opens    *forward.Rule // the tunnel of the step, where that is known
	moves    *moves        // of a transfer
	diffs    []string      // of the files that it writes
	result   *tasks.Result // of a step that has nothing to do, and is carried out all the same
	waits    []*tasks.Call // those of a once step that another host may carry out
}

func newLooking(r *planRun) *looking {
	l := &looking{run: r, contacts: map[string]*contact{}, texts: map[string]string{}}
	for _, p := range r.cfg.Plan.Tasks {
		t := &taskLook{looking: l, plan: p, at: map[string]int{}}
		for _, section := range []struct {
			name  event.Section
			steps []*tasks.Step
		}{{event.Steps, p.Steps}, {event.Handlers, p.Handlers}, {event.Always, p.Always}} {
			for _, s := range section.steps {
				if s.Kind != "flush" {
					t.steps = append(t.steps, &stepLook{section: section.name, step: s, verdicts: make([]verdict, len(p.Hosts))})
				}
			}
		}
		if reason := leftOut(p); reason != "" {
			t.leaveOut(reason)
		} else {
			for i, h := range p.Hosts {
				t.at[h.Name] = i
			}
		}
		l.tasks = append(l.tasks, t)
	}
	return l
}

// leaveOut decides for a task that is not carried out.
func (t *taskLook) leaveOut(reason string) {
	for _, s := range t.steps {
		for i := range s.verdicts {
			s.verdicts[i] = verdict{Decision: WillSkip, Reason: reason}
		}
	}
}

// A hostLook is one host. One goroutine looks at it.
type hostLook struct {
	*looking
	turn
	name  string
	wrong *event.Event // the first thing that cannot work
}

// look goes over the tasks of the host.
func (h *hostLook) look(ctx context.Context) {
	began := time.Now()
	defer h.remotes.close()
	h.run.emit(&event.Event{Type: event.HostStart, Host: h.name})
	for _, t := range h.tasks {
		if i, ok := t.at[h.name]; ok {
			h.task(ctx, t, i)
		}
	}
	e := &event.Event{Outcome: event.OK}
	if h.wrong != nil {
		e = h.wrong
	}
	if err := h.unreached(h.name); err != nil {
		failure(e, err)
	}
	if ctx.Err() != nil {
		*e = event.Event{Outcome: event.NotAttempted, Status: -1, Error: context.Cause(ctx).Error()}
	}
	e.Type, e.Host, e.Duration = event.HostEnd, h.name, time.Since(began)
	h.run.emit(e)
}

// task looks at a task for the host with that place in it.
func (h *hostLook) task(ctx context.Context, t *taskLook, i int) {
	exprs := h.run.cfg.Plan.NewHost(t.plan, i, true)
	h.exprs = exprs
	host := t.plan.Hosts[i]
	err := h.learnFacts(ctx, exprs, host, nil)
	if err == nil {
		if err = exprs.Precondition(); err != nil {
			err = fmt.Errorf("precondition: %w", err)
		}
	}
	if err != nil {
		h.note(h.problem(host, err).Reason)
	}
	notified := map[string]bool{}
	unasked := map[string]verdict{} // of steps that may notify a handler, and could not be asked about
	for _, s := range t.steps {
		if ctx.Err() != nil {
			return
		}
		v := &s.verdicts[i]
		switch reason := t.plan.Skip[s.step]; {
		case reason != "":
			*v = verdict{Decision: WillSkip, Reason: reason}
		case err != nil:
			*v = h.problem(host, err)
		case s.section == event.Handlers && !notified[s.step.Name]:
			*v = verdict{Decision: WillSkip, Reason: "not notified"}
			if other, ok := unasked[s.step.Name]; ok {
				*v = other
			}
		default:
			*v = h.step(ctx, exprs, host, s, i)
		}
		switch v.Decision {
		case WillSkip:
			exprs.Record(s.step, v.result)
		case WillRun, KnownLater:
			h.open = true
			for _, name := range s.step.Notify {
				notified[name] = true
			}
		case CannotAsk:
			for _, name := range s.step.Notify {
				unasked[name] = *v
			}
		case WontWork:
			h.note("step " + s.step.Name + ": " + v.Reason)
		}
	}
}

// note keeps the first thing that cannot work.
func (h *hostLook) note(what string) {
	if h.wrong == nil {
		h.wrong = &event.Event{Outcome: event.Failed, Status: -1, Error: what}
	}
}

// learnFacts sets the facts that s needs; nil stands for the conditions.
func (h *hostLook) learnFacts(ctx context.Context, exprs *tasks.Host, host *inventory.Host, s *tasks.Step) error {
	if !exprs.NeedsFacts(s) {
		return nil
	}
	if h.run.cfg.Facts == nil {
		return errors.New("the facts of the host are needed, and nobody asks for them")
	}
	if err := h.reach(ctx, host, h.place); err != nil {
		return &unasked{host.Name, err}
	}
	target, err := h.run.target(ctx, host)
	if err != nil {
		return err
	}
	v, err := h.run.cfg.Facts.Host(ctx, target)
	if err != nil {
		return err
	}
	exprs.SetFacts(v)
	return nil
}

// step decides about a step.
func (h *hostLook) step(ctx context.Context, exprs *tasks.Host, host *inventory.Host, s *stepLook, i int) verdict {
	if err := h.learnFacts(ctx, exprs, host, s.step); err != nil {
		return h.problem(host, err)
	}
	bound, err := exprs.Bind(s.step)
	switch {
	case err != nil:
		return verdict{Decision: WontWork, Reason: err.Error()}
	case bound.Skip != "":
		return verdict{Decision: WillSkip, Reason: bound.Skip}
	case bound.Late && len(bound.Calls) == 0:
		return verdict{Decision: KnownLater}
	case s.step.Once && i > 0:
		return verdict{Decision: WillRun, waits: bound.Calls}
	}
	v := h.calls(ctx, host, s.step, bound.Calls, &h.turn)
	if v.Decision == WillRun {
		switch {
		case bound.Late:
			v = verdict{Decision: KnownLater, Reason: v.Reason}
		case s.section == event.Handlers:
			v = verdict{Decision: KnownLater, Reason: "if it is notified"}
		}
	}
	if s.step.Once {
		v.waits = bound.Calls
	}
	return v
}

// calls decides about the calls of a step together.
func (l *looking) calls(ctx context.Context, host *inventory.Host, s *tasks.Step, calls []*tasks.Call, t *turn) verdict {
	order := []Decision{WillSkip, KnownLater, WillRun, CannotAsk, WontWork} // the last one counts
	total := verdict{Decision: WillSkip, Reason: "there is no machine for it"}
	for i, c := range calls {
		v := l.call(ctx, host, s, c, t)
		switch {
		case i == 0, slices.Index(order, v.Decision) > slices.Index(order, total.Decision):
			total = v
		case v.Decision == WillRun && total.Decision == WillRun && v.moves != nil && total.moves != nil:
			total.moves = total.moves.add(v.moves)
			total.Reason = total.moves.String()
			total.diffs = append(total.diffs, v.diffs...)
		}
	}
	return total
}

// call decides about one call: nothing but its guards is sent, and of a transfer
// what only reads.
func (l *looking) call(ctx context.Context, host *inventory.Host, s *tasks.Step, c *tasks.Call, t *turn) verdict {
	l.run.learn(c.Secrets)
	if !c.Local {
		on := host
		if c.On != nil {
			on = c.On
		}
		if err := l.reach(ctx, on, t.place); err != nil {
			return l.problem(host, &unasked{on.Name, err})
		}
	}
	switch {
	case c.Late:
		return verdict{Decision: KnownLater}
	case len(c.Guards) == 0 && !s.Transfers():
		return willRun(c)
	}
	m, err := l.run.machine(ctx, host, c, asPlace(t.place))
	if err != nil {
		return l.problem(host, err)
	}
	reason, err := guarded(ctx, m, s, c)
	var folder *noFolder
	switch {
	case errors.As(err, &folder): // a step before this one may make it
		return verdict{Decision: KnownLater, Reason: fmt.Sprintf("the directory %q is not there", folder.dir)}
	case err != nil:
		if l.loses(m.name, err) {
			err = &unasked{m.name, err}
		}
		return l.problem(host, err)
	case reason != "":
		return verdict{Decision: WillSkip, Reason: reason}
	case s.Transfers():
		return l.rehearse(ctx, m, host, s, c, t)
	}
	return willRun(c)
}

// willRun is the verdict on a call that has something to do.
func willRun(c *tasks.Call) verdict {
	v := verdict{Decision: WillRun}
	if a, ok := c.Action.(*tasks.Tunnel); ok && !c.Private {
		v.opens = &a.Rule
	}
	return v
}

// An unasked is the error for a host that cannot be reached.
type unasked struct {
	host string
	err  error
}

func (e *unasked) Error() string { return e.err.Error() }
func (e *unasked) Unwrap() error { return e.err }

// problem is the verdict on a step of host for an error.
func (l *looking) problem(host *inventory.Host, err error) verdict {
	e := new(event.Event)
	failure(e, question(err))
	var u *unasked
	switch {
	case errors.As(err, &u) && u.host == host.Name:
		return verdict{Decision: CannotAsk, Reason: e.Error}
	case u != nil: // the step fails, then, and not the host
		return verdict{Decision: WontWork, Reason: u.host + ": " + e.Error}
	default:
		return verdict{Decision: WontWork, Reason: e.Error}
	}
}
