package runner

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"fleet/event"
	"fleet/internal/forward"
	"fleet/tasks"
)

// A Preview is what a plan would come to, as far as that can be known without
// changing anything. Sensitive texts may be in it: whoever shows it masks them.
type Preview struct {
	Tasks []TaskPreview // in the order of the plan
	// Unreachable are the hosts that could not be asked: those of the plan in their
	// order, and then those that steps are delegated to.
	Unreachable []HostProblem
	// Summary counts the hosts: ok was asked, failed has a step that cannot work.
	Summary *event.Summary
}

// A TaskPreview is a task: its steps, handlers and always steps. What depends on a
// failure, revert and on_failure, is not in it.
type TaskPreview struct {
	Planned *tasks.Planned
	Steps   []StepPreview
}

// A StepPreview is a step for all hosts of its task.
type StepPreview struct {
	Section event.Section
	Step    *tasks.Step
	Groups  []Group // in the order of their first hosts
}

// A Group is hosts for which the same is decided.
type Group struct {
	Decision Decision
	Reason   string   // why
	Hosts    []string // in selection order
	// Tunnels are what a tunnel step opens on them: each one that differs from the
	// others, in the order of the hosts; none where that is not known, or may not
	// be shown.
	Tunnels []forward.Rule
	// Diffs are how files change on them, where Tasks.Diff is set: hosts with the
	// same diff are together.
	Diffs []FileDiff
}

// A Decision is what would become of a step on a host.
type Decision string

// The decisions.
const (
	WillRun    Decision = "run"
	WillSkip   Decision = "skip"        // there is nothing to do; Reason is that of a step_end
	KnownLater Decision = "later"       // other steps have to run first
	WontWork   Decision = "error"       // Reason is the message
	CannotAsk  Decision = "unreachable" // nobody can ask the host
)

// A HostProblem is why a host could not be asked.
type HostProblem struct {
	Host              string
	Outcome           event.Outcome
	Kind, Error, Hint string
}

// Look finds out what the plan would come to. It contacts the hosts, gathers facts
// and asks guards, which are read-only by contract, reads what transfers would
// replace, and sends nothing else. What
// happens is told to cfg.Sink as in a run, but without tasks and steps.
func Look(ctx context.Context, cfg *Tasks) *Preview {
	began, caller := time.Now(), ctx
	if cfg.Deadline > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, cfg.Deadline, &Stop{event.Deadline})
		defer cancel()
	}
	tally := new(event.Tally)
	l := newLooking(newPlanRun(cfg, tally))
	names := l.run.enroll()
	l.run.emit(&event.Event{Type: event.RunStart, Hosts: names, Command: cfg.Title, Fanout: l.run.fanout})
	l.hosts(ctx, names)
	for _, t := range l.tasks {
		t.settleOnce(ctx)
	}
	l.run.lending.close()
	// A user who stops what the deadline is stopping already counts more.
	summary := tally.Summary(cmp.Or(why(caller), why(ctx)))
	l.run.emit(&event.Event{Type: event.RunEnd, Summary: summary, Duration: time.Since(began)})
	return l.preview(names, summary)
}

// hosts looks at all of them, as many at one time as there are places.
func (l *looking) hosts(ctx context.Context, names []string) {
	var group errgroup.Group
	for _, name := range names {
		place, err := l.run.places.take(ctx)
		if err != nil {
			l.run.emit(&event.Event{Type: event.HostEnd, Host: name, Outcome: event.NotAttempted, Status: -1})
			continue
		}
		group.Go(func() error {
			defer place.giveBack()
			h := &hostLook{looking: l, name: name, turn: turn{place: place}}
			h.look(ctx)
			return nil // a failed host is a result
		})
	}
	_ = group.Wait()
}

// preview puts together what was found.
func (l *looking) preview(names []string, summary *event.Summary) *Preview {
	p := &Preview{Summary: summary}
	for _, t := range l.tasks {
		one := TaskPreview{Planned: t.plan}
		for _, s := range t.steps {
			one.Steps = append(one.Steps, StepPreview{Section: s.section, Step: s.step, Groups: s.groups(t.plan)})
		}
		p.Tasks = append(p.Tasks, one)
	}
	delegates := []string{}
	for name := range l.contacts {
		if !slices.Contains(names, name) {
			delegates = append(delegates, name)
		}
	}
	slices.Sort(delegates)
	for _, name := range append(slices.Clone(names), delegates...) {
		c := l.contacts[name]
		if c == nil || c.err == nil {
			continue
		}
		e := new(event.Event)
		failure(e, c.err)
		if e.Outcome != event.NotAttempted { // the run was stopped
			p.Unreachable = append(p.Unreachable, HostProblem{Host: name, Outcome: e.Outcome, Kind: e.Kind, Error: e.Error, Hint: e.Hint})
		}
	}
	return p
}

// groups folds the hosts of a step for which the same is decided. One that had no
// turn, as the run was stopped, is in none.
func (s *stepLook) groups(p *tasks.Planned) []Group {
	var groups []Group
	seen := map[way]bool{}
	for i, v := range s.verdicts {
		if v.Decision == "" {
			continue
		}
		at := slices.IndexFunc(groups, func(g Group) bool { return g.Decision == v.Decision && g.Reason == v.Reason })
		if at < 0 {
			at, groups = len(groups), append(groups, Group{Decision: v.Decision, Reason: v.Reason})
		}
		groups[at].Hosts = append(groups[at].Hosts, p.Hosts[i].Name)
		if len(v.diffs) > 0 {
			groups[at].Diffs = foldDiffs(groups[at].Diffs, p.Hosts[i].Name, strings.Join(v.diffs, ""))
		}
		if v.opens != nil {
			key := way{at, v.opens.Listen, v.opens.To}
			if !seen[key] {
				seen[key] = true
				groups[at].Tunnels = append(groups[at].Tunnels, *v.opens)
			}
		}
	}
	return groups
}

// A way is where a tunnel of a group begins and leads.
type way struct {
	group      int
	listen, to forward.Endpoint
}
