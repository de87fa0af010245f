package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"fleet/event"
	"fleet/internal/nodeset"
	"fleet/internal/term"
)

// A user who leaves does not wait for long.
const (
	settleWait  = 200 * time.Millisecond // for hosts that are about to end
	leaveWait   = 500 * time.Millisecond // for what was gathered
	journalWait = time.Second            // for the record
)

// leave is the end without waiting: it prints what there is, names every host
// that may still be running something, or whose always steps did not end, and
// records that. Hosts end what runs by themselves when the connection goes.
func (x *execution) leave(why *signaled, done <-chan *event.Summary) error {
	owed := x.cleanup.GiveUp()
	slices.SortFunc(owed, nodeset.Compare)
	select {
	case <-done:
		within(journalWait, func() { _ = x.record.close() })
	case <-time.After(settleWait):
		within(journalWait, func() { x.recordLeaving(why, owed) })
	}
	within(leaveWait, func() { _ = x.renderer.Close() })
	x.tellLeaving(owed)
	x.unfinished = true
	x.tellRest()
	return why
}

// within carries out work, but does not wait for it longer than so long: it ends
// with the process then.
func within(most time.Duration, work func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		work()
	}()
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	}
}

// tellLeaving names the machines on which something may still run, and the hosts
// that were not put right.
func (x *execution) tellLeaving(owed []string) {
	running, _ := x.roll.call()
	if x.kind == kindApply {
		running = x.roll.machines()
	}
	left := "left at once; "
	if len(running) > 0 {
		text := "it was not confirmed that the command has ended on"
		switch x.kind {
		case kindPush:
			text = "unfinished files, called .NAME.fleet-*, may be left on"
		case kindPull:
			text = "unfinished files, called .NAME.fleet-*, may be left here, of"
		}
		fmt.Fprintf(x.app.env.stderr, "fleet: %s%s %s: %s\n", left, text, plural(len(running), "host"), nodeset.Fold(running))
		left = ""
	}
	if len(owed) > 0 {
		fmt.Fprintf(x.app.env.stderr, "fleet: %salways was not carried out to its end on %s: %s\n",
			left, plural(len(owed), "host"), nodeset.Fold(owed))
	}
}

// recordLeaving ends the record, so that the run counts as interrupted and says of
// each host how it was left. What happens from now on is not recorded.
func (x *execution) recordLeaving(why *signaled, owed []string) {
	if x.record == nil {
		return
	}
	x.record.left.Store(true)
	sink := event.Tee(&x.roll, x.app.redactor.Sink(x.record.Writer))
	tell := func(host string, o event.Outcome, text string) {
		sink.Emit(&event.Event{Type: event.HostEnd, Time: time.Now(), Host: host, Outcome: o, Status: -1, Error: text})
	}
	working, without := x.roll.untold()
	open := x.roll.sent()
	for _, h := range working {
		o, text := x.leftAs(h, open, slices.Contains(owed, h))
		tell(h, o, text)
	}
	for _, h := range without {
		tell(h, event.NotAttempted, "")
	}
	end := &event.Event{Type: event.RunEnd, Time: time.Now(), Summary: x.roll.tally.Summary(why.stop().Why)}
	end.Duration = time.Since(x.roll.start())
	sink.Emit(end)
	_ = x.record.close()
}

// leftAs says how a host at work was left: open are the steps that were sent and
// have not ended, and owes says that its always steps have not.
func (x *execution) leftAs(host string, open []event.StepID, owes bool) (event.Outcome, string) {
	o, text := event.Stopped, "fleet was left at once"
	if x.kind != kindApply {
		o = event.Unknown
	}
	var steps []string
	for _, id := range open {
		if id.Host != host {
			continue
		}
		name := id.Step
		if id.On != "" {
			name += " on " + id.On
		}
		steps = append(steps, name)
	}
	if len(steps) > 0 {
		slices.Sort(steps)
		o, text = event.Unknown, text+" in step "+strings.Join(slices.Compact(steps), ", ")
	}
	if owes {
		text += ", always was not carried out to its end"
	}
	return o, term.Clean(text)
}
