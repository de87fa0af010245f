package main

import (
	"context"
	"fmt"
	"time"

	"fleet/internal/nodeset"
	"fleet/pool/tunnel"
)

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
		t.say("%d of %s did not open, and %s wants all: none stays open", len(list)-ready, plural(len(list), "tunnel"), t.flags.wantsAll())
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
