package output

import (
	"fmt"
	"sync"
	"time"

	"fleet/event"
	"fleet/internal/term"
)

// redraw is how often the status line is looked at; it is drawn when its text
// changed.
const redraw = 100 * time.Millisecond

// A liveLine keeps the status line of a screen up to date.
type liveLine struct {
	tracker  *Tracker
	screen   *screen
	width    func() int
	progress func(time.Time) string // nil where there is nothing to add
	done     chan struct{}
	idle     chan struct{} // closed when the goroutine has ended
	once     sync.Once
}

// startLive starts the goroutine that draws; stop ends it.
func startLive(s *screen, width func() int, progress func(time.Time) string) *liveLine {
	l := &liveLine{
		tracker: NewTracker(nil), screen: s, width: width, progress: progress,
		done: make(chan struct{}), idle: make(chan struct{}),
	}
	go l.loop()
	return l
}

func (l *liveLine) loop() {
	defer close(l.idle)
	tick := time.NewTicker(redraw)
	defer tick.Stop()
	for {
		select {
		case <-l.done:
			return
		case <-tick.C:
			l.draw(time.Now())
		}
	}
}

func (l *liveLine) draw(now time.Time) {
	progress := ""
	if l.progress != nil {
		progress = l.progress(now)
	}
	l.screen.draw(l.tracker.status(now, l.width(), progress))
}

// stop takes the line away and waits for the goroutine.
func (l *liveLine) stop() {
	l.once.Do(func() {
		close(l.done)
		<-l.idle
		l.screen.draw(nil)
	})
}

// status is the text of the status line, cut to width; nil before the run
// began. The last column stays free: a terminal may wrap when it is filled. What
// progress says comes before the slowest host, which is left out where there is no
// room for all of both.
func (t *Tracker) status(now time.Time, width int, progress string) []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.began.IsZero() {
		return nil
	}
	if t.tasks != nil {
		return []byte(term.Truncate(t.taskStatus(now), width-1))
	}
	s := fmt.Sprintf("%d/%d done", t.finished, t.selected())
	for _, o := range event.Outcomes[1:] {
		if n := t.counts[o]; n > 0 {
			s += fmt.Sprintf(", %d %s", n, label(o))
		}
	}
	s += fmt.Sprintf(", %d running, %s", t.working, clock(now.Sub(t.began)))
	if progress != "" {
		s += ", " + term.Clean(progress)
	}
	if h := t.first; h != nil {
		slowest := fmt.Sprintf(", slowest %s %s", term.Clean(h.name), clock(now.Sub(h.since)))
		if progress == "" || len(s)+len(slowest) < width {
			s += slowest
		}
	}
	return []byte(term.Truncate(s, width-1))
}

// clock is a duration in whole seconds, so that the line changes once a second.
func clock(d time.Duration) string { return max(d, 0).Truncate(time.Second).String() }
