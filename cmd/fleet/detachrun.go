package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"fleet/event"
)

// detachFlags let a run go on in the background.
type detachFlags struct{ detach bool }

func (f *detachFlags) flags() *pflag.FlagSet {
	fs := newFlagSet()
	fs.BoolVar(&f.detach, "detach", false, "go on in the background: print the ID of the run and return; see fleet runs")
	return fs
}

// check refuses what makes no sense where nobody looks, and a run that nobody could
// find again.
func (f *detachFlags) check(a *app, show *showFlags) error {
	if !f.detach {
		return nil
	}
	const hint = "fleet runs show and fleet runs logs show it later"
	shown := ""
	switch {
	case strings.EqualFold(a.env.value("FLEET_JOURNAL"), "off"):
		return &usageError{err: badUsage("FLEET_JOURNAL=off keeps no record, and without one a run in the background cannot be found again"), hint: "FLEET_JOURNAL= fleet ... records this one"}
	case show.format != "text":
		shown = "--format " + show.format
	case show.gather != "":
		shown = "-b"
	case show.diff:
		shown = "--diff"
	case show.noPrefix:
		shown = "-N"
	case show.progress:
		shown = "-P"
	case show.raw:
		shown = "--raw"
	default:
		return nil
	}
	return &usageError{err: badUsage("nothing is shown of a run in the background, so %s does not go with --detach", shown), hint: hint}
}

// checkQuestions refuses what would ask while the tasks run.
func (f *applyFlags) checkQuestions(p *program) error {
	if !f.back.detach {
		return nil
	}
	if f.confirm {
		return badUsage("--confirm asks before every step, and nobody can be asked with --detach")
	}
	for _, t := range p.plan.Tasks {
		if !f.yes && t.Rollout != nil && !t.Rollout.AutoPromote && len(t.Batches) > 1 && t.Batches[0].Canary {
			return &usageError{
				err:  badUsage("task %q asks whether to go on after its canary, and nobody can be asked with --detach", t.Name),
				hint: "--yes answers beforehand",
			}
		}
	}
	return nil
}

var errDetached = errors.New("nobody is asked, as the run goes on in the background")

// leaveTerminal lets a run that is to do so go on by itself. Whatever needs somebody is
// done by now, and nothing was sent to a host yet. Where it does not work, the
// run ends.
func (x *execution) leaveTerminal(ctx context.Context) {
	h := x.app.handover
	if h == nil {
		return
	}
	if x.stdin != nil {
		x.stdin.whole(ctx)
	}
	if ctx.Err() != nil { // it ends as it does in the foreground
		return
	}
	if _, err := fmt.Fprintln(x.app.env.stdout, x.record.id()); err != nil {
		x.abort(fmt.Errorf("nothing was run, as its ID could not be written: %w", err))
		return
	}
	if !x.app.global.quiet {
		id := x.record.id()
		fmt.Fprintf(x.app.env.stderr, "It goes on in the background. To follow it, and to end it:\n"+
			"  fleet runs show %s\n  fleet runs logs %s HOST\n  fleet runs stop %s\n", id, id, id)
	}
	if err := h.leave(0); err != nil {
		x.abort(fmt.Errorf("nothing was run: %w", err))
	}
}

// An unseen renderer is that of a run in the background, which is in the journal and
// nowhere else. So is what fleet has to say once nobody hears it.
type unseen struct {
	x      *execution
	stderr io.Writer
}

// Emit implements event.Sink.
func (*unseen) Emit(*event.Event) {}

// Messages implements output.Renderer.
func (u *unseen) Messages() io.Writer { return u }

// Suspend implements output.Renderer.
func (*unseen) Suspend(fn func()) { fn() }

// Close implements output.Renderer.
func (*unseen) Close() error { return nil }

// Write implements io.Writer for messages.
func (u *unseen) Write(p []byte) (int, error) {
	if !u.x.app.handover.detached() {
		return u.stderr.Write(p)
	}
	u.x.note(strings.TrimPrefix(strings.TrimSpace(string(p)), "fleet: "))
	return len(p), nil
}

// note records something that concerns the run as a whole.
func (x *execution) note(text string) {
	x.record.Emit(&event.Event{Type: event.Note, Time: time.Now(), Level: "warn", Message: x.app.redactor.String(text)})
}

// noteFailure records what fleet itself could not do, where nobody hears of it.
func (x *execution) noteFailure(err error) {
	if _, said := errors.AsType[exitError](err); !said && x.app.handover.detached() {
		x.note(err.Error())
	}
}

// unrecorded is the error for a run that is not carried out, as it could not be
// recorded.
func unrecorded(err error) error {
	return fmt.Errorf("nothing was run, as the journal cannot be written: %w", err)
}
