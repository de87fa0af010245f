package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"fleet/event"
	"fleet/inventory"
	"fleet/journal"
)

// A resumption is the run that "fleet runs resume" goes on with.
type resumption struct {
	*journal.Run
	unknown string // --unknown: what to do with steps whose outcome nobody knows
}

// The values of --unknown.
const (
	unknownAsk   = "ask"
	unknownAgain = "again"
	unknownDone  = "done"
)

func newRunsResumeCommand(a *app) *cobra.Command {
	var ( // both are handed on, as they were typed
		vars    []string
		yes     bool
		unknown string
		detach  detachFlags
	)
	cmd := &cobra.Command{
		Use:   "resume [flags] [RUN]",
		Short: "Go on with what failed or was not reached in a run",
		Long: `Do again what a run was to do, but only what failed or was not reached. RUN is
the ID of a run or the beginning of it; without it, the last run of tasks that was
started in this folder and did not end well, unless the same tasks have ended well
since. Steps that were carried out are not carried out again. A step that was
sent, and of which nobody knows whether it ran, is asked about, unless it is
idempotent.`,
		Example: "  fleet runs resume\n  fleet runs resume 20261123-1105 --unknown=again",
		Args:    oneRun,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.apart(cmd.Context(), detach.detach, func() error {
				run, err := a.findResumable(args)
				switch {
				case err != nil:
					return err
				case detach.detach && (run.Kind == journal.KindPush || run.Kind == journal.KindPull):
					return badUsage("run %s transferred files, which does not go on in the background: --detach does not go with it", run.ID)
				}
				return a.resume(cmd.Context(), &resumption{Run: run, unknown: unknown})
			})
		},
	}
	fs := newFlagSet()
	fs.VarP(texts(&vars, assignment), "var", "e", "`NAME=VALUE` for a variable, also where a sensitive one was not recorded")
	fs.BoolVarP(&yes, "yes", "y", false, "answer yes where a confirmation is asked for")
	unknown = unknownAsk
	fs.Var(choice(&unknown, unknownAsk, unknownAgain, unknownDone), "unknown", "what to do with steps of which nobody knows whether they ran: `WHAT` is ask, again or done")
	addFlags(cmd, "What to do", fs)
	addFlags(cmd, "What to do", detach.flags())
	a.completeRuns(cmd)
	completeWords(cmd, "unknown", unknownAsk, unknownAgain, unknownDone)
	return cmd
}

// findResumable is the run that args name, or the last one of tasks that did not
// end well. One that another run has gone on with is left to that.
func (a *app) findResumable(args []string) (*journal.Run, error) {
	runs, err := a.runs()
	if err != nil {
		return nil, err
	}
	by := map[string]string{} // the last run that went on with a run
	for i := range slices.Backward(runs) {
		by[runs[i].Resumes] = runs[i].ID
	}
	if len(args) > 0 {
		r, err := a.findRun(args)
		switch {
		case err != nil:
			return nil, err
		case by[r.ID] != "":
			return nil, &usageError{err: fmt.Errorf("run %s went on with run %s", by[r.ID], r.ID), hint: "fleet runs resume " + by[r.ID]}
		case r.Status == journal.Running:
			return nil, &usageError{err: fmt.Errorf("run %s is still running, as process %d", r.ID, r.PID), hint: "fleet runs stop " + r.ID}
		case r.Status == journal.OK:
			return nil, badUsage("run %s ended well: there is nothing left to do", r.ID)
		}
		return r, nil
	}
	return lastUnfinished(runs, by)
}

// lastUnfinished is the last run of tasks in this folder that did not end well,
// and that no later one has gone on with or made pointless: who has rolled out
// another release does not want the one before.
func lastUnfinished(runs []journal.Run, resumed map[string]string) (*journal.Run, error) {
	here, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	nothing := &usageError{err: errors.New("there is nothing to go on with: the last run of each task ended well, or is still running"), hint: "fleet runs list shows them"}
	done := map[string]bool{} // tasks that have ended well since
	for i := range runs {     // the last one first
		r := &runs[i]
		tasks := strings.Join(r.Tasks, " ")
		switch {
		case r.Kind != journal.KindApply, r.Status == journal.Running, resumed[r.ID] != "":
		case r.Dir != here:
			if r.Status != journal.OK {
				nothing.err = fmt.Errorf("there is nothing to go on with in this folder; run %s, in %s, did not end well", r.ID, r.Dir)
				nothing.hint = "fleet runs resume " + r.ID
			}
		case r.Status == journal.OK:
			done[tasks] = true
		case !done[tasks]:
			return r, nil
		}
	}
	return nil, nothing
}

// resume carries out the command line of r once more, which then asks r what was
// done.
func (a *app) resume(ctx context.Context, r *resumption) error {
	if r.Dir == "" {
		return fmt.Errorf("the folder in which run %s was started is not known", r.ID)
	}
	if len(r.Args) == 0 {
		return fmt.Errorf("the command line of run %s was not recorded", r.ID)
	}
	given, err := a.typed.without("unknown")
	if err != nil {
		return err
	}
	again, lost := readTyped(r.Args).with(&a.env, given)
	switch {
	case strings.HasPrefix(lost, "-e "):
		return &usageError{
			err:  fmt.Errorf("the value of %q is sensitive, and not recorded", strings.TrimPrefix(lost, "-e ")),
			hint: fmt.Sprintf("give it again: fleet runs resume %s %s=...", r.ID, lost),
		}
	case lost != "":
		return fmt.Errorf("%q of run %s holds something sensitive, which is not recorded: it cannot be done again", lost, r.ID)
	}
	if err := os.Chdir(r.Dir); err != nil {
		return fmt.Errorf("run %s was started in another folder: %w", r.ID, err)
	}
	if !a.global.quiet {
		fmt.Fprintf(a.env.stderr, "fleet: going on with run %s of %s: %s\n", r.ID, ago(time.Since(r.Started)), oneLine(r.Command, 60))
	}
	return a.repeat(ctx, again, func(inner *app) { inner.resumed = r })
}

// unfinished are the hosts of a run without tasks that did not end well.
func (r *resumption) unfinished() (map[string]bool, error) {
	out := map[string]bool{}
	for _, h := range r.Hosts {
		out[h] = true
	}
	return out, r.Events(func(e *event.Event) error {
		if e.Type == event.HostEnd && e.Outcome == event.OK {
			delete(out, e.Host)
		}
		return nil
	})
}

// leaveOut takes the hosts away that are done, where a run is resumed. readsInput says
// that the command needs what was on standard input.
func (a *app) leaveOut(command string, readsInput bool, hosts []*inventory.Host) ([]*inventory.Host, error) {
	if a.resumed == nil {
		return hosts, nil
	}
	if readsInput {
		return nil, fmt.Errorf("run %s read standard input, which is not recorded; hint: %s --failed=%s", a.resumed.ID, command, a.resumed.ID)
	}
	left, err := a.resumed.unfinished()
	if err != nil {
		return nil, err
	}
	hosts = slices.DeleteFunc(slices.Clone(hosts), func(h *inventory.Host) bool { return !left[h.Name] })
	if len(hosts) == 0 {
		return nil, fmt.Errorf("there is nothing left to do of run %s", a.resumed.ID)
	}
	return hosts, nil
}
