package output

import (
	"cmp"
	"slices"

	"fleet/event"
)

// A course knows how far the hosts of one batch have come. It learns the steps
// from the events: a host that is at one step has passed all that stand before
// it. Its owner guards it.
type course struct {
	index map[string]int32 // host -> its place in the batch
	at    []mark           // by host: what it has passed
	legs  []*leg           // in the order of their marks
	count [6]mark          // legs by section
}

// A leg is one step of a course.
type leg struct {
	section event.Section
	step    string
	mark    mark // where a host is that carries it out
	left    int  // hosts that have not passed it
}

// A mark is a place in a task: a section, a step in it, and whether it is done.
type mark int32

const (
	sectionMark mark = 1 << 16
	revertMark       = 3 * sectionMark
	finishMark       = 6 * sectionMark
)

var sections = [...]event.Section{event.Steps, event.Handlers, event.Health, event.Revert, event.OnFailure, event.Always}

func newCourse(hosts []string) *course {
	c := &course{index: make(map[string]int32, len(hosts)), at: make([]mark, len(hosts))}
	for i, h := range hosts {
		c.index[h] = int32(i)
	}
	return c
}

// take takes note of an event of a step and returns the step, and those that
// all hosts of the batch have passed by it. The step is nil where the host is
// not one of the batch.
func (c *course) take(e *event.Event) (at *leg, passed []*leg) {
	host, ok := c.index[e.Host]
	if !ok {
		return nil, nil
	}
	at = c.leg(e)
	to := at.mark
	switch {
	case at.section == event.Handlers:
		// They may be carried out between two steps: the host is where it was.
		to = c.at[host]
	case e.Type == event.StepEnd && e.Key == "" && (e.On == "" || e.On == "local"):
		to++ // there is one call, and it ended
	}
	if failed(e) && at.mark < revertMark {
		to = revertMark // it does neither further steps nor handlers
	}
	return at, c.advance(host, to)
}

// leave returns the steps that all hosts have passed now that this one is out.
func (c *course) leave(host string) []*leg {
	if i, ok := c.index[host]; ok {
		return c.advance(i, finishMark)
	}
	return nil
}

// first is the first step that is not passed by all hosts; nil where there is none.
func (c *course) first() *leg {
	for _, l := range c.legs {
		if l.left > 0 {
			return l
		}
	}
	return nil
}

func (c *course) advance(host int32, to mark) (passed []*leg) {
	from := c.at[host]
	if to <= from {
		return nil
	}
	c.at[host] = to
	for _, l := range c.legs {
		if from <= l.mark && l.mark < to {
			if l.left--; l.left == 0 {
				passed = append(passed, l)
			}
		}
	}
	return passed
}

// leg finds or makes the step of e.
func (c *course) leg(e *event.Event) *leg {
	for i := len(c.legs) - 1; i >= 0; i-- { // hosts are close together
		if l := c.legs[i]; l.step == e.Step && l.section == e.Section {
			return l
		}
	}
	s := max(slices.Index(sections[:], e.Section), 0)
	l := &leg{section: e.Section, step: e.Step, mark: mark(s)*sectionMark + 2*c.count[s]}
	c.count[s]++
	for _, at := range c.at {
		if at <= l.mark {
			l.left++
		}
	}
	i, _ := slices.BinarySearchFunc(c.legs, l.mark, func(l *leg, m mark) int { return cmp.Compare(l.mark, m) })
	c.legs = slices.Insert(c.legs, i, l)
	return l
}

// failed tells whether e is the end of a step that failed, and that this matters.
func failed(e *event.Event) bool {
	return e.Type == event.StepEnd && !e.Ignored && e.Outcome != event.OK && e.Outcome != event.Skipped
}
