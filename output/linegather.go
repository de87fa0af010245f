package output

import (
	"bytes"
	"sync"
	"sync/atomic"
	"time"

	"fleet/event"
	"fleet/internal/term"
)

const (
	// lineWait is how long a line waits for other hosts to print the same.
	lineWait = time.Second
	// maxRows bounds the lines of one stream that wait, in bytes.
	maxRows = 8 << 20
)

// lineGather merges identical lines of many hosts while the run goes on.
type lineGather struct {
	*core
	held atomic.Int64

	mu       sync.Mutex // held while printing, so that rows stay in order
	names    map[string]*lineHost
	hosts    []*lineHost
	alive    int // hosts that did not end
	out, err ladder
	folds    foldCache

	done, idle chan struct{}
	ended      sync.Once
	stopped    sync.Once
}

// A lineHost is a host on its way to the ladders.
type lineHost struct {
	id       int32
	name     string
	over     bool // guarded by lineGather.mu
	out, err hostStream
}

// NewGatherLines returns a renderer that merges identical lines across hosts
// while the run goes on: "web[01-40]: line". A line is printed once all hosts
// have brought theirs, at the latest after a second. Memory is bounded.
func NewGatherLines(cfg Config) Renderer {
	g := &lineGather{
		core: newCore(cfg), names: make(map[string]*lineHost),
		done: make(chan struct{}), idle: make(chan struct{}),
	}
	g.folds.fold = g.fold
	go g.loop()
	return g
}

// loop prints lines that have waited long enough, until Close.
func (g *lineGather) loop() {
	defer close(g.idle)
	tick := time.NewTicker(lineWait / 4)
	defer tick.Stop()
	for {
		select {
		case <-g.done:
			return
		case <-tick.C:
			g.mu.Lock()
			g.release(time.Now().Add(-lineWait))
			g.mu.Unlock()
		}
	}
}

// Emit is part of event.Sink.
func (g *lineGather) Emit(e *event.Event) {
	if g.screen.gone.Load() {
		return
	}
	g.observe(e)
	switch e.Type {
	case event.RunStart:
		g.mu.Lock()
		for _, name := range e.Hosts {
			g.host(name)
		}
		g.mu.Unlock()
	case event.Output:
		g.output(e)
	case event.HostEnd:
		g.hostEnd(e)
	case event.RunEnd:
		g.finish(e)
	}
}

// host finds or makes a host; g.mu is held.
func (g *lineGather) host(name string) *lineHost {
	h := g.names[name]
	if h == nil {
		h = &lineHost{id: int32(len(g.hosts)), name: name}
		g.open(&h.out, &g.cfg.Stdout)
		g.open(&h.err, &g.cfg.Stderr)
		g.names[name] = h
		g.hosts = append(g.hosts, h)
		g.alive++
	}
	return h
}

func (g *lineGather) open(h *hostStream, to *Dest) {
	h.lines = lineBuffer{total: &g.held, cut: "\n"}
	if to.sanitize() {
		h.clean = &term.Sanitizer{StripColor: !to.Color}
		if to.Color {
			h.lines.cut = resetColor + "\n"
		}
	}
}

func (g *lineGather) output(e *event.Event) {
	g.mu.Lock()
	h := g.host(e.Host)
	g.mu.Unlock()
	from, to := &h.out, &g.out
	if e.Stream == event.Stderr {
		from, to = &h.err, &g.err
	}
	from.mu.Lock()
	defer from.mu.Unlock()
	buf := g.bufs.take()
	defer g.bufs.give(buf)
	*buf = from.cut(*buf, e.Data)
	g.bring(h, to, *buf)
}

// cut appends the whole lines that p completes to dst.
func (h *hostStream) cut(dst, p []byte) []byte {
	if h.clean != nil {
		p = h.clean.Append(nil, p)
	}
	return h.lines.append(dst, nil, p)
}

// bring adds whole lines to a ladder and prints what is due.
func (g *lineGather) bring(h *lineHost, to *ladder, lines []byte) {
	if len(lines) == 0 {
		return
	}
	now := time.Now()
	g.mu.Lock()
	defer g.mu.Unlock()
	for line := range bytes.Lines(lines) {
		to.add(h.id, line, now)
	}
	g.release(now.Add(-lineWait))
}

// hostEnd brings a host's last lines. How it ended is a line too, so that forty
// hosts that failed alike are one line.
func (g *lineGather) hostEnd(e *event.Event) {
	g.mu.Lock()
	h := g.host(e.Host)
	g.mu.Unlock()
	g.flush(h, &h.out, &g.out)
	g.flush(h, &h.err, &g.err)
	if e.Outcome != event.OK && e.Outcome != event.NotAttempted {
		g.bring(h, &g.err, []byte(short(e)+g.sum.hint(e.Hint)+"\n"))
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if h.over {
		return
	}
	h.over = true
	g.alive--
	g.out.leave(h.id)
	g.err.leave(h.id)
	g.release(time.Now().Add(-lineWait))
}

func (g *lineGather) flush(h *lineHost, from *hostStream, to *ladder) {
	from.mu.Lock()
	defer from.mu.Unlock()
	var rest []byte
	if from.clean != nil {
		rest = from.lines.append(nil, nil, from.clean.Flush(nil))
		if !from.clean.MidLine() {
			from.lines.release()
		}
	}
	g.bring(h, to, from.lines.flush(rest, nil))
}

// release prints the rows that are due; g.mu is held.
func (g *lineGather) release(oldest time.Time) {
	g.print(&g.out, oldest, &g.cfg.Stdout, g.screen.stdout, "\x1b[34m")
	g.print(&g.err, oldest, &g.cfg.Stderr, g.screen.stderr, "\x1b[31m")
}

func (g *lineGather) print(l *ladder, oldest time.Time, to *Dest, put func([]byte), color string) {
	if !l.due(g.alive, oldest) {
		return
	}
	buf := g.bufs.take()
	defer g.bufs.give(buf)
	for l.due(g.alive, oldest) {
		*buf = l.take(*buf, func(dst []byte, s *sharedLine) []byte {
			if g.cfg.NoPrefix {
				return append(dst, s.text...)
			}
			name := g.folds.name(s.hosts, g.hosts)
			if to.Color {
				dst = append(append(append(dst, color...), name...), ":"+resetColor+" "...)
			} else {
				dst = append(append(dst, name...), ": "...)
			}
			return append(dst, s.text...)
		})
		if len(*buf) >= documentPiece {
			put(*buf)
			*buf = (*buf)[:0]
		}
	}
	put(*buf)
}

// finish prints everything, and the summary.
func (g *lineGather) finish(end *event.Event) {
	g.ended.Do(func() {
		g.mu.Lock()
		hosts := g.hosts
		g.mu.Unlock()
		for _, h := range hosts {
			g.flush(h, &h.out, &g.out)
			g.flush(h, &h.err, &g.err)
		}
		g.mu.Lock()
		g.release(time.Now())
		g.mu.Unlock()
		g.end(end, true)
	})
}

// Close is part of Renderer.
func (g *lineGather) Close() error {
	g.stopped.Do(func() {
		close(g.done)
		<-g.idle
	})
	g.finish(nil)
	return g.close()
}
