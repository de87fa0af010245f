package output

import (
	"io"
	"sync"
	"sync/atomic"
)

const (
	clearLine  = "\r\x1b[K"
	resetColor = "\x1b[0m"
)

// A screen owns both outputs of the process. All that is printed goes through
// it, one whole piece at a time, so that nothing interleaves and the status
// line, where there is one, is never in the way.
type screen struct {
	onError func(error)
	once    sync.Once
	gone    atomic.Bool   // stdout failed: there is nobody left to print for
	pieces  atomic.Uint64 // how many were printed

	// mu is held across the writes: to print is to own the terminal. A
	// reader that does not read holds all hosts back, which is the contract
	// of events, and nothing else waits for this lock.
	mu      sync.Mutex
	out     port
	err     port
	status  []byte // the text of the status line
	drawn   bool   // it is on the screen
	midline bool   // what was printed last on the terminal has no newline yet
	first   error  // the first failed write
	scratch []byte
}

type port struct {
	w        io.Writer
	terminal bool
	dead     bool
}

func newScreen(cfg *Config) *screen {
	return &screen{
		onError: cfg.OnWriteError,
		out:     port{w: cfg.Stdout.Writer, terminal: cfg.Stdout.Terminal},
		err:     port{w: cfg.Stderr.Writer, terminal: cfg.Stderr.Terminal},
	}
}

// stdout and stderr print p, whole lines unless the caller has nothing else.
func (s *screen) stdout(p []byte) { s.print(&s.out, p, false) }
func (s *screen) stderr(p []byte) { s.print(&s.err, p, false) }

// message prints p on stderr, on a line of its own.
func (s *screen) message(p []byte) { s.print(&s.err, p, true) }

func (s *screen) print(to *port, p []byte, fresh bool) {
	if len(p) == 0 {
		return
	}
	s.pieces.Add(1)
	s.mu.Lock()
	err := s.printLocked(to, p, fresh)
	s.mu.Unlock()
	s.report(err)
}

func (s *screen) printLocked(to *port, p []byte, fresh bool) error {
	if !to.terminal {
		return s.write(to, p)
	}
	fresh = fresh && s.midline
	s.midline = p[len(p)-1] != '\n'
	if len(s.status) == 0 && !fresh {
		return s.write(to, p)
	}
	// One write for all of it: a terminal never shows a state in between.
	b := s.scratch[:0]
	if s.drawn {
		b = append(b, clearLine...)
	}
	if fresh {
		b = append(b, '\n')
	}
	b = append(b, p...)
	s.drawn = !s.midline && len(s.status) > 0
	if s.drawn {
		b = append(b, s.status...)
	}
	if cap(b) <= maxPooled {
		s.scratch = b
	}
	return s.write(to, b)
}

// write returns the error only when it is the first one of that port.
func (s *screen) write(to *port, p []byte) error {
	if to.dead {
		return nil
	}
	_, err := to.w.Write(p)
	if err == nil {
		return nil
	}
	to.dead = true
	if s.first == nil {
		s.first = err
	}
	if to == &s.out {
		s.gone.Store(true)
	}
	return err
}

// report tells of a failed write, outside all locks.
func (s *screen) report(err error) {
	if err == nil {
		return
	}
	s.once.Do(func() {
		if s.onError != nil {
			s.onError(err)
		}
	})
}

// fail is a failure to write elsewhere, such as a full disk under gathered
// output.
func (s *screen) fail(err error) {
	s.mu.Lock()
	if s.first == nil {
		s.first = err
	}
	s.mu.Unlock()
	s.report(err)
}

// draw sets the text of the status line; empty takes it away.
func (s *screen) draw(text []byte) {
	s.mu.Lock()
	err := s.drawLocked(text)
	s.mu.Unlock()
	s.report(err)
}

func (s *screen) drawLocked(text []byte) error {
	same := string(text) == string(s.status)
	s.status = append(s.status[:0], text...)
	if s.midline || same && s.drawn == (len(text) > 0) {
		return nil
	}
	b := s.scratch[:0]
	if s.drawn {
		b = append(b, clearLine...)
	}
	b = append(b, text...)
	s.drawn = len(text) > 0
	s.scratch = b
	if len(b) == 0 {
		return nil
	}
	return s.write(&s.err, b)
}

// suspend runs fn with the status line away and the screen held.
func (s *screen) suspend(fn func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.drawn {
		s.drawn = false
		if err := s.write(&s.err, []byte(clearLine)); err != nil {
			defer s.report(err)
		}
	}
	fn()
	s.midline = false
}

func (s *screen) error() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.first
}
