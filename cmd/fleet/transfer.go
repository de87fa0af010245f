package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"fleet/event"
	"fleet/inventory"
	"fleet/journal"
	"fleet/pool"
	"fleet/pool/transfer"
	"fleet/runner"
	"fleet/transport"
)

// transferFlags are those that "fleet push" and "fleet pull" have in common.
type transferFlags struct {
	sel    selectionFlags
	conn   connectionFlags
	become becomeFlags
	limit  limitFlags
	show   showFlags

	dryRun bool     // --dry-run
	diff   bool     // --diff
	rate   int64    // --limit-rate, in bytes a second; 0 is no limit
	ignore []string // --ignore
	yes    bool     // -y
}

// add gives cmd the flags, with own among them: those that say what is done.
func (f *transferFlags) add(a *app, cmd *cobra.Command, own *pflag.FlagSet) {
	own.Var(texts(&f.ignore, exclusion), "ignore", "of a folder, leave out what `PATTERN` matches, as in .gitignore; repeatable")
	own.BoolVar(&f.dryRun, "dry-run", false, "change nothing, and tell what would be")
	own.BoolVar(&f.diff, "diff", false, "show what changes in text files")
	own.BoolVarP(&f.yes, "yes", "y", false, "answer yes where a confirmation is asked for")
	become := f.become.flags()
	become.Lookup("sudo").Usage = "with the rights of root"
	become.Lookup("become").Usage = "with those of `USER`"
	limit := f.limit.flags()
	limit.Lookup("command-timeout").Usage = "give each host `TIME` for all of it, once it is connected"
	limit.Lookup("idle-timeout").Usage = "give a host up where nothing moved for `TIME`"
	limit.Var(byteCount(&f.rate), "limit-rate", "at most `BYTES` a second for all hosts together, such as 10M")
	addFlags(cmd, "Which hosts", f.sel.flags())
	addFlags(cmd, "Which hosts", f.sel.inventoryFlags())
	addFlags(cmd, "What to do", own)
	addFlags(cmd, "What to do", become)
	addFlags(cmd, "How to connect", f.conn.flags())
	addFlags(cmd, "Limits", limit)
	addFlags(cmd, "What to show", f.show.forTransfers())
	a.completeHosts(cmd, &f.sel)
	completeWords(cmd, "format", formats...)
}

// check refuses flags that contradict each other, and a {host} that is misspelled.
func (f *transferFlags) check(words []string) error {
	if !f.sel.selects() {
		return &usageError{err: badUsage("no hosts are selected"), hint: "-w PATTERN, -g GROUP or -a says which"}
	}
	if err := refuseMarks(words); err != nil {
		return err
	}
	return f.show.check()
}

// options are those of each transfer.
func (f *transferFlags) options(m *transfer.Meter) transfer.Options {
	o := transfer.Options{DryRun: f.dryRun, Diff: f.diff, Meter: m}
	if f.rate > 0 {
		o.Limit = transfer.NewLimiter(f.rate)
	}
	return o
}

// A transferJob is files to or from many hosts.
type transferJob struct {
	flags *transferFlags
	kind  string   // kindPush or kindPull
	words []string // LOCAL and REMOTE, as typed
	// plan checks everything that can be known before the first packet, and returns
	// what is done for each host.
	plan func(hosts []*inventory.Host, m *transfer.Meter) (shipment, error)
}

// A shipment is what is done for each host.
type shipment interface {
	// items are what is done for a host, one after another. Where that cannot be
	// known, or is impossible, nothing is done.
	items(ctx context.Context, r *transfer.Remote, host string) ([]item, error)
	// close gives back what is held for all hosts.
	close()
}

// An item is one LOCAL, or one REMOTE, for a host.
type item interface {
	// name is how a message about the host calls it.
	name() string
	// ship carries it out, and says what came of it. There may be something to say
	// besides an error.
	ship(ctx context.Context, r *transfer.Remote, say *teller) (*transfer.Report, error)
}

// transfer is "fleet push" and "fleet pull": everything is checked, and asked for,
// before the first packet.
func (a *app) transfer(ctx context.Context, j *transferJob) error {
	f := j.flags
	fanout, err := f.limit.orDefault(&a.env)
	if err != nil {
		return err
	}
	inv, hosts, err := a.selectHosts(ctx, &f.sel, &f.conn)
	if err == nil {
		hosts, err = a.leaveOut("fleet "+j.kind, slices.Contains(f.sel.hosts, "-"), hosts)
	}
	if err != nil {
		return f.ignoreHint(err)
	}
	if err := refuseHost(inv, j); err != nil {
		return err
	}
	meter := new(transfer.Meter)
	load, err := j.plan(hosts, meter)
	if err != nil {
		return err
	}
	defer load.close()
	if !f.dryRun {
		if err := a.confirm(ctx, hosts, f.yes, f.conn.batch()); err != nil {
			return err
		}
	}
	work, err := a.admit(ctx, inv, hosts, &f.conn, &f.become)
	if err != nil {
		return err
	}
	p := &progress{meter: meter, hosts: len(hosts)}
	x := &execution{app: a, show: &f.show, jobs: work, kind: j.kind, progress: p.text}
	title := j.title()
	x.begin = func() (*record, error) {
		return a.recordRun(journal.Meta{Kind: journal.Kind(j.kind), Command: title, Hosts: hostNames(hosts)}, &f.sel, inv)
	}
	cfg := &runner.Config{
		Title:          title,
		Fanout:         fanout,
		CommandTimeout: f.limit.commandTimeout,
		IdleTimeout:    f.limit.idleTimeout,
		Deadline:       f.limit.deadline,
		Work: func(ctx context.Context, w *runner.Work) (transport.Status, error) {
			p.begun.Add(1)
			return transport.Status{}, a.carry(ctx, w, load, f)
		},
	}
	return x.run(ctx, fanout, func(ctx context.Context, t transport.Transport, sink event.Sink) *event.Summary {
		cfg.Transport, cfg.Sink = t, sink
		return runner.Run(ctx, cfg, work)
	})
}

// title is how the run is called: the command line but for its flags, except that
// the journal must not say that files went where they did not.
func (j *transferJob) title() string {
	words := []string{j.kind}
	if j.flags.dryRun {
		words = append(words, "--dry-run")
	}
	for _, w := range j.words {
		words = append(words, pool.Quote(w))
	}
	return strings.Join(words, " ")
}

// ignoreHint is err, which may come from a pattern of files that rsync's users
// give to --exclude.
func (f *transferFlags) ignoreHint(err error) error {
	var choice *selectionError
	if len(f.sel.exclude) > 0 && errors.As(err, &choice) && !strings.Contains(choice.Error(), "hint: ") {
		choice.hint = "--exclude is about hosts; files are left out by --ignore"
	}
	return err
}

// transfers reports whether x is about files.
func (x *execution) transfers() bool { return x.kind == kindPush || x.kind == kindPull }

// carry does all that there is to do for a host. What fails keeps nothing else
// from being done, unless the host is gone.
func (a *app) carry(ctx context.Context, w *runner.Work, load shipment, f *transferFlags) (err error) {
	var reached atomic.Bool
	defer func() { err = hostError(ctx, err, reached.Load()) }()
	r, err := transfer.Open(ctx, &transfer.Host{
		Transport: w.Transport, Target: w.Target, Become: w.Become, Place: w.Place,
		Connected: func() { reached.Store(true); w.Started() },
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	items, err := load.items(ctx, r, w.Host)
	if err != nil {
		return err
	}
	say := &teller{
		host: w.Host, stdout: w.Stdout, stderr: w.Stderr,
		dryRun: f.dryRun, alike: f.show.gather != "", each: a.global.verbose > 0 || f.diff || f.dryRun,
	}
	var failed []failedItem
	for _, it := range items {
		report, err := it.ship(ctx, r, say)
		if report != nil {
			w.Ended.Changed = w.Ended.Changed || report.Changed() && !f.dryRun
			w.Ended.Files += report.Files
			w.Ended.Bytes += report.Bytes
		}
		if err == nil {
			continue
		}
		failed = append(failed, failedItem{it.name(), err})
		if hostGone(ctx, err) {
			break
		}
	}
	return say.failures(failed, len(items))
}
