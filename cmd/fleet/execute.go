package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"fleet/event"
	"fleet/internal/nodeset"
	"fleet/internal/term"
	"fleet/inventory"
	"fleet/journal"
	"fleet/output"
	"fleet/runner"
	"fleet/transport"
)

// runCommand is "fleet run": everything is checked, and asked for, before the
// first packet.
func (a *app) runCommand(ctx context.Context, f *runFlags, args []string) error {
	if err := f.check(args); err != nil {
		return err
	}
	if err := f.back.check(a, &f.show); err != nil {
		return err
	}
	fanout, err := f.limit.orDefault(&a.env)
	if err != nil {
		return err
	}
	inv, hosts, err := a.selectHosts(ctx, &f.sel, &f.conn)
	if err == nil {
		hosts, err = a.leaveOut("fleet run", f.stdin || f.readsList() || f.script == "-", hosts)
	}
	if err != nil {
		return err
	}
	command, title, err := f.command(a, args)
	if err != nil {
		return err
	}
	if err := a.confirm(ctx, hosts, f.yes, f.conn.batch()); err != nil {
		return err
	}
	work, err := a.admit(ctx, inv, hosts, &f.conn, &f.become)
	if err != nil {
		return err
	}
	x := &execution{app: a, show: &f.show, jobs: work, sendStdin: f.stdin}
	cfg := &runner.Config{
		Title:          title,
		Fanout:         fanout,
		CommandTimeout: f.limit.commandTimeout,
		IdleTimeout:    f.limit.idleTimeout,
		ByLargest:      f.show.largest,
		Deadline:       f.limit.deadline,
		Command:        command,
	}
	x.begin = func() (*record, error) {
		return a.recordRun(journal.Meta{Kind: journal.KindRun, Command: title, Hosts: hostNames(hosts)}, &f.sel, inv)
	}
	return x.run(ctx, fanout, func(ctx context.Context, t transport.Transport, sink event.Sink) *event.Summary {
		cfg.Transport, cfg.Sink = t, sink
		if x.stdin != nil {
			cfg.Stdin = func(string) io.Reader { return x.stdin.reader() }
		}
		return runner.Run(ctx, cfg, work)
	})
}

// admit asks for passwords where the flags want them, and makes hosts the jobs of a
// run. What may not be shown is known from then on.
func (a *app) admit(ctx context.Context, inv *inventory.Inventory, hosts []*inventory.Host, conn *connectionFlags, become *becomeFlags) ([]runner.Job, error) {
	if err := become.check(hosts, conn.batch()); err != nil {
		return nil, err
	}
	asked, err := a.askPasswords(ctx, conn, become, hosts)
	if err != nil {
		return nil, err
	}
	work, err := jobs(ctx, inv, hosts, become, asked)
	if err != nil {
		return nil, err
	}
	a.learnPasswords(work)
	return work, nil
}

// The kinds of executions.
const (
	kindRun   = "" // one command
	kindApply = "apply"
	kindPlan  = "plan"
	kindPush  = "push"
	kindPull  = "pull"
)

// An execution is one run, with everything that takes part in it.
type execution struct {
	app       *app
	show      *showFlags
	jobs      []runner.Job            // the hosts, of a run of tasks as well
	kind      string                  // one of the above
	begin     func() (*record, error) // begins to record it; nil where nothing is kept
	record    *record
	sendStdin bool
	cleanup   *runner.Cleanup            // of a run of tasks
	progress  func(now time.Time) string // of a transfer, for the status line
	stop      context.CancelCauseFunc

	tracker  *output.Tracker
	roll     rollcall
	renderer output.Renderer
	side     *sideChannel  // nil where standard error is standard output
	files    *output.Files // nil without --outdir and --errdir
	stdin    *spool        // nil without -I

	unfinished bool // something is left to do, of a run of tasks

	mu     sync.Mutex
	failed error // the first thing that fleet itself could not do; guarded by mu
}

// open makes ready what can fail before anything runs.
func (x *execution) open() (err error) {
	if x.files, err = x.show.files(x.fileFailed); err != nil {
		return err
	}
	if x.sendStdin {
		if x.stdin, err = newSpool(x.app.env.stdin, x.abort); err != nil {
			return err
		}
	}
	x.tracker = output.NewTracker(nodeset.Fold)
	stderr := x.app.env.stderr
	if !oneOutput(x.app.env.stdout, stderr) {
		x.side = &sideChannel{w: stderr}
		stderr = x.side
	}
	if x.renderer = x.show.renderer(x, stderr); x.app.handover != nil {
		x.renderer = &unseen{x: x, stderr: stderr}
	}
	return nil
}

// abort notes that fleet could not do its part, and ends the run, which makes
// no sense without it.
func (x *execution) abort(err error) {
	x.fail(err)
	x.stop(&runner.Stop{Why: event.Aborted})
}

// fileFailed hears of a file of --outdir that could not be written: the run
// goes on, as its output is also shown. The user hears of it now: a run may
// take an hour.
func (x *execution) fileFailed(err error) {
	then := "no more files are written, and the run goes on"
	if one, ok := errors.AsType[*output.FileError](err); ok && one.OneHost {
		then = "the run goes on, and so do other files"
	}
	fmt.Fprintf(x.renderer.Messages(), "fleet: %s; %s\n", term.Clean(err.Error()), then)
	x.fail(exitError(statusError))
}

func (x *execution) fail(err error) {
	x.mu.Lock()
	first := x.failed == nil
	if first {
		x.failed = err
	}
	x.mu.Unlock()
	if first {
		x.noteFailure(err)
	}
}

func (x *execution) failure() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.failed
}

// A job is what an execution carries out: it tells sink what happens, and returns
// when all hosts have their outcome.
type job func(ctx context.Context, t transport.Transport, sink event.Sink) *event.Summary

// run carries work out, on at most fanout hosts at one time, and returns the
// error that is its exit status.
func (x *execution) run(ctx context.Context, fanout int, work job) error {
	ctx, x.stop = context.WithCancelCause(ctx)
	defer x.stop(nil)
	wait := linger
	if x.kind == kindRun {
		wait = 0 // a host has one command
	}
	connections, err := x.app.connections(ctx, wait)
	if err != nil {
		return err
	}
	sink, err := x.ready(ctx, connections, fanout)
	if err != nil {
		connections.close()
		return err
	}
	ctx = transport.WithCaller(ctx, x.caller(sink))

	signals := watchSignals(x.stop, x.teller(), x.stopping)
	defer signals.close()
	x.leaveTerminal(ctx)
	done := make(chan *event.Summary, 1)
	go func() { // ends with the run; when the user leaves first, with the process
		summary := work(ctx, connections, sink)
		connections.close()
		done <- summary
	}()
	select {
	case summary := <-done:
		return x.end(summary)
	case <-signals.leave:
		return x.leave(signals.left, done)
	}
}

// ready does what comes before the first host: it opens the outputs, asks for what
// logins need, and begins the record.
func (x *execution) ready(ctx context.Context, c *connections, fanout int) (event.Sink, error) {
	if err := x.open(); err != nil {
		return nil, err
	}
	if x.transfers() {
		tuneTransfers(&x.app.env)
	} else {
		tune(&x.app.env, min(len(x.jobs), fanout))
	}
	warnUnchecked(x.renderer.Messages(), x.jobs)
	if err := c.prepare(transport.WithCaller(ctx, x.caller(nil)), x.targets()); err != nil {
		x.close()
		x.fail(err) // where something else failed before, that is the cause
		return nil, x.failure()
	}
	sink, err := x.sink()
	if err != nil {
		x.close()
	}
	return sink, err
}

// caller is whom transports ask and tell; sink is nil as long as nothing is told.
func (x *execution) caller(sink event.Sink) *transport.Caller {
	c := x.app.caller(x.answer, len(x.jobs) > 1 || !x.app.canAsk() || x.app.handover != nil)
	if sink != nil {
		c.Connected = x.connected(sink)
		c.Notice = func(host, text string) {
			sink.Emit(&event.Event{Type: event.Note, Time: time.Now(), Host: host, Level: "warn", Message: text})
		}
	}
	return c
}

// linger is how long a connection waits for the next step of its host.
const linger = 30 * time.Second

// sink is what hears of all that happens: the journal first, as what is not in it
// must not be sent.
func (x *execution) sink() (_ event.Sink, err error) {
	sinks := []event.Sink{x.tracker, &x.roll, x.renderer}
	if x.begin != nil {
		if x.record, err = x.begin(); err != nil {
			return nil, err
		}
	}
	if x.record != nil {
		x.record.onError = x.recordFailed
		sinks = append([]event.Sink{x.record}, sinks...)
	}
	if x.files != nil {
		sinks = append(sinks, x.files)
	}
	if x.side != nil && x.show.format == "text" {
		sinks = append(sinks, x.side)
	}
	return x.app.redactor.Sink(event.Tee(sinks...)), nil
}

// recordFailed hears that the journal cannot be written. A run of tasks ends
// then: nobody could say later what it did.
func (x *execution) recordFailed(err error) {
	if x.kind == kindApply || x.app.handover.detached() { // nobody sees it either
		x.abort(fmt.Errorf("the journal cannot be written, so no further step is sent: %w", err))
		return
	}
	fmt.Fprintf(x.renderer.Messages(), "fleet: warning: the run is not recorded any more: %s\n", term.Clean(err.Error()))
}

// answer asks the user; a signal meanwhile is for the run, not for one host.
func (x *execution) answer(ctx context.Context, q transport.Question) (transport.Secret, error) {
	if x.app.handover.detached() {
		return transport.Secret{}, errDetached
	}
	s, err := x.app.answerer(x.renderer.Suspend)(ctx, q)
	var signal *signaled
	if errors.As(err, &signal) {
		x.stop(signal)
	}
	return s, err
}

// warnUnchecked says, once, which hosts may be anybody.
func warnUnchecked(w io.Writer, jobs []runner.Job) {
	var hosts []string
	for i := range jobs {
		if jobs[i].Target.HostKey.Policy == transport.HostKeyOff {
			hosts = append(hosts, jobs[i].Host)
		}
	}
	if len(hosts) > 0 {
		fmt.Fprintf(w, "fleet: warning: the host key is not checked on %s: %s\n", plural(len(hosts), "host"), nodeset.Fold(hosts))
	}
}

func (x *execution) targets() []transport.Target {
	list := make([]transport.Target, len(x.jobs))
	for i := range x.jobs {
		list[i] = x.jobs[i].Target
	}
	return list
}

// connected tells of logins to the hosts of the run; jump hosts may have names
// that are not among them.
func (x *execution) connected(sink event.Sink) func(string, time.Duration) {
	known := make(map[string]bool, len(x.jobs))
	for i := range x.jobs {
		known[x.jobs[i].Host] = true
	}
	return func(host string, took time.Duration) {
		if known[host] {
			sink.Emit(&event.Event{Type: event.Connect, Time: time.Now(), Host: host, Duration: took})
		}
	}
}

// stopping says, on a terminal, that the Ctrl-C was heard: it may take the grace.
func (x *execution) stopping() {
	if x.app.guided {
		return
	}
	text := fmt.Sprintf("stopping the command on every host, within about %s", transport.DefaultGrace+2*time.Second)
	switch x.kind {
	case kindApply:
		text = "stopping the steps that run, then come those of always"
	case kindPlan:
		text = "stopping"
	case kindPush, kindPull:
		text = "stopping the transfers, and removing what is unfinished"
	}
	fmt.Fprintf(x.renderer.Messages(), "fleet: %s; Ctrl-C once more leaves at once\n", text)
}

// teller is what the first Ctrl-C does: on a terminal, to say how things stand.
func (x *execution) teller() func() {
	if x.app.guided || x.app.handover != nil || !term.IsTerminal(x.app.env.stderr) {
		return nil
	}
	return func() {
		w := x.renderer.Messages()
		_ = x.tracker.Report(w)
		fmt.Fprintln(w, "Ctrl-C again within 2 seconds stops the run.")
	}
}

// tune fits the runtime to a run with so many hosts at one time. With few, the
// heap is small and may grow to five times what is in use before it is cleaned
// up, to a limit above what the inventory takes; with thousands, what is in use is
// the connections. Half the processors are plenty for SSH to many hosts; with
// more, waking them costs more than they do.
func tune(e *env, hosts int) {
	const few, perHost = 2000, 100 << 10 // a connection at work, in bytes
	if hosts <= few {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		debug.SetGCPercent(400)
		debug.SetMemoryLimit(96<<20 + int64(m.HeapAlloc) + int64(max(hosts-runner.DefaultFanout, 0))*perHost)
	} else {
		debug.SetGCPercent(50)
	}
	halveProcessors(e)
}

// tuneTransfers does so for files. What is in use is the blocks that travel, which are
// taken again and again, so that there is little to clean up: a heap that may grow
// would only take memory.
func tuneTransfers(e *env) {
	debug.SetGCPercent(50)
	halveProcessors(e)
}

// halveProcessors leaves half of the processors to others.
func halveProcessors(e *env) {
	if e.value("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(max(1, runtime.NumCPU()/2))
	}
}
