package runner

import (
	"cmp"
	"context"
	"errors"
	"io"
	"time"

	"golang.org/x/sync/errgroup"

	"fleet/event"
	"fleet/transport"
)

// DefaultFanout is how many hosts are at work at one time where Config.Fanout
// is 0.
const DefaultFanout = 64

// Config is what all hosts of a run have in common. Transport and Sink must be
// set.
type Config struct {
	Transport transport.Transport
	Sink      event.Sink
	// Title is the command as the user wrote it, for the run_start event.
	Title string
	// Fanout is how many hosts are at work at one time. Default 64. A host
	// that does not answer is not at work: it lets another one begin.
	Fanout int
	// CommandTimeout ends a command that runs longer; IdleTimeout one that
	// prints nothing for so long, or Work of which nothing moves. Both count from
	// the start on the host, not from the connection. 0 is no limit.
	CommandTimeout, IdleTimeout time.Duration
	// ByLargest makes the largest exit status of a host that of the run.
	ByLargest bool
	// Deadline ends the whole run. 0 is none.
	Deadline time.Duration
	// Command is what runs on every host; its streams, Become and Started
	// are set for each.
	Command transport.Command
	// Work, when set, is done for every host in place of Command. What it returns
	// is taken as if Transport.Run had returned it.
	Work func(ctx context.Context, w *Work) (transport.Status, error)
	// Stdin gives the input for a host; nil gives an empty one to all.
	Stdin func(host string) io.Reader
}

// A Job is one host of a run.
type Job struct {
	Host   string // the name in events
	Target transport.Target
	Become *transport.Become
}

// Work is one host's turn, for Config.Work.
type Work struct {
	Job
	// Transport is that of the run. What goes over it is progress for IdleTimeout,
	// as what is written to Stdout and Stderr.
	Transport transport.Transport
	// Place is the host's place among those at work.
	Place transport.Place
	// Started is to be called when the host has been reached: the limits of time
	// count from there.
	Started func()
	// Stdout and Stderr take the output of the host. They must not be used after
	// the work has returned.
	Stdout, Stderr io.Writer
	// Ended may have Changed, Files and Bytes set: they go into the host_end.
	Ended *event.Event
}

// A Stop is the cause to cancel the context of a run with.
type Stop struct{ Why event.Why }

func (s *Stop) Error() string {
	switch s.Why {
	case event.Interrupted:
		return "interrupted"
	case event.Terminated:
		return "terminated"
	case event.Deadline:
		return "the deadline of the run passed"
	case event.Threshold:
		return "too many hosts failed"
	default:
		return "the run was given up"
	}
}

// Run works through jobs and returns when every host has its outcome.
func Run(ctx context.Context, cfg *Config, jobs []Job) *event.Summary {
	start, caller := time.Now(), ctx
	if cfg.Deadline > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, cfg.Deadline, &Stop{event.Deadline})
		defer cancel()
	}
	fanout := cfg.Fanout
	if fanout <= 0 {
		fanout = DefaultFanout
	}
	tally := new(event.Tally)
	r := &run{cfg: cfg, sink: event.Tee(tally, cfg.Sink)}
	r.emit(&event.Event{Type: event.RunStart, Hosts: names(jobs), Command: cfg.Title, Fanout: fanout})

	places := newPlaces(fanout)
	var group errgroup.Group
	for i := range jobs {
		place, err := places.take(ctx)
		if err != nil {
			r.notAttempted(jobs[i].Host)
			continue
		}
		group.Go(func() error {
			defer place.giveBack()
			r.host(ctx, &jobs[i], place)
			return nil // a failed host is a result
		})
	}
	_ = group.Wait()

	// A user who stops what the deadline is stopping already counts more.
	summary := tally.Summary(cmp.Or(why(caller), why(ctx)))
	summary.ByLargest = cfg.ByLargest
	r.emit(&event.Event{Type: event.RunEnd, Summary: summary, Duration: time.Since(start)})
	return summary
}

// why tells the reason for which the run ended early: none when every host
// ended before the context did.
func why(ctx context.Context) event.Why {
	var stop *Stop
	switch cause := context.Cause(ctx); {
	case cause == nil:
		return event.Completed
	case errors.As(cause, &stop):
		return stop.Why
	default:
		return event.Interrupted
	}
}

type run struct {
	cfg  *Config
	sink event.Sink
}

func (r *run) emit(e *event.Event) {
	e.Time = time.Now()
	r.sink.Emit(e)
}

func (r *run) notAttempted(host string) {
	r.emit(&event.Event{Type: event.HostEnd, Host: host, Outcome: event.NotAttempted, Status: -1})
}

// host works on one host.
func (r *run) host(ctx context.Context, j *Job, place transport.Place) {
	start := time.Now()
	r.emit(&event.Event{Type: event.HostStart, Host: j.Host})
	ctx, limits := newLimits(ctx, r.cfg.CommandTimeout, r.cfg.IdleTimeout)
	defer limits.stop()

	w := &Work{
		Job: *j, Transport: r.cfg.Transport, Place: place, Started: limits.start,
		Stdout: &stream{run: r, limits: limits, event: event.Event{Type: event.Output, Host: j.Host, Stream: event.Stdout}},
		Stderr: &stream{run: r, limits: limits, event: event.Event{Type: event.Output, Host: j.Host, Stream: event.Stderr}},
		Ended:  new(event.Event),
	}
	do := r.command
	if r.cfg.Work != nil {
		do, w.Transport = r.cfg.Work, limits.watchTraffic(w.Transport)
	}
	status, err := do(ctx, w)
	e := result(status, err)
	e.Host, e.Duration = j.Host, time.Since(start)
	e.Changed, e.Files, e.Bytes = w.Ended.Changed, w.Ended.Files, w.Ended.Bytes
	r.emit(e)
}

// command runs the command of the run.
func (r *run) command(ctx context.Context, w *Work) (transport.Status, error) {
	c := r.cfg.Command
	c.Become, c.Place, c.Started = w.Become, w.Place, w.Started
	c.Stdout, c.Stderr = w.Stdout, w.Stderr
	if r.cfg.Stdin != nil {
		c.Stdin = r.cfg.Stdin(w.Host)
	}
	return w.Transport.Run(ctx, w.Target, &c)
}

// A stream makes events of one stream of a host's output.
type stream struct {
	run    *run
	limits *limits
	event  event.Event // reused: a sink keeps nothing of it
}

// Write implements io.Writer.
func (s *stream) Write(p []byte) (int, error) {
	s.limits.progress()
	s.event.Data = p
	s.run.emit(&s.event)
	return len(p), nil
}

func names(jobs []Job) []string {
	list := make([]string, len(jobs))
	for i := range jobs {
		list[i] = jobs[i].Host
	}
	return list
}
