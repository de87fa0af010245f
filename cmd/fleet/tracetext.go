package main

import (
	"bufio"
	"fmt"
	"slices"
	"strings"
	"time"

	"fleet/internal/term"
	"fleet/pool"
	"fleet/transport"
)

// A traceText is the view for people:
//
//	0.3    +0.1  tcp         connected from ...
//	1.2    +0.9  algorithms  ...
//	               key exchange  ...
type traceText struct {
	out    *bufio.Writer
	err    error // the first write that failed
	target *transport.Target
	width  int
	color  bool
	brief  bool // no lists

	host  string // the section that is open
	login time.Duration
	run   time.Duration
	began time.Duration     // the first packet
	told  map[string]string // what failed, and at which step
}

// Where the columns begin.
const (
	traceGist   = 30
	traceDetail = 20
)

func newTraceText(a *app, t *transport.Target) *traceText {
	v := &traceText{
		out: bufio.NewWriter(a.env.stdout), target: t, told: make(map[string]string),
		width: helpWidth, color: a.color(a.env.stdout), brief: a.global.quiet,
	}
	if term.IsTerminal(a.env.stdout) {
		w, _ := term.Size(a.env.stdout)
		v.width = max(w, traceGist+30)
	}
	return v
}

func (v *traceText) step(s *traceStep) {
	v.section(s.Host)
	lines := s.Lines
	if s.Err != nil {
		lines = append(slices.Clip(lines), "failed: "+failureGist(s.Err))
		v.told[failureText(s.Err)] = s.Name
	}
	v.measure(s)
	took := ""
	if s.Name != stepSettings {
		took = fmt.Sprintf("+%.1f", ms(s.took))
	}
	name := fmt.Sprintf("%-10s", s.Name)
	if v.color && s.Err == nil {
		name = "\x1b[1m" + name + "\x1b[0m"
	}
	lead := fmt.Sprintf("%8.1f %8s  %s ", ms(s.at), took, name)
	for _, l := range lines {
		for _, part := range fold(l, v.width-traceGist) {
			v.line(lead+part, s.Err != nil && l == lines[len(lines)-1])
			lead = strings.Repeat(" ", traceGist)
		}
	}
	if len(lines) == 0 {
		v.line(strings.TrimRight(lead, " "), false)
	}
	v.settings(s)
	v.algorithms(s.Algorithms)
	v.flush()
}

// section begins the part of a host, and says where it stands on the way.
func (v *traceText) section(host string) {
	if host == v.host {
		return
	}
	about := fmt.Sprintf(": %s at %s", v.target.User, v.target.Addr())
	for i, hop := range v.target.Jump {
		if hop.Label() == host {
			about = fmt.Sprintf(", jump host %d of %d: %s at %s", i+1, len(v.target.Jump), hop.User, hop.Addr())
		}
	}
	if v.host == "" {
		v.title(host + about)
		v.line(fmt.Sprintf("%8s %8s", "ms", "+ms"), false)
	} else {
		v.line("", false)
		v.title(host + about)
	}
	v.host = host
}

func (v *traceText) title(s string) { v.style("1", term.Clean(s)) }

// measure keeps what the last line sums up.
func (v *traceText) measure(s *traceStep) {
	switch {
	case s.Name == stepSettings:
	case v.began == 0:
		v.began = s.at - s.took
	}
	if s.Host != v.target.Label() {
		return
	}
	switch s.Name {
	case "ready":
		v.login = s.at - v.began
		v.run = s.at
	case "channel":
		v.run = s.at - v.run
	}
}

// settings shows values and where they come from.
func (v *traceText) settings(s *traceStep) {
	names := 0
	for _, r := range s.settings {
		names = max(names, len(r.Setting))
	}
	for _, r := range s.settings {
		v.detail(fmt.Sprintf("%-*s  ", names, term.Clean(r.Setting)), fmt.Sprintf("%s (%s)", term.Clean(r.Value), term.Clean(r.Origin)))
	}
}

// algorithms shows what each side offers, the chosen ones marked.
func (v *traceText) algorithms(list []pool.Algorithm) {
	for i, a := range list {
		use, both := strings.CutSuffix(a.Use, " to server")
		switch {
		case both && sameOffer(a, list[i+1]):
			a.Use = use
		case strings.HasSuffix(a.Use, " from server") && sameOffer(a, list[i-1]):
			continue
		}
		chosen := a.Chosen
		switch chosen {
		case "":
			chosen = "none in common"
		case pool.Implicit:
			chosen = "part of the cipher"
		}
		v.detail(a.Use+": ", chosen)
		if v.brief || a.Chosen == pool.Implicit {
			continue
		}
		v.detail("  fleet   ", marked(a.Client, a.Chosen))
		v.detail("  server  ", marked(a.Server, a.Chosen))
	}
}

func sameOffer(a, b pool.Algorithm) bool {
	return a.Chosen == b.Chosen && slices.Equal(a.Client, b.Client) && slices.Equal(a.Server, b.Server)
}

// marked is a list of names; the chosen one has a star.
func marked(names []string, chosen string) string {
	if len(names) == 0 {
		return "nothing"
	}
	list := slices.Clone(names)
	if i := slices.Index(list, chosen); i >= 0 {
		list[i] = "*" + chosen
	}
	return term.Clean(strings.Join(list, ", "))
}

// detail shows a line below a step, folded behind its head.
func (v *traceText) detail(head, text string) {
	if v.brief && strings.HasPrefix(head, " ") {
		return
	}
	lead := strings.Repeat(" ", traceDetail) + head
	for _, part := range fold(text, max(v.width-len(lead), 20)) {
		if i := strings.IndexByte(part, '*'); i >= 0 && v.color {
			end := i + len(part[i:])
			if n := strings.IndexAny(part[i:], ", "); n > 0 {
				end = i + n
			}
			part = part[:i] + "\x1b[1m" + part[i:end] + "\x1b[0m" + part[end:]
		}
		v.line(lead+part, false)
		lead = strings.Repeat(" ", len(lead))
	}
}

// end says in one line what came of it, and what to do.
func (v *traceText) end(failure error) error {
	v.line("", false)
	if failure == nil {
		v.style("32", fmt.Sprintf("%s is fine: the login took %.1f ms, a command %.1f ms.", term.Clean(v.target.Label()), ms(v.login), ms(v.run)))
	} else {
		v.failed(failure)
	}
	v.flush()
	return v.err
}

// failed repeats nothing but what no step has told.
func (v *traceText) failed(failure error) {
	step, told := v.told[failureText(failure)]
	if !told {
		v.line("failed: "+failureText(failure), true)
	}
	// Not folded: there may be a command in it, to be copied.
	if hint := failureHint(step, failure); hint != "" {
		v.line("hint: "+hint, false)
	}
}

func (v *traceText) line(s string, failed bool) {
	if failed {
		v.style("31", s)
		return
	}
	fmt.Fprintln(v.out, s)
}

func (v *traceText) style(sgr, s string) {
	if v.color {
		s = "\x1b[" + sgr + "m" + s + "\x1b[0m"
	}
	fmt.Fprintln(v.out, s)
}

func (v *traceText) flush() {
	if err := v.out.Flush(); err != nil && v.err == nil {
		v.err = err
	}
}
