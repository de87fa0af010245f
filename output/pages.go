package output

import (
	"fleet/event"
	"fleet/internal/term"
)

// pages prints what a store gathered.
type pages struct {
	*core
	store *store
	bare  bool // without a header above each group
}

// printAll prints groups one after the other.
func (p *pages) printAll(groups []*group) error {
	for _, g := range groups {
		if err := p.printGroup(g); err != nil {
			return err
		}
	}
	return nil
}

// printGroup prints all of a group.
func (p *pages) printGroup(g *group) error {
	if g.out.length() > 0 {
		if !p.bare {
			p.screen.stdout(header(&p.cfg.Stdout, p.title(g, "")))
		}
		if err := p.printContent(&p.cfg.Stdout, p.screen.stdout, g.out); err != nil {
			return err
		}
	}
	return p.printGroupErrors(g)
}

// printGroupErrors prints what of a group belongs on stderr.
func (p *pages) printGroupErrors(g *group) error {
	switch {
	case g.err.length() > 0:
		if !p.bare {
			p.screen.message(header(&p.cfg.Stderr, p.title(g, "stderr")))
		}
		return p.printContent(&p.cfg.Stderr, p.screen.stderr, g.err)
	case g.out.length() == 0 && g.how != "" && g.end.Outcome != event.NotAttempted:
		p.screen.message(header(&p.cfg.Stderr, p.title(g, "")+p.sum.hint(g.end.Hint)))
	}
	return nil
}

// printContent prints the content a place on one of the two outputs, safe for a
// terminal, and ends its last line.
func (p *pages) printContent(to *Dest, put func([]byte), at place) error {
	var clean *term.Sanitizer
	if to.sanitize() {
		clean = &term.Sanitizer{StripColor: !to.Color}
	}
	buf := p.bufs.take()
	defer p.bufs.give(buf)
	last := byte('\n')
	err := p.store.read(at, func(piece []byte) error {
		if clean != nil {
			*buf = clean.Append((*buf)[:0], piece)
			piece = *buf
		}
		if len(piece) > 0 {
			last = piece[len(piece)-1]
			put(piece)
		}
		if p.screen.gone.Load() {
			return errGone
		}
		return nil
	})
	if clean != nil {
		if rest := clean.Flush((*buf)[:0]); len(rest) > 0 {
			last = rest[len(rest)-1]
			put(rest)
		}
		if !clean.MidLine() && last != '\n' {
			return err // at most a color that was reset
		}
	}
	if last != '\n' {
		put(newline)
	}
	return err
}
