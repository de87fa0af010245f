package pool

import (
	"context"
	"errors"
	"io"
	"slices"
	"strconv"
	"time"

	"fleet/transport"
)

// A guard is a second session that ends the process group of a command whose
// own stdin is not free to carry the watchdog.
type guard struct {
	stdin *io.PipeWriter
	ended chan struct{}
}

// guardScript waits on stdin: a line dismisses it, end of file means that
// nobody is left.
const guardScript = `trap "" TERM HUP INT
read -r x && exit 0
kill -s TERM -- "-$1" 2>/dev/null
sleep "$2"
kill -s KILL -- "-$1" 2>/dev/null`

// startGuard starts a guard for the command, and returns when it watches. The
// guard outlives ctx: it goes when it is dismissed, or with the connection.
func (s *session) startGuard(ctx context.Context) (*guard, error) {
	r, w := io.Pipe()
	seconds := (s.cmd.GraceOrDefault() + time.Second - 1) / time.Second
	cmd := &transport.Command{
		Script: guardScript,
		Args:   []string{strconv.Itoa(s.group), strconv.Itoa(int(seconds))},
		Stdin:  r,
		Become: s.cmd.Become,
	}
	l, gs, err := s.beginGuard(ctx, cmd)
	if err != nil {
		return nil, err
	}
	g := &guard{stdin: w, ended: make(chan struct{})}
	s.workers.Go(func() {
		defer close(g.ended)
		defer l.release()
		_, _ = gs.wait(context.WithoutCancel(ctx))
	})
	select {
	case <-gs.begun:
		return g, nil
	case <-g.ended:
		return nil, errors.New("it ended at once")
	}
}

// beginGuard finds a session for the guard. A guard counts as a session, and
// where the server allows no more on this connection it is on another one.
func (s *session) beginGuard(ctx context.Context, cmd *transport.Command) (*lease, *session, error) {
	for {
		l, err := s.conn.site.leaseBeside(ctx, s.conn)
		if err != nil {
			return nil, nil, err
		}
		gs, err := l.begin(ctx, s.target, cmd, roleGuard)
		switch {
		case err == nil:
			return l, gs, nil
		case isSessionLimit(err) && l.crowded():
			l.refused()
		default:
			l.release()
			return nil, nil, err
		}
	}
}

// leaseBeside is a lease on c, if there is room, or on another connection.
func (s *site) leaseBeside(ctx context.Context, c *conn) (*lease, error) {
	s.mu.Lock()
	if c.active < c.limit && slices.Contains(s.conns, c) {
		c.active++
		c.uses++
		s.mu.Unlock()
		return &lease{conn: c, sessions: forSession}, nil
	}
	s.mu.Unlock()
	return s.lease(ctx, forSession, nil)
}

// dismiss ends the guard, which then leaves the command's group alone.
func (g *guard) dismiss() {
	_, _ = io.WriteString(g.stdin, "done\n")
	<-g.ended
}
