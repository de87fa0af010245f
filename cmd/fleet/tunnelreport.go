package main

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"fleet/internal/nodeset"
	"fleet/pool/tunnel"
	"fleet/transport"
)

// A newsReport knows what people were told of tunnels, and so what is news.
type newsReport struct {
	told  map[tunnelID]tunnelTold
	heard map[tunnelID]tunnel.State // the last one
	fell  map[tunnelID]error        // why those went down that did so since the last lines, for however short a time
}

// A tunnelID tells a tunnel from all others of this process.
type tunnelID struct{ name, host, rule, listen string }

func idOf(s *tunnel.Status) tunnelID {
	id := tunnelID{name: s.Name, host: s.Host, rule: s.Rule.String()}
	if s.Rule.Kind.ListensHere() { // elsewhere the port may only be known later
		id.listen = s.Listen.String()
	}
	return id
}

// A tunnelTold is what was told of one tunnel.
type tunnelTold struct {
	state tunnel.State
	since time.Time // of the time that it is away
	err   string
	conn  string // the last error of one of its connections
}

// A newsLine is something to tell of one or more hosts.
type newsLine struct {
	text  string
	cause string // what text says, without what is of one host alone
	then  string // what is done about it
	hint  string
	good  bool
	about string        // hosts, or tunnels of them
	after time.Duration // of "ready again": the longest; 0 in other lines
}

func (l *newsLine) String() string {
	text := l.about + ": " + l.text
	if l.after > 0 {
		text += " after " + lasted(l.after)
	}
	if l.then != "" {
		text += "; " + l.then
	}
	return text
}

// lasted is a time as people say it, to the second.
func lasted(d time.Duration) string {
	if d = d.Round(time.Second); d < time.Minute {
		return fmt.Sprintf("%d s", max(1, int(d.Seconds())))
	}
	return strings.TrimSuffix(d.String(), "0s")
}

// hear takes note of a change that may be over when the lines are made. What comes
// after the loss of a link, as attempts fail, is not why the link was lost.
func (r *newsReport) hear(s *tunnel.Status) {
	if r.heard == nil {
		r.heard, r.fell = map[tunnelID]tunnel.State{}, map[tunnelID]error{}
	}
	id := idOf(s)
	if s.State == tunnel.StateDown && r.heard[id] != tunnel.StateDown {
		r.fell[id] = s.Err
	}
	r.heard[id] = s.State
}

// lines are what is new in list, things that happened to several hosts in one.
func (r *newsReport) lines(list []tunnel.Status, now time.Time) []newsLine {
	if r.told == nil {
		r.told = map[tunnelID]tunnelTold{}
	}
	var lines []newsLine
	var changed [][]*tunnel.Status // that the line of the same index is about
	for i := range list {
		s := &list[i]
		for _, l := range r.news(s, now) {
			at := slices.IndexFunc(lines, func(other newsLine) bool { return other.cause == l.cause && other.then == l.then })
			if at < 0 {
				at, lines, changed = len(lines), append(lines, l), append(changed, nil)
			}
			if lines[at].text != l.text {
				lines[at].text = l.cause
			}
			lines[at].after = max(lines[at].after, l.after)
			changed[at] = append(changed[at], s)
		}
	}
	for i := range lines {
		lines[i].about = about(list, changed[i])
	}
	clear(r.fell)
	return lines
}

// news is what is new of one tunnel.
func (r *newsReport) news(s *tunnel.Status, now time.Time) []newsLine {
	id := idOf(s)
	was, known := r.told[id]
	is := tunnelTold{state: s.State, since: was.since, err: errorText(s.Err), conn: errorText(s.LastError)}
	fell, didFall := r.fell[id]
	var lines []newsLine
	switch away := s.State == tunnel.StateDown || s.State == tunnel.StateOpening && s.Err != nil; {
	case s.State == tunnel.StateFailed && was.state != tunnel.StateFailed:
		lines = append(lines, lineOf(s.Err, "given up"))
	case away && (!known || was.state == tunnel.StateReady):
		if !didFall {
			fell = s.Err
		}
		lines = append(lines, lineOf(fell, "trying again"))
		if is.since = now; didFall && needsYou(s.Err) {
			lines = append(lines, lineOf(s.Err, "trying again"))
		}
	case away && is.err != was.err && needsYou(s.Err):
		lines = append(lines, lineOf(s.Err, "trying again"))
	case s.State == tunnel.StateReady && known && was.state != tunnel.StateReady:
		text := readyAgain(was.state)
		lines = append(lines, newsLine{text: text, cause: text, good: true, after: now.Sub(was.since)})
	case s.State == tunnel.StateReady && known && didFall:
		l := lineOf(fell, "ready again")
		l.good, l.hint = true, ""
		lines = append(lines, l)
	}
	if is.conn != "" && is.conn != was.conn {
		text := "a connection failed: " + is.conn
		lines = append(lines, newsLine{text: text, cause: text, hint: hintOf(s.LastError)})
	}
	r.told[id] = is
	return lines
}

// lineOf is the line for an error of a link.
func lineOf(err error, then string) newsLine {
	return newsLine{text: errorText(err), cause: causeOf(err), then: then, hint: hintOf(err)}
}

// causeOf is the text of err without the host's own address. For losses it is that
// alone: each host notices its own in another way.
func causeOf(err error) string {
	if transport.KindOf(err) == transport.KindLost {
		return "connection lost"
	}
	parts := strings.Split(errorText(err), ": ")
	return strings.Join(slices.DeleteFunc(parts, func(part string) bool {
		_, port, err := net.SplitHostPort(part)
		if err != nil {
			return false
		}
		_, err = strconv.ParseUint(port, 10, 16)
		return err == nil
	}), ": ")
}

// readyAgain says of a tunnel that was in another state that it is ready.
func readyAgain(was tunnel.State) string {
	if was == tunnel.StateOpening {
		return "ready"
	}
	return "ready again"
}

// needsYou reports whether err is one that does not pass by itself, as a link that
// is away does.
func needsYou(err error) bool {
	switch transport.KindOf(err) {
	case transport.KindUnreachable, transport.KindLost, transport.KindTimeout, transport.KindCanceled:
		return false
	default:
		return true
	}
}

// about names the hosts of some of the tunnels in list, or those tunnels where
// their hosts have others that the same did not happen to.
func about(list []tunnel.Status, some []*tunnel.Status) string {
	all, here := map[string]int{}, map[string]int{}
	for i := range list {
		all[list[i].Host]++
	}
	for _, s := range some {
		here[s.Host]++
	}
	var labels []string // "" for the host as a whole
	hosts := map[string][]string{}
	for _, s := range some {
		label := ""
		if here[s.Host] < all[s.Host] {
			label = fmt.Sprintf(" (%s %s)", s.Rule.Kind, s.Listen)
		}
		if hosts[label] == nil {
			labels = append(labels, label)
		}
		hosts[label] = append(hosts[label], s.Host)
	}
	for i, label := range labels {
		labels[i] = nodeset.Fold(hosts[label]) + label
	}
	return strings.Join(labels, ", ")
}

// errorText is err in one line, without the name of its host.
func errorText(err error) string {
	if err == nil {
		return ""
	}
	text := err.Error()
	var e *transport.Error
	if errors.As(err, &e) {
		switch {
		case e.Err == nil:
			text = e.Op
		case e.Kind == transport.KindHostKey, e.Kind == transport.KindLost, e.Op == "dial", e.Op == "listen": // they say it themselves
			text = e.Err.Error()
		default:
			text = e.Op + ": " + e.Err.Error()
		}
	}
	return strings.ReplaceAll(text, "\n", "; ")
}

// hintOf is what to do about err; "" where there is nothing to say.
func hintOf(err error) string {
	var e *transport.Error
	if errors.As(err, &e) {
		return e.Hint
	}
	return ""
}
