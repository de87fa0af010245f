package output

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	udiff "github.com/aymanbagabas/go-udiff"

	"fleet/event"
	"fleet/internal/term"
)

// maxDiff bounds what is compared of one stream of one group, in bytes.
const maxDiff = 1 << 20

// NewDiff returns a renderer that prints at the end of the run the result most
// hosts have in common, in full, and then how each other group differs from it,
// as a unified diff.
func NewDiff(cfg Config) Renderer {
	c := newCollector(cfg)
	c.show = func(all []*result, _ *event.Event) error {
		return c.printDifferences(groupResults(all))
	}
	return c
}

// printDifferences prints the majority in full, and how each other group
// differs from it.
func (p *pages) printDifferences(groups []*group) error {
	major := majority(groups)
	if major == nil {
		return p.printAll(groups)
	}
	if err := p.printGroup(major); err != nil {
		return err
	}
	for _, g := range groups {
		if g == major {
			continue
		}
		if err := p.printDifference(major, g); err != nil {
			return err
		}
	}
	return nil
}

// majority is the largest group of hosts that ran the command: forty dead hosts
// are not what ten living ones are compared with.
func majority(groups []*group) *group {
	var m *group
	for _, g := range groups {
		ran := g.end.Status >= 0 || g.out.length() > 0 || g.err.length() > 0
		if ran && (m == nil || len(g.hosts) > len(m.hosts)) {
			m = g
		}
	}
	return m
}

// printDifference prints how g differs from m. A host that never ran has no
// output that could differ: its error says all.
func (p *pages) printDifference(m, g *group) error {
	silent := g.out.length() == 0 && g.err.length() == 0
	if silent && g.end.Status < 0 {
		return p.printGroupErrors(g)
	}
	if g.out == m.out && g.err == m.err {
		p.screen.message(header(&p.cfg.Stderr, p.title(g, "")+", same output as "+p.name(m)))
		return nil
	}
	if g.out != m.out {
		if err := p.printDiff(&p.cfg.Stdout, p.screen.stdout, m, g, m.out, g.out, ""); err != nil {
			return err
		}
	}
	if g.err != m.err {
		return p.printDiff(&p.cfg.Stderr, p.screen.message, m, g, m.err, g.err, "stderr")
	}
	return nil
}

func (p *pages) printDiff(to *Dest, put func([]byte), m, g *group, from, with place, stream string) error {
	old, cutOld, err := p.head(from)
	if err != nil {
		return err
	}
	now, cutNow, err := p.head(with)
	if err != nil {
		return err
	}
	put(header(to, p.title(g, stream)))
	text, err := udiff.ToUnified(p.name(m), p.name(g), old, udiff.Lines(old, now), udiff.DefaultContextLines)
	if err != nil {
		return fmt.Errorf("compare: %w", err)
	}
	if text == "" {
		text = "(what was compared is the same)\n"
	}
	put(p.paint(to, text))
	if cutOld || cutNow {
		p.say("fleet", fmt.Sprintf("%s: only the first %s were compared", p.name(g), size(maxDiff)))
	}
	return nil
}

// head is the beginning of the content at a place, in whole lines where it is cut.
func (p *pages) head(at place) (text string, cut bool, err error) {
	var b strings.Builder
	err = p.store.read(at, func(piece []byte) error {
		if room := maxDiff - b.Len(); len(piece) > room {
			piece = piece[:room]
			cut = true
		}
		b.Write(piece)
		if cut {
			return errEnough
		}
		return nil
	})
	text = b.String()
	if errors.Is(err, errEnough) {
		err = nil
		if end := strings.LastIndexByte(text, '\n'); end >= 0 {
			text = text[:end+1]
		}
	}
	return text, cut, err
}

// paint makes a diff safe and colors its lines. The colors of the hosts are
// taken out: here color means more and less.
func (p *pages) paint(to *Dest, text string) []byte {
	data := []byte(text)
	if to.sanitize() {
		clean := term.Sanitizer{StripColor: true}
		data = clean.Flush(clean.Append(nil, data))
	}
	if !to.Color {
		return data
	}
	var b []byte
	for line := range bytes.Lines(data) {
		color := ""
		switch line[0] {
		case '+':
			color = "\x1b[32m"
		case '-':
			color = "\x1b[31m"
		case '@':
			color = "\x1b[36m"
		}
		if color == "" {
			b = append(b, line...)
			continue
		}
		b = append(append(b, color...), bytes.TrimSuffix(line, newline)...)
		b = append(b, resetColor+"\n"...)
	}
	return b
}
