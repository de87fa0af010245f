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
		return c.printAll(groupResults(all))
	}
	return c
}
