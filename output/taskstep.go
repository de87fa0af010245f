package output

import (
	"slices"
	"strings"
	"sync"
	"time"

	"fleet/event"
)

// A stepShow gathers how one step goes on the hosts of one batch, until it is
// shown. A host without output takes two bytes of it.
type stepShow struct {
	section event.Section
	name    string

	of      []uint16 // by host of the batch: its bunch, from 1; 0 is none yet
	bunches []bunch
	index   map[bunchKey]uint16

	calls map[callKey]*call // those with output
	list  []*call
	// What they printed; nil before the first byte.
	store    *store
	out, err node

	slowest time.Duration
	who     string
}

// A bunch is the hosts of a step with one fate, for one reason.
type bunch struct {
	bunchKey
	hosts []string // filled in when the step is shown
}

type bunchKey struct {
	fate fate
	text string
}

// A callKey is one action of a step: on a host, for a key, on a machine.
type callKey struct{ host, key, on string }

// A call is what one action printed.
type call struct {
	key  callKey
	host int32 // its place in the batch

	mu       sync.Mutex // keeps its writes in order, as in result
	out, err cursor
	end      *event.Event // guarded by mu; nil until it ended
}

func newStepShow(l *leg, hosts int) *stepShow {
	return &stepShow{section: l.section, name: l.step, of: make([]uint16, hosts), index: make(map[bunchKey]uint16, 2)}
}

// end takes note of the end of one call; host is the place in the batch.
func (s *stepShow) end(host int32, e *event.Event) {
	k := bunchKey{fate: fateOf(e), text: stepGist(e)}
	if k.text == "" && e.Listen != "" {
		k.text = tunnelGist(e, len(s.of))
	}
	if k.fate >= fateIgnored {
		if of := strings.TrimSpace(callName(e)); of != "" {
			k.text += ", " + of
		}
	}
	if at := s.of[host]; at == 0 || k.fate > s.bunches[at-1].fate {
		s.of[host] = s.bunch(k)
	}
	if k.fate != fateSkipped && e.Duration > s.slowest {
		s.slowest, s.who = e.Duration, e.Host
	}
	c := s.calls[callKey{e.Host, e.Key, e.On}]
	if c == nil {
		return
	}
	end := *e
	end.Result = nil
	c.mu.Lock()
	c.end = &end
	c.mu.Unlock()
}

// bunch is the number of a bunch, from 1.
func (s *stepShow) bunch(k bunchKey) uint16 {
	n := s.index[k]
	if n == 0 {
		if len(s.bunches) == maxBunches {
			k.text = "for many reasons"
			if n = s.index[k]; n != 0 {
				return n
			}
		}
		s.bunches = append(s.bunches, bunch{bunchKey: k})
		n = uint16(len(s.bunches))
		s.index[k] = n
	}
	return n
}

// maxBunches bounds the bunches of a step, so that they can be counted.
const maxBunches = 1<<16 - 1 - int(fates)

// call finds or makes the call of an output event.
func (s *stepShow) call(host int32, e *event.Event, r *room, dir string) *call {
	k := callKey{e.Host, e.Key, e.On}
	c := s.calls[k]
	if c == nil {
		if s.store == nil {
			s.store, s.calls = newStore(r, dir), make(map[callKey]*call)
		}
		c = &call{key: k, host: host}
		s.restart(c)
		s.calls[k], s.list = c, append(s.list, c)
	}
	return c
}

// restart forgets what a call printed: another attempt follows.
func (s *stepShow) restart(c *call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out, c.err = cursor{node: &s.out}, cursor{node: &s.err}
}

func (c *call) write(s *store, e *event.Event) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e.Stream == event.Stderr {
		return s.write(&c.err, e.Data)
	}
	return s.write(&c.out, e.Data)
}

// fill gives each bunch its hosts, in the order of the batch.
func (s *stepShow) fill(hosts []string) {
	for i, n := range s.of {
		if n > 0 {
			b := &s.bunches[n-1]
			b.hosts = append(b.hosts, hosts[i])
		}
	}
	s.bunches = slices.DeleteFunc(s.bunches, func(b bunch) bool { return len(b.hosts) == 0 })
}

// groups returns the calls that printed the same and ended alike, those of
// few hosts first; all of them, or only of those that failed. Name is that of
// the step.
func (s *stepShow) groups(name string, all bool) []*group {
	if s.store == nil {
		return nil
	}
	s.store.seal()
	type key struct {
		groupKey
		note string
	}
	index := make(map[key]*group)
	var groups []*group
	slices.SortStableFunc(s.list, func(a, b *call) int { return int(a.host - b.host) })
	for _, c := range s.list {
		c.mu.Lock()
		end := c.end
		if end == nil { // nobody said how it ended
			end = &event.Event{Type: event.StepEnd, Host: c.key.host, Outcome: event.Unknown, Status: -1, Key: c.key.key, On: c.key.on}
		}
		k := key{groupKey{c.out.place(), c.err.place(), ""}, name + callName(end)}
		c.mu.Unlock()
		if end.Outcome != event.OK && end.Outcome != event.Skipped {
			k.how = stepGist(end)
		}
		if !all && fateOf(end) < fateFailed {
			continue
		}
		g := index[k]
		if g == nil {
			g = &group{out: k.out, err: k.err, end: end, how: k.how, note: k.note}
			index[k] = g
			groups = append(groups, g)
		}
		g.hosts = append(g.hosts, c.key.host)
	}
	slices.SortStableFunc(groups, func(a, b *group) int { return len(a.hosts) - len(b.hosts) })
	return groups
}
