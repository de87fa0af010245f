package output

import (
	"fmt"
	"sync"

	"fleet/event"
	"fleet/internal/term"
)

// Outputs says of which hosts a renderer of tasks shows what they printed.
type Outputs int

// The values of Outputs. What is the same is shown once.
const (
	FailedOutputs Outputs = iota // those that failed; all of them where Config.Verbose is above 0
	AllOutputs                   // all
	DiffOutputs                  // most hosts, and how the others differ
)

// taskRun shows a run of tasks.
type taskRun struct {
	*core
	tracker *Tracker
	quiet   *quietClock // nil with a status line, and where nobody asks
	room    room

	mu    sync.Mutex // held while printing, so that steps stay in order
	ids   map[string]int32
	hosts []hostCount // by id
	tasks map[string]*taskShow
	order []*taskShow
	told  map[string]bool // hosts whose failure was told
	ended sync.Once
}

// A hostCount counts the steps of one host.
type hostCount struct {
	name  string
	steps [fates]uint16
}

// A taskShow is one task.
type taskShow struct {
	name    string
	batches int
	why     string // it ended early, as told by now
	open    map[int]*batchShow
	late    map[string]*batchShow // by host: what it does when its batch has ended
	steps   []*stepCount          // in the order in which a host comes to them
	index   map[stepKey]*stepCount
}

type stepKey struct {
	section event.Section
	name    string
}

// NewTasks returns a renderer of runs of tasks: for each step of a batch, once
// all its hosts have passed it, how many hosts it changed, who was skipped and
// who failed, with what they printed (Config.Outputs); each failure at once; at
// the end a table of all steps. Without Config.Live it says, when it was silent
// for half a minute, whom it waits for.
func NewTasks(cfg Config) Renderer {
	c := newCore(cfg)
	r := &taskRun{
		core: c, ids: make(map[string]int32), tasks: make(map[string]*taskShow), told: make(map[string]bool),
	}
	r.room.limit = c.cfg.Memory
	if c.live != nil {
		r.tracker = c.live.tracker
	} else {
		r.tracker = NewTracker(c.cfg.Fold)
		if !c.cfg.Quiet {
			r.quiet = startQuietClock(c.screen, r.tracker)
		}
	}
	return r
}

// Emit is part of event.Sink.
func (r *taskRun) Emit(e *event.Event) {
	if r.screen.gone.Load() {
		return
	}
	if e.Type == event.Output {
		r.tracker.Emit(e)
		r.output(e)
		return
	}
	if r.live == nil {
		r.tracker.Emit(e)
	}
	r.observe(e)
	switch e.Type {
	case event.RunEnd:
		r.finish(e)
	case event.RunStart, event.TaskStart, event.BatchStart, event.StepRetry, event.StepStart,
		event.StepEnd, event.BatchEnd, event.TaskEnd, event.HostEnd:
		r.mu.Lock()
		defer r.mu.Unlock()
		r.take(e)
	}
}

// take takes note of e; r.mu is held.
func (r *taskRun) take(e *event.Event) {
	switch e.Type {
	case event.RunStart:
		for _, h := range e.Hosts {
			r.host(h)
		}
	case event.TaskStart:
		r.task(e.Task).batches = e.Batches
		r.taskStart(e)
	case event.BatchStart:
		t := r.task(e.Task)
		r.closeBatch(t, e.Batch)
		t.open[e.Batch] = newBatchShow(e.Hosts)
		r.batchStart(t, e)
	case event.StepStart, event.StepRetry, event.StepEnd:
		r.step(e)
	case event.BatchEnd:
		t := r.task(e.Task)
		r.closeBatch(t, e.Batch)
		r.batchEnd(t, e)
	case event.TaskEnd:
		r.closeTask(r.task(e.Task))
		r.taskEnd(e)
	case event.HostEnd:
		r.hostEnd(e)
	}
}

func (r *taskRun) host(name string) *hostCount {
	id, ok := r.ids[name]
	if !ok {
		id = int32(len(r.hosts))
		r.ids[name] = id
		r.hosts = append(r.hosts, hostCount{name: name})
	}
	return &r.hosts[id]
}

func (r *taskRun) task(name string) *taskShow {
	t := r.tasks[name]
	if t == nil {
		t = &taskShow{name: name, open: make(map[int]*batchShow), late: make(map[string]*batchShow), index: make(map[stepKey]*stepCount)}
		r.tasks[name] = t
		r.order = append(r.order, t)
	}
	return t
}

// at finds what e, an event of a step, belongs to, and what all hosts have
// passed now. Step is nil where e belongs to nothing that is known.
func (r *taskRun) at(e *event.Event) (t *taskShow, b *batchShow, step *stepShow, passed []*leg) {
	t = r.task(e.Task)
	if b = t.batch(e); b == nil {
		return t, nil, nil, nil
	}
	l, passed := b.course.take(e)
	if l == nil {
		return t, b, nil, nil
	}
	if step = b.steps[l]; step == nil {
		step = newStepShow(l, len(b.hosts))
		b.steps[l] = step
	}
	return t, b, step, passed
}

func (r *taskRun) step(e *event.Event) {
	t, b, step, passed := r.at(e)
	if step == nil {
		return
	}
	switch e.Type {
	case event.StepRetry:
		if c := step.calls[callKey{e.Host, e.Key, e.On}]; c != nil {
			step.restart(c)
		}
		r.retry(e)
	case event.StepEnd:
		step.end(b.course.index[e.Host], e)
		r.failure(e)
	}
	for _, l := range passed {
		r.show(t, b, l)
	}
}

// output keeps what a call printed. Only finding its place takes the lock that
// all hosts share.
func (r *taskRun) output(e *event.Event) {
	r.mu.Lock()
	_, b, step, passed := r.at(e)
	if step == nil {
		r.mu.Unlock()
		return
	}
	c := step.call(b.course.index[e.Host], e, &r.room, r.cfg.TempDir)
	for _, l := range passed { // where nobody told of its start
		r.show(r.task(e.Task), b, l)
	}
	r.mu.Unlock()
	if err := c.write(step.store, e); err != nil {
		r.screen.fail(err)
	}
}

func (r *taskRun) hostEnd(e *event.Event) {
	for _, t := range r.order {
		for _, b := range t.open {
			for _, l := range b.course.leave(e.Host) {
				r.show(t, b, l)
			}
		}
		r.closeLate(t, e.Host)
	}
	// What was not told of a step is told with the recap, once for all hosts
	// with the same cause.
	if !r.cfg.Quiet || e.Outcome == event.OK || e.Outcome == event.NotAttempted || r.told[e.Host] {
		return
	}
	r.tell(fmt.Sprintf("%s: %s%s", term.Clean(e.Host), hostFailure(e, long), r.sum.hint(e.Hint)))
}

func (r *taskRun) finish(end *event.Event) {
	r.ended.Do(func() {
		if r.quiet != nil {
			r.quiet.stop()
		}
		r.stopLive()
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, t := range r.order {
			r.closeTask(t)
		}
		r.recap(end)
	})
}

// Close is part of Renderer.
func (r *taskRun) Close() error {
	r.finish(nil)
	return r.close()
}
