package tunnel

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"fleet/internal/forward"
)

// A board holds what is known about every forward.
type board struct {
	changed   func(Status)
	complaint func(Status)

	mu   sync.Mutex // guards what is below, and row.status; no I/O under it
	rows []*row
	news chan struct{} // closed, and made anew, at each change
}

// A row is one forward on the board. One goroutine at a time writes its state.
type row struct {
	board  *board
	status Status // guarded by board.mu; without the counts

	open, total, received, sent atomic.Int64
}

func newBoard(cfg *Config) *board {
	return &board{changed: cfg.Changed, complaint: cfg.Complaint, news: make(chan struct{})}
}

func (b *board) add(s *Spec, rule forward.Rule) *row {
	r := &row{board: b, status: Status{
		Name: s.Name, Host: s.Target.Label(), Rule: rule, Listen: rule.Listen,
		State: StateOpening, Since: time.Now(),
	}}
	b.rows = append(b.rows, r)
	return r
}

// all returns every row in order.
func (b *board) all() []Status {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := make([]Status, len(b.rows))
	for i, r := range b.rows {
		list[i] = r.snapshot()
	}
	return list
}

// snapshot returns the row as it is now; board.mu is held.
func (r *row) snapshot() Status {
	s := r.status
	s.Open, s.Total = r.open.Load(), r.total.Load()
	s.Received, s.Sent = r.received.Load(), r.sent.Load()
	return s
}

// update changes the row, and tells of it where it is a change to tell of.
func (r *row) update(change func(*Status)) {
	b := r.board
	b.mu.Lock()
	was := r.status
	change(&r.status)
	now := &r.status
	if was.State == StateClosed || was.State == StateFailed && now.State != StateClosed {
		now.State, now.Err = was.State, was.Err // these are final
	}
	turned := now.State != was.State
	if turned {
		now.Since = time.Now()
	}
	told := r.snapshot()
	if turned || now.Tried != was.Tried {
		close(b.news)
		b.news = make(chan struct{})
	}
	b.mu.Unlock()
	if b.changed != nil && (turned || text(told.Err) != text(was.Err)) {
		b.changed(told)
	}
	if b.complaint != nil && text(told.LastError) != text(was.LastError) {
		b.complaint(told)
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// ready tells that the forward works, and where it listens.
func (r *row) ready(listen forward.Endpoint) {
	r.update(func(s *Status) {
		s.State, s.Err, s.Listen, s.Tried = StateReady, nil, listen, true
		s.Attempt, s.NextTry = 0, time.Time{}
	})
}

// away tells that the forward does not work, or still does not, and why.
func (r *row) away(err error, attempt int, next time.Time) {
	r.update(func(s *Status) {
		if s.State == StateReady {
			s.State = StateDown
		}
		s.Err, s.Tried, s.Attempt, s.NextTry = err, true, attempt, next
	})
}

// trying tells that an attempt begins.
func (r *row) trying(attempt int) {
	r.update(func(s *Status) { s.Attempt, s.NextTry = attempt, time.Time{} })
}

func (r *row) failed(err error) {
	r.update(func(s *Status) { s.State, s.Err, s.Tried, s.NextTry = StateFailed, err, true, time.Time{} })
}

// closed tells of the end; what has failed stays failed.
func (r *row) closed() {
	r.update(func(s *Status) {
		if s.State != StateFailed {
			s.State, s.Err, s.NextTry = StateClosed, nil, time.Time{}
		}
	})
}

func (r *row) roundTrip(d time.Duration) { r.update(func(s *Status) { s.RTT = d }) }

// complain notes the failure of a connection.
func (r *row) complain(err error) { r.update(func(s *Status) { s.LastError = err }) }

// wait returns when enough says so of all rows, or ctx is over.
func (b *board) wait(ctx context.Context, enough func([]Status) (bool, error)) error {
	for {
		b.mu.Lock()
		news := b.news
		b.mu.Unlock()
		if done, err := enough(b.all()); done {
			return err
		}
		select {
		case <-news:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// allReady is true once all are ready, or one cannot be any more.
func allReady(rows []Status) (bool, error) {
	ready, closed, bad := true, false, []error(nil)
	for i := range rows {
		switch rows[i].State {
		case StateReady:
		case StateFailed:
			bad = append(bad, rows[i].Err)
		case StateClosed:
			closed = true
		default:
			ready = false
		}
	}
	if closed {
		bad = append(bad, errClosed)
	}
	return ready || len(bad) > 0, errors.Join(bad...)
}

// allSettled is true once the first attempt of each has had its outcome.
func allSettled(rows []Status) (bool, error) {
	for i := range rows {
		if s := &rows[i]; !s.Tried && s.State == StateOpening {
			return false, nil
		}
	}
	return true, nil
}
