package output

import "fleet/event"

// NewGather returns a renderer that prints at the end of the run what hosts
// have in common: each distinct result once, under the folded names of the
// hosts that had it, the largest group last. Hosts that differ in standard
// output, standard error, exit status or error are told apart.
//
// A group's standard output is printed on Stdout and its standard error on
// Stderr, each under its own header. A group that printed nothing has a header
// on Stderr if it did not succeed.
func NewGather(cfg Config) Renderer {
	c := newCollector(cfg)
	c.show = func(all []*result, _ *event.Event) error {
		for _, g := range groupResults(all) {
			if err := c.printGroup(g, ""); err != nil {
				return err
			}
		}
		return nil
	}
	return c
}

// printGroup prints all of a group; note is added to its title.
func (c *collector) printGroup(g *group, note string) error {
	if g.out.length() > 0 {
		c.screen.stdout(header(&c.cfg.Stdout, c.title(g, note)))
		if err := c.printContent(&c.cfg.Stdout, c.screen.stdout, g.out); err != nil {
			return err
		}
	}
	return c.printGroupErrors(g, note)
}

// printGroupErrors prints what of a group belongs on stderr.
func (c *collector) printGroupErrors(g *group, note string) error {
	switch {
	case g.err.length() > 0:
		if note != "" {
			note += " "
		}
		c.screen.message(header(&c.cfg.Stderr, c.title(g, note+"stderr")))
		return c.printContent(&c.cfg.Stderr, c.screen.stderr, g.err)
	case g.out.length() == 0 && g.how != "" && g.end.Outcome != event.NotAttempted:
		c.screen.message(header(&c.cfg.Stderr, c.title(g, note)+c.sum.hint(g.end.Hint)))
	}
	return nil
}
