package output

import (
	"encoding/binary"
	"slices"
	"time"
)

// A ladder merges the lines of one stream of many hosts: the n-th line of each
// host belongs to row n. Rows are taken from the front, in order; a host that
// comes later continues in the first row that is still there. Its owner guards
// it.
type ladder struct {
	rows  []*row
	base  int     // number of rows[0]
	bytes int     // what all rows hold, about
	next  []int32 // by host: number of the row of its next line
}

// A row is the lines that stand at the same place in each host's output.
type row struct {
	since   time.Time
	brought int // hosts still at work that have a line here
	bytes   int
	lines   []*sharedLine
	byText  map[string]*sharedLine
}

type sharedLine struct {
	text  string
	hosts []int32
}

// sharedCost is what a line costs beyond its text, about, in bytes.
const sharedCost = 96

// add brings the next line of host id.
func (l *ladder) add(id int32, line []byte, now time.Time) {
	for int(id) >= len(l.next) {
		l.next = append(l.next, 0)
	}
	at := max(int(l.next[id]), l.base)
	l.next[id] = int32(at + 1)
	if at-l.base == len(l.rows) {
		l.rows = append(l.rows, &row{since: now, byText: make(map[string]*sharedLine, 1)})
	}
	r := l.rows[at-l.base]
	before := r.bytes
	s := r.byText[string(line)]
	if s == nil {
		s = &sharedLine{text: string(line)}
		r.byText[s.text] = s
		r.lines = append(r.lines, s)
		r.bytes += len(line) + sharedCost
	}
	s.hosts = append(s.hosts, id)
	r.bytes += 4
	r.brought++
	l.bytes += r.bytes - before
}

// leave says that host id brings no more lines.
func (l *ladder) leave(id int32) {
	if int(id) >= len(l.next) {
		return
	}
	for i := range min(max(int(l.next[id])-l.base, 0), len(l.rows)) {
		// Hosts join at the front and skip no row after that; one that
		// joined late is missing in rows that were printed already.
		l.rows[i].brought--
	}
}

// due tells whether the first row need not wait: all alive hosts have brought
// their line, or it is older than the limit, or too much waits.
func (l *ladder) due(alive int, oldest time.Time) bool {
	if len(l.rows) == 0 {
		return false
	}
	r := l.rows[0]
	return r.brought >= alive || !r.since.After(oldest) || l.bytes > maxRows
}

// take appends the first row to dst, lines in the order of their first hosts,
// and drops it.
func (l *ladder) take(dst []byte, line func(dst []byte, s *sharedLine) []byte) []byte {
	r := l.rows[0]
	l.rows[0] = nil
	l.rows = l.rows[1:]
	l.base++
	l.bytes -= r.bytes
	for _, s := range r.lines {
		slices.Sort(s.hosts)
	}
	slices.SortStableFunc(r.lines, func(a, b *sharedLine) int { return int(a.hosts[0] - b.hosts[0]) })
	for _, s := range r.lines {
		dst = line(dst, s)
	}
	return dst
}

// A foldCache remembers what sets of hosts are called: rows mostly repeat a
// few sets, and folding costs much more than looking up.
type foldCache struct {
	fold  func([]string) string
	known map[string]string
	key   []byte
}

// maxFolds bounds a foldCache.
const maxFolds = 1024

func (c *foldCache) name(ids []int32, hosts []*lineHost) string {
	c.key = c.key[:0]
	for _, id := range ids {
		c.key = binary.LittleEndian.AppendUint32(c.key, uint32(id))
	}
	if name, ok := c.known[string(c.key)]; ok {
		return name
	}
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = hosts[id].name
	}
	if len(c.known) >= maxFolds || c.known == nil {
		c.known = make(map[string]string)
	}
	name := c.fold(names)
	c.known[string(c.key)] = name
	return name
}
