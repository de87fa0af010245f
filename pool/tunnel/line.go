package tunnel

import (
	"context"
	"errors"
	"sync"
	"time"

	"fleet/transport"
)

// A line keeps one link to a host up, for entrances or for an exit.
type line struct {
	set       *Set
	target    transport.Target
	onDown    OnDown
	rows      []*row
	entrances []*entrance
	exit      *exit // nil where there are entrances

	wake   chan struct{} // has one element when the machine has slept
	wasUp  bool          // used by run alone
	logins time.Duration // what the last login took; used by run alone

	mu   sync.Mutex // guards what is below
	now  current
	news chan struct{} // closed, and made anew, when now changes
}

// A current is the link of the moment.
type current struct {
	link transport.Link  // nil while there is none
	life context.Context // of the link
	over error           // there will be none any more
}

func newLine(s *Set, t transport.Target, onDown OnDown) *line {
	return &line{set: s, target: t, onDown: onDown, wake: make(chan struct{}, 1), news: make(chan struct{})}
}

// run keeps the link up until ctx is over, or there is no hope.
func (l *line) run(ctx context.Context) {
	ctx, cancel := context.WithCancelCause(ctx)
	for _, e := range l.entrances {
		l.set.work.Go(func() { e.accept(ctx) })
	}
	err := l.keep(ctx)
	if l.exit != nil {
		l.exit.leave(ctx)
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx)
		l.eachRow((*row).closed)
	} else {
		l.eachRow(func(r *row) { r.failed(err) })
	}
	l.publish(current{over: err})
	cancel(err)
	l.hangUp()
}

// keep connects, uses the link, and connects again. It returns why that is over.
func (l *line) keep(ctx context.Context) error {
	leave, err := l.set.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	p := new(pace)
	for {
		s := &search{line: l, pace: p, first: leave}
		link, err := s.run(ctx)
		if err != nil {
			return err
		}
		leave()
		began := time.Now()
		err = l.use(ctx, link)
		if ctx.Err() != nil {
			return err
		}
		if !l.wasUp && !l.mayRetry(err) {
			return err
		}
		p.ended(time.Since(began))
		l.eachRow(func(r *row) { r.away(err, 0, time.Time{}) })
	}
}

// mayRetry reports whether a forward that never was ready goes on after err.
func (l *line) mayRetry(err error) bool {
	if !l.set.cfg.Retry {
		return false
	}
	kind := transport.KindOf(err)
	return kind == transport.KindUnreachable || kind == transport.KindLost || kind == transport.KindTimeout
}

// use lets the forwards use the link until it is over, and returns why it is.
func (l *line) use(ctx context.Context, link transport.Link) error {
	life, end := context.WithCancelCause(ctx)
	var watchers sync.WaitGroup
	watchers.Go(func() {
		select {
		case <-link.Done():
			end(l.lost(link.Err()))
		case <-life.Done():
		}
	})
	watchers.Go(func() { l.probe(life, link, end) })
	if l.exit != nil {
		if err := l.exit.serve(life, link, l); err != nil {
			end(err)
		}
	} else {
		l.lend(life, link)
	}
	<-life.Done()
	_ = link.Close()
	watchers.Wait()
	return context.Cause(life)
}

// lend gives the link to the entrances for as long as it lives.
func (l *line) lend(life context.Context, link transport.Link) {
	l.wasUp = true
	l.publish(current{link: link, life: life})
	for _, e := range l.entrances {
		e.row.ready(e.listener.endpoint)
	}
	<-life.Done()
	l.publish(current{})
}

// lost is the end of a link as an error with the host's name.
func (l *line) lost(err error) error {
	var e *transport.Error
	if errors.As(err, &e) {
		return err
	}
	if err == nil {
		err = errors.New("it is gone")
	}
	return &transport.Error{Op: "connection", Host: l.target.Label(), Kind: transport.KindLost, Err: err, Stopped: true}
}

func (l *line) publish(now current) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.now.over != nil {
		return
	}
	l.now = now
	close(l.news)
	l.news = make(chan struct{})
}

// errAway is what a connection is told that does not wait.
var errAway = errors.New("there is no connection to the host at the moment")

// present returns the link of the moment, or an error where none is to be waited
// for, as OnDown says. Where there is neither, news tells of a change.
func (l *line) present() (now current, news <-chan struct{}, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.now.over != nil:
		err = l.now.over
	case l.now.link == nil && l.onDown == Refuse:
		err = errAway
	}
	return l.now, l.news, err
}

// link returns the link of the moment; where there is none it waits for one.
func (l *line) link(ctx context.Context) (current, error) {
	for {
		now, news, err := l.present()
		if err != nil || now.link != nil {
			return now, err
		}
		select {
		case <-news:
		case <-ctx.Done():
			return now, context.Cause(ctx)
		}
	}
}

// hangUp stops to listen.
func (l *line) hangUp() {
	for _, e := range l.entrances {
		e.listener.close()
	}
}

func (l *line) eachRow(do func(*row)) {
	for _, r := range l.rows {
		do(r)
	}
}
