package output

import (
	"fmt"
	"sync"
	"sync/atomic"

	"fleet/event"
	"fleet/internal/term"
)

// stream prints lines as they come, each behind its host's name.
type stream struct {
	*core
	hosts  sync.Map     // string -> *streamHost
	held   atomic.Int64 // bytes of unfinished lines
	single atomic.Bool  // the run has one host
	ended  sync.Once
}

// NewStream returns the default renderer: "host: line" as it happens, standard
// error likewise, and how each host that did not succeed ended.
func NewStream(cfg Config) Renderer {
	return &stream{core: newCore(cfg)}
}

type streamHost struct {
	out, err hostStream
}

// A hostStream is one stream of one host on its way to a Dest.
type hostStream struct {
	mu     sync.Mutex
	lines  lineBuffer
	prefix []byte
	clean  *term.Sanitizer // nil where bytes pass as they are
}

func (s *stream) Emit(e *event.Event) {
	if s.screen.gone.Load() {
		return
	}
	if e.Type == event.Output {
		if s.live != nil {
			s.live.tracker.Emit(e)
		}
		s.output(e)
		return
	}
	if e.Type == event.HostEnd {
		s.flush(e.Host)
	}
	s.observe(e)
	switch e.Type {
	case event.RunStart:
		s.single.Store(len(e.Hosts) == 1)
	case event.HostEnd:
		s.hostEnd(e)
	case event.RunEnd:
		s.finish(e)
	}
}

// output formats the whole chunk first and prints it in one write.
func (s *stream) output(e *event.Event) {
	h := s.host(e.Host)
	to, put := &h.out, s.screen.stdout
	if e.Stream == event.Stderr {
		to, put = &h.err, s.screen.stderr
	}
	to.mu.Lock()
	defer to.mu.Unlock() // kept until printed: a host's lines stay in order
	buf := s.bufs.take()
	defer s.bufs.give(buf)
	data := e.Data
	if to.clean != nil {
		safe := s.bufs.take()
		defer s.bufs.give(safe)
		*safe = to.clean.Append(*safe, data)
		data = *safe
	}
	if s.cfg.NoPrefix && s.single.Load() {
		put(data)
		return
	}
	*buf = to.lines.append(*buf, to.prefix, data)
	put(*buf)
}

func (s *stream) host(name string) *streamHost {
	if h, ok := s.hosts.Load(name); ok {
		return h.(*streamHost)
	}
	h := new(streamHost)
	s.open(&h.out, name, &s.cfg.Stdout, "\x1b[34m")
	s.open(&h.err, name, &s.cfg.Stderr, "\x1b[31m")
	first, _ := s.hosts.LoadOrStore(name, h)
	return first.(*streamHost)
}

func (s *stream) open(h *hostStream, name string, to *Dest, color string) {
	h.lines = lineBuffer{total: &s.held, cut: "\n"}
	if to.sanitize() {
		h.clean = &term.Sanitizer{StripColor: !to.Color}
		if to.Color {
			h.lines.cut = resetColor + "\n"
		}
	}
	switch {
	case s.cfg.NoPrefix:
	case to.Color:
		h.prefix = []byte(color + term.Clean(name) + ":" + resetColor + " ")
	default:
		h.prefix = []byte(term.Clean(name) + ": ")
	}
}

// flush prints what is left of a host's last lines.
func (s *stream) flush(name string) {
	v, ok := s.hosts.LoadAndDelete(name)
	if !ok {
		return
	}
	h := v.(*streamHost)
	s.flushStream(&h.out, s.screen.stdout)
	s.flushStream(&h.err, s.screen.stderr)
}

func (s *stream) flushStream(h *hostStream, put func([]byte)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var rest []byte
	if h.clean != nil {
		rest = h.clean.Flush(nil)
	}
	if s.cfg.NoPrefix && s.single.Load() {
		put(rest)
		return
	}
	if h.clean != nil && !h.clean.MidLine() {
		h.lines.release() // at most a color that was reset: not a line to anyone
		return
	}
	put(h.lines.flush(h.lines.append(nil, h.prefix, rest), h.prefix))
}

// hostEnd says at once how a host ended that did not succeed. Hosts whose turn
// never came are left to the summary: they may be thousands.
func (s *stream) hostEnd(e *event.Event) {
	if e.Outcome == event.OK || e.Outcome == event.NotAttempted {
		return
	}
	text := fmt.Sprintf("%s: %s%s", term.Clean(e.Host), long(e), s.sum.hint(e.Hint))
	if s.cfg.Stderr.Color {
		text = "\x1b[31m" + text + resetColor
	}
	s.screen.message([]byte(text + "\n"))
}

func (s *stream) finish(e *event.Event) {
	s.ended.Do(func() { s.end(e, true) })
}

func (s *stream) Close() error {
	s.hosts.Range(func(name, _ any) bool {
		s.flush(name.(string))
		return true
	})
	s.finish(nil)
	return s.close()
}
