package output

import (
	"sync"
	"time"
)

const (
	// silence is how long nothing is printed before fleet says whom it waits for.
	silence = 30 * time.Second
	// silenceChecks is how often within it that is looked at.
	silenceChecks = 6
)

// A quietClock says, while nothing else is printed for long, whom the run waits
// for. It is for where there is no status line: a log, or a build server that
// ends what is silent.
type quietClock struct {
	screen  *screen
	tracker *Tracker
	done    chan struct{}
	idle    chan struct{} // closed when the goroutine has ended
	once    sync.Once
}

// startQuietClock starts the goroutine that watches; stop ends it.
func startQuietClock(s *screen, t *Tracker) *quietClock {
	q := &quietClock{screen: s, tracker: t, done: make(chan struct{}), idle: make(chan struct{})}
	go q.loop(s.pieces.Load())
	return q
}

func (q *quietClock) loop(seen uint64) {
	defer close(q.idle)
	tick := time.NewTicker(silence / silenceChecks)
	defer tick.Stop()
	same := 0
	for {
		select {
		case <-q.done:
			return
		case <-tick.C:
		}
		if now := q.screen.pieces.Load(); now != seen {
			seen, same = now, 0
			continue
		}
		if same++; same < silenceChecks {
			continue
		}
		if text := q.tracker.waitingFor(time.Now(), maxNamed); text != "" {
			q.screen.message([]byte(text + "\n"))
		}
		seen, same = q.screen.pieces.Load(), 0
	}
}

func (q *quietClock) stop() {
	q.once.Do(func() {
		close(q.done)
		<-q.idle
	})
}
