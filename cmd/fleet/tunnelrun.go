package main

import (
	"cmp"
	"context"
	"sync"

	"fleet/inventory"
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
	return a.openPlans(ctx, f, fanout, inv, plans)
}

// openPlans opens what is planned, when all that may have to be asked is.
func (a *app) openPlans(ctx context.Context, f *tunnelFlags, fanout int, inv *inventory.Inventory, plans []tunnelPlan) error {
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
	t := &tunneling{app: a, flags: f, fanout: fanout, jobs: work, plans: plans, quiz: true}
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
	group  *tunnelGroup // the same, where each can be closed by itself
	news   *tunnelNews
	left   bool       // no tunnel is
	screen sync.Mutex // who writes to the terminal, or asks there
	quiz   bool       // the user may be asked; guarded by screen
}

// run opens the tunnels, lets them be used, and closes them.
func (t *tunneling) run(ctx context.Context) error {
	ctx, t.stop = context.WithCancelCause(ctx)
	defer t.stop(nil)
	connections, err := t.connections(ctx)
	if err != nil {
		return err
	}
	defer connections.close()
	caller := t.app.caller(t.answer, len(t.jobs) > 1 || !t.app.canAsk())
	caller.Notice = t.notice
	ctx = transport.WithCaller(ctx, caller)
	t.news = newTunnelNews()
	err = t.bind(tunnel.Config{
		Transport: connections.Transport, Fanout: t.fanout,
		Changed: t.news.changed, Complaint: func(tunnel.Status) { t.news.look() },
		Retry: !t.flags.wait || t.flags.within > 0,
	})
	if err != nil {
		return err
	}
	defer t.set.Close() // where something fails on the way; it is closed in time otherwise
	warnUnchecked(t.app.env.stderr, t.jobs)
	if err := connections.prepare(ctx, t.targetList()); err != nil {
		return err
	}
	return t.live(ctx)
}

// connections are those of this process alone, as every link is used by nobody else;
// but what is in the background is shown by the agent where one runs.
func (t *tunneling) connections(ctx context.Context) (*connections, error) {
	if t.background() {
		return t.app.connections(ctx, 0)
	}
	return t.app.connectionsBy(nil, 0), nil
}

// bind makes the set, in which all that listens here does so.
func (t *tunneling) bind(cfg tunnel.Config) error {
	list := specs(t.plans, t.targets())
	if !t.background() {
		set, err := tunnel.New(cfg, list)
		t.set = set
		return err
	}
	group, err := newTunnelGroup(cfg, list)
	t.set, t.group = group, group
	return err
}

// live is the life of the tunnels that are bound, which a signal ends; a second
// one ends fleet at once.
func (t *tunneling) live(ctx context.Context) error {
	signals := watchSignals(t.stop, nil, nil)
	defer signals.close()
	t.news.status = t.set.Status
	if !t.background() { // nobody sees it
		t.news.print = t.print
	}
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
	served := t.app.serveStatus(t.set.Status, t.group)
	err := t.opened(ctx)
	if err == nil {
		err = t.use(ctx, signals)
	}
	cut := t.openConnections()
	t.news.finish(t.set.Status())
	closeErr := t.set.Close()
	served.close()
	within(leaveWait, func() { t.farewell(cut) })
	if err == nil {
		err = closeErr
	}
	return interrupted(ctx, err)
}

// farewell says what is left to say, when all is closed.
func (t *tunneling) farewell(cut int) {
	t.news.close()
	if t.left {
		t.say("no tunnel is left")
	}
	if cut > 0 && !t.flags.runs() && !t.app.global.quiet { // a command may be gone before its connections are
		t.say("%s cut", was(cut, "connection"))
	}
}

// use lets the tunnels be used.
func (t *tunneling) use(ctx context.Context, signals *interrupter) error {
	if t.flags.runs() {
		return t.carryOut(ctx, signals)
	}
	if t.background() {
		return t.keep(ctx)
	}
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.news.lost:
		t.left = true
		return exit(tunnelsStatus(t.set.Status()))
	}
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
		target := t.jobs[i].Target
		if limit := &target.Link.ConnectTimeout; t.flags.within > 0 {
			// So that there is a reason by the end of that time.
			*limit = min(cmp.Or(*limit, transport.DefaultConnectTimeout), t.flags.within)
		}
		byName[t.jobs[i].Host] = target
	}
	return byName
}
