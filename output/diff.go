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
		groups := groupResults(all)
		major := majority(groups)
		if major == nil {
			return c.printAll(groups)
		}
		if err := c.printGroup(major, ""); err != nil {
			return err
		}
		for _, g := range groups {
			if g == major {
				continue
			}
			if err := c.printDifference(major, g); err != nil {
				return err
			}
		}
		return nil
	}
	return c
}

func (c *collector) printAll(groups []*group) error {
	for _, g := range groups {
		if err := c.printGroup(g, ""); err != nil {
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
func (c *collector) printDifference(m, g *group) error {
	silent := g.out.length() == 0 && g.err.length() == 0
	if silent && g.end.Status < 0 {
		return c.printGroupErrors(g, "")
	}
	if g.out == m.out && g.err == m.err {
		c.screen.message(header(&c.cfg.Stderr, c.title(g, "")+", same output as "+c.name(m)))
		return nil
	}
	if g.out != m.out {
		if err := c.printDiff(&c.cfg.Stdout, c.screen.stdout, m, g, m.out, g.out, ""); err != nil {
			return err
		}
	}
	if g.err != m.err {
		return c.printDiff(&c.cfg.Stderr, c.screen.message, m, g, m.err, g.err, "stderr")
	}
	return nil
}

func (c *collector) printDiff(to *Dest, put func([]byte), m, g *group, from, with place, note string) error {
	old, cutOld, err := c.head(from)
	if err != nil {
		return err
	}
	now, cutNow, err := c.head(with)
	if err != nil {
		return err
	}
	put(header(to, c.title(g, note)))
	text, err := udiff.ToUnified(c.name(m), c.name(g), old, udiff.Lines(old, now), udiff.DefaultContextLines)
	if err != nil {
		return fmt.Errorf("compare: %w", err)
	}
	if text == "" {
		text = "(what was compared is the same)\n"
	}
	put(c.paint(to, text))
	if cutOld || cutNow {
		c.say("fleet", fmt.Sprintf("%s: only the first %s were compared", c.name(g), size(maxDiff)))
	}
	return nil
}

// head is the beginning of the content at p, in whole lines where it is cut.
func (c *collector) head(p place) (text string, cut bool, err error) {
	var b strings.Builder
	err = c.results.store.read(p, func(piece []byte) error {
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
func (c *collector) paint(to *Dest, text string) []byte {
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
