package pool

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"fleet/transport"
)

// Stopping a command.
//
// Neither a signal request nor closing the channel ends a process: sshd
// ignores the first for root logins, and lets processes live on after the
// second. So fleet runs stopScript over a second session of the same
// connection, as the user who runs the command: TERM to the process group,
// grace, KILL, and a look at what is left. Where no second session can be had,
// end of file on the first lets the watchdog do the same, without a report.

//go:embed stop.sh
var stopScript string

// Bounds of the parts of a stop that only wait for the server.
const (
	beginWait = 2 * time.Second // for a command to announce itself
	closeWait = 2 * time.Second // for a channel to close
	stopSpare = 3 * time.Second // for the stop script, beyond the grace
)

// halt stops the command after ctx has ended, and makes sure that its session
// ends, within the grace and a few seconds. It runs in a goroutine of its own.
func (s *session) halt(ctx context.Context) {
	defer close(s.halted)
	select {
	case <-s.ended:
		s.missed = true
		return
	default:
	}
	if s.role == roleCommand {
		s.gone = s.stopGroup(context.WithoutCancel(ctx))
	}
	s.abandon()
}

func (s *session) endsWithin(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-s.ended:
		return true
	case <-s.conn.ended:
		return true
	case <-timer.C:
		return false
	}
}

// stopGroup reports whether it is certain that nothing of the command is left.
func (s *session) stopGroup(ctx context.Context) bool {
	timer := time.NewTimer(beginWait)
	defer timer.Stop()
	select {
	case <-s.begun:
	case <-s.ended:
		return s.known // it ended before it began: nothing was started
	case <-s.conn.ended:
		return false
	case <-timer.C:
		return false // the watchdog, if it ever starts, finds its stdin closed
	}
	if s.group <= 1 {
		return false
	}
	grace := s.cmd.GraceOrDefault()
	ctx, cancel := context.WithTimeout(ctx, grace+stopSpare)
	defer cancel()
	var out bytes.Buffer
	_, err := s.conn.run(ctx, s.target, &transport.Command{
		Script: stopScript,
		Args:   []string{strconv.Itoa(s.group), strconv.Itoa(s.guard), strconv.Itoa(int(grace / (100 * time.Millisecond)))},
		Stdout: &out,
		Become: s.cmd.Become,
	}, roleStop)
	s.conn.site.pool.cfg.Logger.Debug("stop", "host", s.target.Label(), "group", s.group, "said", out.String(), "err", err)
	if err == nil {
		return strings.TrimSpace(out.String()) == "gone"
	}
	_ = s.ch.CloseWrite()
	s.endsWithin(grace + closeWait)
	return false
}

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
	ctx = context.WithoutCancel(ctx)
	r, w := io.Pipe()
	seconds := (s.cmd.GraceOrDefault() + time.Second - 1) / time.Second
	gs, err := s.conn.begin(ctx, s.target, &transport.Command{
		Script: guardScript,
		Args:   []string{strconv.Itoa(s.group), strconv.Itoa(int(seconds))},
		Stdin:  r,
		Become: s.cmd.Become,
	}, roleGuard)
	if err != nil {
		return nil, err
	}
	g := &guard{stdin: w, ended: make(chan struct{})}
	s.workers.Go(func() {
		defer close(g.ended)
		_, _ = gs.wait(ctx)
	})
	select {
	case <-gs.begun:
		return g, nil
	case <-g.ended:
		return nil, errors.New("it ended at once")
	}
}

// dismiss ends the guard, which then leaves the command's group alone.
func (g *guard) dismiss() {
	_, _ = io.WriteString(g.stdin, "done\n")
	<-g.ended
}
