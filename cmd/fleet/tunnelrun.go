package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"fleet/internal/nodeset"
	"fleet/internal/term"
	"fleet/pool"
	"fleet/pool/credential"
	"fleet/pool/tunnel"
	"fleet/runner"
	"fleet/transport"
)

// tunnelCommand is "fleet tunnel": everything is checked, asked for, and bound on
// this machine before the first packet.
func (a *app) tunnelCommand(ctx context.Context, f *tunnelFlags, names []string) error {
	if err := f.check(names); err != nil {
		return err
	}
	fanout, err := f.limit.orDefault(&a.env)
	if err != nil {
		return err
	}
	inv, plans, err := a.planTunnels(ctx, f, names)
	if err != nil {
		return err
	}
	if err := f.checkUse(plans); err != nil {
		return err
	}
	if err := a.confirmWide(ctx, plans, f.conn.batch()); err != nil {
		return err
	}
	hosts := planHosts(plans)
	asked, err := a.askPasswords(ctx, &f.conn, new(becomeFlags), hosts)
	if err != nil {
		return err
	}
	work, err := jobs(ctx, inv, hosts, nil, asked)
	if err != nil {
		return err
	}
	a.learnPasswords(work)
	// Where one link carries much, handing every piece to another processor costs
	// more than it gains.
	halveProcessors(&a.env)
	t := &tunneling{app: a, flags: f, fanout: fanout, jobs: work, plans: plans}
	return t.run(ctx)
}

// A tunnelSet is what package tunnel opens.
type tunnelSet interface {
	Start(ctx context.Context)
	Ready(ctx context.Context) error
	Settled(ctx context.Context) error
	Status() []tunnel.Status
	Close() error
}

// A tunneling is one "fleet tunnel" at work.
type tunneling struct {
	app    *app
	flags  *tunnelFlags
	fanout int
	jobs   []runner.Job // the hosts
	plans  []tunnelPlan

	stop   context.CancelCauseFunc
	set    tunnelSet
	news   *tunnelNews
	screen sync.Mutex // who writes to the terminal, or asks there
}

// run opens the tunnels, lets them be used, and closes them.
func (t *tunneling) run(ctx context.Context) error {
	ctx, t.stop = context.WithCancelCause(ctx)
	defer t.stop(nil)
	credentials := &credential.Store{
		Prompt:          t.answer,
		OnlyPassphrases: len(t.jobs) > 1 || !t.app.canAsk(),
		Logger:          t.app.log,
	}
	defer credentials.Close()
	connections := pool.New(pool.Config{Credentials: credentials, Logger: t.app.log, Notice: t.notice})
	defer connections.Close()
	t.news = newTunnelNews()
	set, err := tunnel.New(tunnel.Config{
		Transport: connections, Changed: t.news.changed, Fanout: t.fanout,
		Retry: !t.flags.wait || t.flags.within > 0,
	}, specs(t.plans, t.targets()))
	if err != nil {
		return err
	}
	t.set = set
	defer set.Close() // where something fails on the way; it is closed in time otherwise
	warnUnchecked(t.app.env.stderr, t.jobs)
	if err := credentials.Preload(ctx, t.targetList()); err != nil {
		return err
	}
	return t.live(ctx)
}

// live is the life of the tunnels that are bound, which a signal ends; a second
// one ends fleet at once.
func (t *tunneling) live(ctx context.Context) error {
	signals := watchSignals(t.stop, nil, nil)
	defer signals.close()
	t.news.status, t.news.print = t.set.Status, t.print
	if t.flags.show.format == "jsonl" && !t.flags.runs() {
		t.news.emit = t.emit
	}
	t.news.start()
	done := make(chan error, 1)
	go func() { // ends with the tunnels; when the user leaves first, with the process
		done <- t.serve(ctx, signals)
	}()
	select {
	case err := <-done:
		return err
	case <-signals.leave:
		return signals.left
	}
}

// serve opens the tunnels, waits until they are no longer wanted, and closes them.
func (t *tunneling) serve(ctx context.Context, signals *interrupter) error {
	t.set.Start(ctx)
	served := t.app.serveStatus(t.set.Status)
	err := t.opened(ctx)
	if err == nil {
		err = t.use(ctx, signals)
	}
	cut := 0
	for _, s := range t.set.Status() {
		cut += int(s.Open)
	}
	closeErr := t.set.Close()
	t.news.close()
	served.close()
	if cut > 0 && !t.flags.runs() && !t.app.global.quiet { // a command may be gone before its connections are
		t.say("%s cut", was(cut, "connection"))
	}
	if err == nil {
		err = closeErr
	}
	return interrupted(ctx, err)
}

// was is "1 thing was", "2 things were".
func was(n int, thing string) string {
	if n == 1 {
		return plural(n, thing) + " was"
	}
	return plural(n, thing) + " were"
}

// opened returns when the tunnels can be used, and shows them; an error where they
// cannot.
func (t *tunneling) opened(ctx context.Context) error {
	err := t.settle(ctx)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	list := t.set.Status()
	ready := 0
	for i := range list {
		if list[i].State == tunnel.StateReady {
			ready++
		}
	}
	if ready == 0 || t.flags.wait && ready < len(list) {
		return t.failed(list, ready)
	}
	if err != nil && t.flags.wait {
		return err
	}
	if !t.flags.runs() {
		t.show(list, ready)
	}
	t.news.begin()
	return nil
}

// slowAfter is how long nothing is said of hosts that are still connecting.
const slowAfter = 2 * time.Second

// settle waits for the first attempts; with a time to wait, until all are ready.
func (t *tunneling) settle(ctx context.Context) error {
	wait := t.set.Settled
	if t.flags.within > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, t.flags.within)
		defer cancel()
		wait = t.set.Ready
	}
	slow := time.AfterFunc(slowAfter, t.waiting)
	defer slow.Stop()
	return wait(ctx)
}

// waiting says which hosts are waited for.
func (t *tunneling) waiting() {
	var hosts []string
	list := t.set.Status()
	why := ""
	for i := range list {
		if s := &list[i]; s.State == tunnel.StateOpening || s.State == tunnel.StateDown {
			hosts = append(hosts, s.Host)
			if why == "" && s.Err != nil {
				why = " (" + errorText(s.Err) + ")"
			}
		}
	}
	if len(hosts) > 0 && !t.app.global.quiet {
		t.say("waiting for %s%s", nodeset.Fold(hosts), why)
	}
}

// failed says why tunnels are not open, and ends with the exit status for it.
func (t *tunneling) failed(list []tunnel.Status, ready int) error {
	lines := new(newsReport).lines(list, time.Now())
	for i := range lines {
		lines[i].then = "" // all are given up now
	}
	t.print(lines)
	switch {
	case ready == 0 && len(list) == 1:
		t.say("the tunnel did not open")
	case ready == 0:
		t.say("none of %s opened", plural(len(list), "tunnel"))
	default:
		t.say("%d of %s did not open, and --wait wants all: none stays open", len(list)-ready, plural(len(list), "tunnel"))
	}
	if t.flags.show.format == "json" && !t.flags.runs() {
		t.result(writeJSON(t.app.env.stdout, t.documents(list)))
	}
	return exit(tunnelsStatus(list))
}

// show shows the tunnels when they are open.
func (t *tunneling) show(list []tunnel.Status, ready int) {
	switch t.flags.show.format {
	case "json":
		t.result(writeJSON(t.app.env.stdout, t.documents(list)))
	case "text":
		t.result(writeTunnels(t.app.env.stdout, t.documents(list)))
	}
	if t.app.global.quiet {
		return
	}
	text := fmt.Sprintf("%s open; Ctrl-C closes %s.", are(ready, "tunnel"), map[bool]string{true: "it", false: "them"}[ready == 1])
	if ready < len(list) {
		text = fmt.Sprintf("%d of %s are open; Ctrl-C closes them.", ready, plural(len(list), "tunnel"))
	}
	t.hold(func() { fmt.Fprintln(t.app.env.stderr, text) })
}

// are is "1 thing is", "2 things are".
func are(n int, thing string) string {
	if n == 1 {
		return plural(n, thing) + " is"
	}
	return plural(n, thing) + " are"
}

// use lets the tunnels be used.
func (t *tunneling) use(ctx context.Context, signals *interrupter) error {
	if t.flags.runs() {
		return t.carryOut(ctx, signals)
	}
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.news.lost:
		t.say("no tunnel is left")
		return exit(tunnelsStatus(t.set.Status()))
	}
}

// result takes note of what became of the list on stdout. Tunnels are of use
// though nobody reads it.
func (t *tunneling) result(err error) {
	if err != nil && !closedPipe(err) {
		t.say("warning: the list of tunnels could not be written: %s", err)
	}
}

func (t *tunneling) documents(list []tunnel.Status) []tunnelDocument {
	docs := make([]tunnelDocument, len(list))
	for i := range list {
		docs[i] = t.app.describeTunnel(&list[i])
	}
	return docs
}

// emit tells programs of a change. That nobody listens is no reason to end.
func (t *tunneling) emit(s *tunnel.Status) {
	kind := eventOf(s)
	if kind == "" {
		return
	}
	line, err := t.app.tunnelEvent(kind, s).AppendJSON(nil)
	if err == nil {
		_, _ = t.app.env.stdout.Write(line)
	}
}

// print tells people what happened.
func (t *tunneling) print(lines []newsLine) {
	if len(lines) == 0 {
		return
	}
	var hints []string
	for i := range lines {
		if t.app.global.quiet && lines[i].good {
			continue
		}
		t.say("%s", lines[i].String())
		if h := lines[i].hint; h != "" && !slices.Contains(hints, h) {
			hints = append(hints, h)
		}
	}
	for _, h := range hints {
		t.hold(func() { t.app.hint(h) })
	}
}

// say prints a line of fleet's own.
func (t *tunneling) say(format string, args ...any) {
	text := term.Clean(t.app.redactor.String(fmt.Sprintf(format, args...)))
	t.hold(func() { fmt.Fprintf(t.app.env.stderr, "fleet: %s\n", text) })
}

// notice prints what the pool has to say of a host.
func (t *tunneling) notice(host, text string) { t.say("%s: warning: %s", host, text) }

// answer asks the user; a signal meanwhile ends all tunnels.
func (t *tunneling) answer(ctx context.Context, q credential.Question) (transport.Secret, error) {
	s, err := t.app.answerer(t.hold)(ctx, q)
	var signal *signaled
	if errors.As(err, &signal) {
		t.stop(signal)
	}
	return s, err
}

// hold keeps others off the terminal while do is at work.
func (t *tunneling) hold(do func()) {
	t.screen.Lock()
	defer t.screen.Unlock()
	do()
}

func (t *tunneling) targetList() []transport.Target {
	list := make([]transport.Target, len(t.jobs))
	for i := range t.jobs {
		list[i] = t.jobs[i].Target
	}
	return list
}

func (t *tunneling) targets() map[string]transport.Target {
	byName := make(map[string]transport.Target, len(t.jobs))
	for i := range t.jobs {
		byName[t.jobs[i].Host] = t.jobs[i].Target
	}
	return byName
}
