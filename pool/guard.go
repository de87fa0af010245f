package pool

import (
	"context"
	"errors"
	"io"
	"strconv"
	"sync/atomic"
	"time"

	"fleet/transport"
)

// A guard is a second session that ends the process group of a command whose
// own stdin is not free to carry the watchdog.
type guard struct {
	session *session
	stdin   *io.PipeWriter
	ended   chan struct{}
}

// guardScript waits on stdin: a line dismisses it, end of file means that
// nobody is left.
const guardScript = `trap "" TERM HUP INT
read -r x && exit 0
kill -s TERM -- "-$1" 2>/dev/null
sleep "$2"
kill -s KILL -- "-$1" 2>/dev/null
[ -z "$3" ] || rm -f "$3"`

// startGuard starts a guard for the command, and returns when it watches. The
// guard outlives ctx: it goes when it is dismissed, or with the connection.
func (s *session) startGuard(ctx context.Context) (*guard, error) {
	r, w := io.Pipe()
	seconds := (s.cmd.GraceOrDefault() + time.Second - 1) / time.Second
	cmd := &transport.Command{
		Script: guardScript,
		Args:   []string{strconv.Itoa(s.group), strconv.Itoa(int(seconds)), s.file},
		Stdin:  r,
		Become: s.cmd.Become,
	}
	gs, done, err := s.beginGuard(ctx, cmd)
	if err != nil {
		return nil, err
	}
	g := &guard{session: gs, stdin: w, ended: make(chan struct{})}
	s.workers.Go(func() {
		defer close(g.ended)
		defer done()
		_, _ = gs.wait(context.WithoutCancel(ctx))
	})
	select {
	case <-gs.begun:
		return g, nil
	case <-g.ended:
		return nil, errors.New("it ended at once")
	}
}

// beginGuard begins the guard on the command's connection, where the lease has
// room for it. Where the server allows no more there, the guard gets a connection
// of its own: to wait for a session that others hold, who may wait for the same,
// could take for ever. done is called when the guard has ended.
func (s *session) beginGuard(ctx context.Context, cmd *transport.Command) (gs *session, done func(), err error) {
	gs, err = s.conn.begin(ctx, s.target, cmd, roleGuard)
	if !isSessionLimit(err) {
		return gs, func() {}, err
	}
	s.conn.learn()
	c, err := s.conn.site.apart(ctx, s.target)
	if err != nil {
		return nil, nil, err
	}
	done = func() { c.close(nil) }
	if gs, err = c.begin(ctx, s.target, cmd, roleGuard); err != nil {
		done()
	}
	return gs, done, err
}

// apart opens a connection that is leased to nobody. It lives until it is
// closed, or the pool is. The dial outlives ctx.
func (s *site) apart(ctx context.Context, t *transport.Target) (*conn, error) {
	if !s.pool.begin() {
		return nil, errClosed
	}
	defer s.pool.work.Done()
	life := s.pool.ctx
	if caller := transport.CallerOf(ctx); caller != nil {
		life = transport.WithCaller(life, boundCaller(ctx, caller))
	}
	ln, err := s.pool.dial(life, t, new(atomic.Int32))
	if err != nil {
		return nil, err
	}
	c := newConn(s, ln)
	if s.pool.ctx.Err() != nil {
		c.close(errClosed)
	}
	return c, nil
}

// dismiss ends the guard, which then leaves the command's group alone. A server
// that takes no input any more is not waited for.
func (g *guard) dismiss() {
	late := time.AfterFunc(closeWait, func() {
		_ = g.stdin.Close()
		g.session.abandon()
	})
	defer late.Stop()
	_, _ = io.WriteString(g.stdin, "done\n")
	<-g.ended
}
