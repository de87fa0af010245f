package runner

import (
	"cmp"
	"context"
	"crypto/rand"
	"sync"
	"sync/atomic"
	"time"

	"fleet/event"
	"fleet/inventory"
	"fleet/inventory/facts"
	"fleet/tasks"
	"fleet/transport"
)

// Tasks is what a run of tasks needs. Plan, Transport, Local, Sink and Target
// must be set.
type Tasks struct {
	Plan *tasks.Plan
	// Transport reaches the hosts; Local is for local steps.
	Transport, Local transport.Transport
	// Sink is told what happens. When its Emit of a step_start event returns,
	// the step is sent: a journal has the intent on disk by then.
	Sink event.Sink
	// Title is what is run, as the user wrote it.
	Title string
	// Fanout is how many hosts are at work at one time. Default 64. A host
	// that waits for others, or for its next attempt, is not at work.
	Fanout int
	// Deadline ends the whole run, but for the always steps. 0 is none.
	Deadline time.Duration
	// Target says how to reach a host.
	Target func(ctx context.Context, h *inventory.Host) (transport.Target, error)
	// Become says how to become user on h; "" is whoever the connection says.
	// It returns nil for the login user. A nil func does so always.
	Become func(ctx context.Context, h *inventory.Host, user string) (*transport.Become, error)
	// Facts asks hosts for their facts, where an expression needs them.
	Facts *facts.Gatherer
	// Memory knows what an earlier run has done. nil: nothing was done before.
	Memory Memory
	// Owner is who is said to hold the locks of the tasks.
	Owner string
	// Ask puts a question to the user, one at a time. nil: the answer is Yes.
	Ask func(ctx context.Context, q Question) (Answer, error)
	// Diff has steps that write files print how their content changes, and a preview
	// tell it of copy and template.
	Diff bool
	// StepByStep asks before each step and handler of a batch.
	StepByStep bool
	// Learn is told sensitive texts before they are used. It may be nil.
	Learn func(texts ...string)
	// Cleanup tells of the always steps, and can give them up. It may be nil.
	Cleanup *Cleanup
}

// Apply carries the plan out, and returns when every host of it has its outcome.
func Apply(ctx context.Context, cfg *Tasks) *event.Summary {
	began, caller := time.Now(), ctx
	if cfg.Deadline > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, cfg.Deadline, &Stop{event.Deadline})
		defer cancel()
	}
	tally := new(event.Tally)
	r := newPlanRun(cfg, tally)
	names := r.enroll()
	r.emit(&event.Event{Type: event.RunStart, Hosts: names, Command: cfg.Title, Fanout: r.fanout})

	end := r.allowCleanup(ctx)
	r.tasks(ctx)
	end()
	r.lending.close()

	// A user who stops what the deadline is stopping already counts more.
	reason := cmp.Or(why(caller), why(ctx))
	if reason == event.Completed && r.stoppedEarly() {
		reason = event.Threshold
	}
	summary := tally.Summary(reason)
	r.emit(&event.Event{Type: event.RunEnd, Summary: summary, Duration: time.Since(began)})
	return summary
}

// A planRun is the carrying out of a plan: what its tasks share.
type planRun struct {
	cfg     *Tasks
	sink    event.Sink
	fanout  int
	word    string // that no other run has
	places  *places
	lending *lending                 // the local files that go to hosts
	hosts   map[string]*hostRun      // by name; not changed after enroll
	asking  chan struct{}            // holds one element while the user is asked
	locks   map[string]chan struct{} // by name; hold one element while a task has the lock
	cleanup context.Context          // see allowCleanup
	refused atomic.Bool              // the user said no to a step: no other one begins

	mu      sync.Mutex
	targets map[string]transport.Target // by host; guarded by mu
	early   bool                        // a task was stopped early; guarded by mu
}

func newPlanRun(cfg *Tasks, tally *event.Tally) *planRun {
	fanout := cfg.Fanout
	if fanout <= 0 {
		fanout = DefaultFanout
	}
	return &planRun{
		cfg: cfg, sink: event.Tee(tally, cfg.Sink), fanout: fanout, word: rand.Text(), places: newPlaces(fanout), lending: newLending(),
		hosts: map[string]*hostRun{}, asking: make(chan struct{}, 1),
		locks: map[string]chan struct{}{}, targets: map[string]transport.Target{},
	}
}

func (r *planRun) emit(e *event.Event) {
	e.Time = time.Now()
	r.sink.Emit(e)
}

// enroll makes the list of all hosts, in the order of tasks and selections. A
// task that is left out has none.
func (r *planRun) enroll() []string {
	names := []string{}
	for _, p := range r.cfg.Plan.Tasks {
		if p.Lock != "" && r.locks[p.Lock] == nil {
			r.locks[p.Lock] = make(chan struct{}, 1)
		}
		if leftOut(p) != "" {
			continue
		}
		for _, h := range p.Hosts {
			host := r.hosts[h.Name]
			if host == nil {
				host = &hostRun{run: r, name: h.Name}
				r.hosts[h.Name] = host
				names = append(names, h.Name)
			}
			host.left++
		}
	}
	return names
}

// tasks carries out every task as soon as those have ended that it depends on.
func (r *planRun) tasks(ctx context.Context) {
	runs := make(map[*tasks.Planned]*taskRun, len(r.cfg.Plan.Tasks))
	var group sync.WaitGroup
	for _, p := range r.cfg.Plan.Tasks { // those that a task depends on come before it
		t := newTaskRun(r, p)
		for _, before := range p.After {
			t.after = append(t.after, runs[before])
		}
		runs[p] = t
		group.Go(func() {
			defer close(t.ended)
			for _, before := range t.after {
				<-before.ended // a task ends soon when ctx does
			}
			t.carryOut(ctx)
		})
	}
	group.Wait()
}

func (r *planRun) stopEarly() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.early = true
}

func (r *planRun) stoppedEarly() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.early
}

// target is that of h. It is resolved once, and again where that failed.
func (r *planRun) target(ctx context.Context, h *inventory.Host) (transport.Target, error) {
	r.mu.Lock()
	t, known := r.targets[h.Name]
	r.mu.Unlock()
	if known {
		return t, nil
	}
	t, err := r.cfg.Target(ctx, h)
	if err != nil {
		return t, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.targets[h.Name] = t
	return t, nil
}

func (r *planRun) become(ctx context.Context, h *inventory.Host, user string) (*transport.Become, error) {
	if r.cfg.Become == nil {
		return nil, nil
	}
	return r.cfg.Become(ctx, h, user)
}

func (r *planRun) learn(texts []string) {
	if r.cfg.Learn != nil && len(texts) > 0 {
		r.cfg.Learn(texts...)
	}
}
