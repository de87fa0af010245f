package pool

import "sync"

// A life tells the end of a channel from the end of the connection under it:
// x/crypto tells both as io.EOF. It hears of the end of the connection before
// x/crypto does, and so before any channel ends by it.
type life struct {
	mu     sync.Mutex
	asking bool          // somebody waits for the server's next bytes; guarded by mu
	ended  bool          // guarded by mu
	news   chan struct{} // closed when one of these is set; nil while nobody waits; guarded by mu
}

// ask notes that the next bytes are waited for.
func (l *life) ask() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asking = true
	l.spread()
}

// told notes that they have come, or never will.
func (l *life) told(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asking = false
	if err != nil {
		l.ended = true
		l.spread()
	}
}

// end notes that nothing more is to come.
func (l *life) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	l.spread()
}

// spread wakes those who wait; l.mu is held.
func (l *life) spread() {
	if l.news != nil {
		close(l.news)
		l.news = nil
	}
}

// over reports whether the connection is known to have ended.
func (l *life) over() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ended
}

// goesOn reports, of a channel that has just ended, whether its connection has not.
// What the server sent last may be the end of the connection (RFC 4253 section
// 11.1): then nobody asks for more, so it waits until somebody does, or until the
// connection is closed. It gives up when done is closed.
func (l *life) goesOn(done <-chan struct{}) bool {
	for {
		l.mu.Lock()
		asking, ended := l.asking, l.ended
		if l.news == nil && !asking && !ended {
			l.news = make(chan struct{})
		}
		news := l.news
		l.mu.Unlock()
		if asking || ended {
			return !ended
		}
		select {
		case <-news:
		case <-done:
			return false
		}
	}
}
