package runner

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"fleet/event"
	"fleet/tasks"
)

// A taskRun is the carrying out of one task: what its hosts share, whichever
// batch they are in.
type taskRun struct {
	run   *planRun
	plan  *tasks.Planned
	after []*taskRun
	walks []*hostWalk // by place in plan.Hosts; nil before the batch of the host

	once     map[*tasks.Step]*onceCell
	throttle map[*tasks.Step]*semaphore.Weighted
	keeps    map[*tasks.Step]bool // expressions ask for the output of the step
	budget   *budget
	absent   map[string]bool  // hosts that have failed in a task that this one depends on
	lockless map[string]error // hosts on which the lock could not be taken, and why

	cleans bool        // it has always steps
	worked atomic.Bool // a step was sent in this run, but for always

	tunnels tunnels // of steps that are carried out once for all hosts

	mu      sync.Mutex
	earlier time.Time // see lastEarlier; guarded by mu

	// What follows is set when ended is closed.
	ended  chan struct{}
	failed map[string]bool // hosts that did not end well
	good   bool            // tasks after this one may be carried out
}

func newTaskRun(r *planRun, p *tasks.Planned) *taskRun {
	t := &taskRun{
		run: r, plan: p, walks: make([]*hostWalk, len(p.Hosts)),
		once: map[*tasks.Step]*onceCell{}, throttle: map[*tasks.Step]*semaphore.Weighted{},
		keeps:  map[*tasks.Step]bool{},
		budget: &budget{failures: p.MaxFailures, unreachable: p.MaxUnreachable},
		ended:  make(chan struct{}), failed: map[string]bool{}, cleans: cleans(p),
	}
	for _, steps := range [][]*tasks.Step{p.Steps, p.Handlers, p.Revert, p.OnFailure, p.Always} {
		for _, s := range steps {
			t.keeps[s] = s.NeedsOutput()
			if s.Once {
				t.once[s] = newOnceCell()
			}
			if s.Throttle > 0 {
				t.throttle[s] = semaphore.NewWeighted(int64(s.Throttle))
			}
		}
	}
	return t
}

func (t *taskRun) emit(e *event.Event) {
	e.Task = t.plan.Name
	if e.Type == event.TaskEnd || e.Type == event.BatchEnd {
		aside(e)
	}
	t.run.emit(e)
}

// carryOut is the whole life of the task.
func (t *taskRun) carryOut(ctx context.Context) {
	began := time.Now()
	t.leaveOut()
	end := t.prevented(ctx)
	if end == nil {
		end = t.underLock(ctx)
	}
	t.good = end.Outcome == event.OK || end.Outcome == event.Skipped
	end.Type, end.Duration = event.TaskEnd, time.Since(began)
	t.emit(end)
	if end.Outcome == event.Skipped {
		return
	}
	for i, h := range t.plan.Hosts {
		w := t.walks[i]
		if w == nil {
			t.run.hosts[h.Name].taskEnded(&event.Event{Outcome: event.NotAttempted, Status: -1})
			continue
		}
		w.tell()
		if w.end != nil {
			t.failed[h.Name] = true
		}
	}
}

// prevented is the end of a task that is not carried out at all.
func (t *taskRun) prevented(ctx context.Context) *event.Event {
	if reason := leftOut(t.plan); reason != "" {
		return &event.Event{Outcome: event.Skipped, Reason: reason}
	}
	if ctx.Err() != nil {
		return notAttempted(context.Cause(ctx).Error())
	}
	for _, before := range t.after {
		if !before.good {
			return notAttempted(fmt.Sprintf("task %s, which it depends on, did not end well", before.plan.Name))
		}
	}
	return nil
}

func notAttempted(reason string) *event.Event {
	return &event.Event{Outcome: event.NotAttempted, Reason: reason}
}

// leftOut says why none of the steps of a task is carried out, and so nothing
// of it is; "" where one is.
func leftOut(p *tasks.Planned) string {
	if len(p.Hosts) == 0 {
		return "no hosts"
	}
	reason := ""
	for _, s := range p.Steps {
		if p.Skip[s] != "" {
			reason = p.Skip[s]
		} else if s.Kind != "flush" {
			return ""
		}
	}
	return reason
}

// without reports whether the host has failed in a task that this one depends
// on. It has no turn then.
func (t *taskRun) without(host string) bool {
	return t.absent[host]
}

// leaveOut finds the hosts that have no turn. The tasks before have ended.
func (t *taskRun) leaveOut() {
	t.absent = map[string]bool{}
	for _, before := range t.after {
		maps.Copy(t.absent, before.failed)
		maps.Copy(t.absent, before.absent)
	}
}

// names are those of the hosts at the places given; of all where that is nil.
func (t *taskRun) names(places []int) []string {
	if places == nil {
		list := make([]string, len(t.plan.Hosts))
		for i, h := range t.plan.Hosts {
			list[i] = h.Name
		}
		return list
	}
	list := make([]string, len(places))
	for i, n := range places {
		list[i] = t.plan.Hosts[n].Name
	}
	return list
}
