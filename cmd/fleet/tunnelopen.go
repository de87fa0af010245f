package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"fleet/internal/nodeset"
	"fleet/pool/tunnel"
	"fleet/transport"
)

// opened returns when the tunnels can be used, and shows them; an error where they
// cannot.
func (t *tunneling) opened(ctx context.Context) error {
	t.settle(ctx)
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
		return patiently(ctx, func() error { return t.failed(list, ready) })
	}
	if !t.flags.runs() {
		if err := patiently(ctx, func() error { return t.show(list, ready) }); err != nil {
			return err
		}
	}
	t.news.begin()
	return nil
}

// slowAfter is how long nothing is said of hosts that are still connecting.
const slowAfter = 2 * time.Second

// outcomeWait is how long one waits, when the time of --wait is over, for attempts
// that end with that time as well to say why they failed.
const outcomeWait = 300 * time.Millisecond

// settle waits for the first attempts; with a time to wait, until all are ready.
func (t *tunneling) settle(ctx context.Context) {
	slow := time.AfterFunc(slowAfter, t.waiting)
	defer slow.Stop()
	if t.flags.within == 0 {
		_ = t.set.Settled(ctx) // the states tell
		return
	}
	most, cancel := context.WithTimeout(ctx, t.flags.within)
	defer cancel()
	if t.set.Ready(most) != nil && most.Err() != nil {
		most, cancel := context.WithTimeout(ctx, outcomeWait)
		defer cancel()
		_ = t.set.Settled(most)
	}
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
	limit := ""
	if t.flags.within > 0 {
		limit = " within " + t.flags.within.String()
	}
	for i := range list {
		if s := &list[i]; s.State == tunnel.StateOpening && s.Err == nil {
			s.Err = &transport.Error{Op: "connect", Host: s.Host, Kind: transport.KindTimeout, Err: errors.New("not done" + limit)}
		}
	}
	lines := new(newsReport).lines(list, time.Now())
	for i := range lines {
		lines[i].then = "" // all are given up now
	}
	t.print(lines)
	switch {
	case ready == 0 && len(list) == 1:
		t.say("the tunnel did not open%s", limit)
	case ready == 0:
		t.say("none of %s opened%s", plural(len(list), "tunnel"), limit)
	default:
		t.say("%d of %s did not open%s, and %s wants all: none stays open", len(list)-ready, plural(len(list), "tunnel"), limit, t.flags.wantsAll())
	}
	if t.flags.show.format == "json" && !t.flags.runs() {
		if err := t.result(writeJSON(t.app.env.stdout, t.documents(list))); err != nil {
			t.say("warning: %s", err)
		}
	}
	return exit(tunnelsStatus(list))
}

// show shows the tunnels when they are open.
func (t *tunneling) show(list []tunnel.Status, ready int) error {
	var err error
	switch t.flags.show.format {
	case "json":
		err = t.result(writeJSON(t.app.env.stdout, t.documents(list)))
	case "text":
		err = t.result(writeTunnels(t.app.env.stdout, t.documents(list)))
	}
	if err != nil || t.app.global.quiet {
		return err
	}
	text := t.howToClose(list, ready)
	t.hold(func() { fmt.Fprintln(t.app.env.stderr, text) })
	return nil
}

// howToClose says how many tunnels are open, and what closes them.
func (t *tunneling) howToClose(list []tunnel.Status, ready int) string {
	them := "them"
	if ready == 1 && len(list) == 1 {
		them = "it"
	}
	open := are(ready, "tunnel")
	if ready < len(list) {
		open = fmt.Sprintf("%d of %s are", ready, plural(len(list), "tunnel"))
	}
	if !t.background() {
		return fmt.Sprintf("%s open; Ctrl-C closes %s.", open, them)
	}
	var names []string
	for i := range list {
		if !slices.Contains(names, list[i].Name) {
			names = append(names, list[i].Name)
		}
	}
	return fmt.Sprintf("%s open in the background. To close %s: fleet tunnel down %s", open, them, strings.Join(names, " "))
}

// was is "1 thing was", "2 things were".
func was(n int, thing string) string {
	if n == 1 {
		return plural(n, thing) + " was"
	}
	return plural(n, thing) + " were"
}

// are is "1 thing is", "2 things are".
func are(n int, thing string) string {
	if n == 1 {
		return plural(n, thing) + " is"
	}
	return plural(n, thing) + " are"
}

func (t *tunneling) documents(list []tunnel.Status) []tunnelDocument {
	docs := make([]tunnelDocument, len(list))
	for i := range list {
		docs[i] = t.app.describeTunnel(&list[i])
	}
	return docs
}
