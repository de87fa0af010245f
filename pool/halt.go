package pool

import (
	"bytes"
	"context"
	_ "embed"
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
// end of file on the first lets the watchdog do the same, and the look comes
// after.

//go:embed stop.sh
var stopScript string

// Bounds of the parts of a stop that only wait for the server.
const (
	beginWait = 2 * time.Second // for a command to announce itself
	closeWait = 2 * time.Second // for a channel to close
	stopSpare = 5 * time.Second // for the stop script, beyond the grace
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
	s.flow()
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
	select {
	case <-s.begun:
	default:
		// It may wait for its input: sudo for a password, the wrapper for a
		// script or a go.
		s.input.end(s.cmd.TTY != nil)
	}
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
	gone, err := s.runStop(ctx, grace)
	if err == nil {
		return gone
	}
	// The server has no session left for it: the watchdog and the guard do the
	// same, and the session that ends by it makes room to look what is left.
	s.input.end(false)
	if g := s.watched.Load(); g != nil {
		_ = g.stdin.Close()
	}
	if !s.endsWithin(grace+closeWait) || s.conn.why() != nil {
		return false
	}
	for try := 1; ; try++ {
		gone, err = s.runStop(ctx, 0)
		if !isSessionLimit(err) || try > fullMax || backoff(ctx, try) != nil {
			return err == nil && gone
		}
	}
}

// runStop runs the stop script, and reports whether it found nothing left.
func (s *session) runStop(ctx context.Context, grace time.Duration) (gone bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, grace+stopSpare)
	defer cancel()
	var out bytes.Buffer
	_, err = s.conn.run(ctx, s.target, &transport.Command{
		Script:  stopScript,
		Args:    []string{strconv.Itoa(s.group), strconv.Itoa(s.guard), strconv.Itoa(int(grace / (100 * time.Millisecond))), s.file},
		Stdout:  &out,
		Become:  s.cmd.Become,
		Started: s.flow,
	}, roleStop)
	s.flow()
	s.conn.site.pool.cfg.Logger.Debug("stop", "host", s.target.Label(), "group", s.group, "said", out.String(), "err", err)
	return strings.TrimSpace(out.String()) == "gone", err
}
