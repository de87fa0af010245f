package pool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"fleet/transport"
)

// Sizes of the buffers that output is copied through: an idle command holds a
// small one, one that prints much borrows a large one.
const (
	smallCopy = 1 << 10
	largeCopy = 64 << 10
)

var largeBuffers = sync.Pool{New: func() any { b := make([]byte, largeCopy); return &b }}

var (
	errWrongPassword = errors.New("sudo: the password was not accepted")
	errNotRun        = errors.New("the host did not run the command")
	errNoAnswer      = errors.New("nobody can answer here")
)

// copyAll copies stdout in this goroutine and stderr in another until both have
// ended, and starts the copying of stdin when the command has begun.
func (s *session) copyAll(ctx context.Context, cancel context.CancelCauseFunc) {
	stdout := &opener{out: writerOrDiscard(s.cmd.Stdout), nonce: []byte(s.inv.nonce), echoes: s.inv.feed == feedTerminal}
	stdout.send = func() {
		s.workers.Go(func() { _ = s.input.send(s.inv.script) })
	}
	stdout.run = func(group, guard int, file string) {
		s.group, s.guard = group, guard
		if isScriptFile(file, s.inv.file) {
			s.file = file
		}
		close(s.begun)
		if s.inv.feed != feedWatchdog {
			s.workers.Go(func() { s.feed(ctx, cancel) })
		}
	}
	var out io.Writer = stdout
	errOut := writerOrDiscard(s.cmd.Stderr)
	var asking *prompter
	if s.cmd.Become != nil {
		asking = &prompter{prompt: []byte(s.inv.prompt), begun: s.begun, curious: s.cmd.Become.Method == "su"}
		asking.answer = func() {
			password := s.cmd.Become.Password.Reveal() + "\n"
			s.workers.Go(func() { _ = s.input.send(password) })
		}
		asking.reject = func(err error) { s.fail(err, cancel) }
		if asking.through = s.cmd.TTY != nil; asking.through {
			asking.out, out = stdout, asking
		} else {
			asking.out, errOut = errOut, asking
		}
	}
	var pair sync.WaitGroup
	pair.Go(func() { s.copy(ctx, errOut, s.ch.Stderr(), cancel) })
	s.copy(ctx, out, s.ch, cancel)
	s.whole = s.conn.wire.life.goesOn(nil) // the end of one stream is that of both
	pair.Wait()
	s.finish(ctx, stdout, asking, cancel)
}

// finish deals with what was held back when the output has ended.
func (s *session) finish(ctx context.Context, stdout *opener, asking *prompter, cancel context.CancelCauseFunc) {
	if stdout.opened {
		if asking != nil && !asking.done {
			if err := asking.flush(); err != nil {
				s.fail(err, cancel)
			}
		}
		return
	}
	<-s.ended
	if s.role != roleCommand || ctx.Err() != nil || !s.whole || !s.known && s.lost() {
		return
	}
	said := strings.TrimSpace(string(stdout.held))
	switch {
	case asking != nil && asking.through:
		said = strings.TrimSpace(strings.ReplaceAll(said, s.inv.prompt, ""))
	case asking != nil:
		said = strings.TrimSpace(string(asking.held) + "\n" + said)
	default:
		_, _ = stdout.out.Write(stdout.held)
	}
	if said == "" {
		s.fail(errNotRun, nil)
		return
	}
	if asking != nil {
		s.fail(&plain{lastLines(said), errNotRun}, nil)
		return
	}
	s.fail(fmt.Errorf("%w; its login shell or a forced command said %q instead", errNotRun, lastLine(said)), nil)
}

func lastLine(s string) string {
	s = strings.TrimSpace(s)
	return printable(strings.TrimSpace(s[strings.LastIndexByte(s, '\n')+1:]))
}

// lastLines is the end of what sudo said: often the cause is in the line before
// the last.
func lastLines(said string) string {
	lines := strings.FieldsFunc(said, func(r rune) bool { return r == '\n' || r == '\r' })
	return printable(strings.Join(lines[max(0, len(lines)-2):], "; "))
}

// copy moves bytes from r to w until r ends. When w fails, the command is
// stopped and the rest is read and dropped, as an unread channel would stall.
func (s *session) copy(ctx context.Context, w io.Writer, r io.Reader, cancel context.CancelCauseFunc) {
	buf := make([]byte, smallCopy)
	var large *[]byte
	for {
		if ctx.Err() != nil {
			s.pause()
		}
		n, err := r.Read(buf)
		if n > 0 && w != nil {
			if _, werr := w.Write(buf[:n]); werr != nil {
				w = nil
				s.fail(werr, cancel)
			}
		}
		if err != nil {
			break
		}
		if n == len(buf) && large == nil {
			large = largeBuffers.Get().(*[]byte)
			buf = *large
		}
	}
	if large != nil {
		largeBuffers.Put(large)
	}
}

// pause holds back a flood of output, by not reading it, until the stop of the
// command is on its way: that has to come through the same connection.
func (s *session) pause() {
	select {
	case <-s.begun:
	default:
		return // the stop waits for what is announced in the output
	}
	select {
	case <-s.flowing:
	case <-s.ended:
	}
}

// flow ends the pause.
func (s *session) flow() { s.flowOnce.Do(func() { close(s.flowing) }) }

func writerOrDiscard(w io.Writer) io.Writer {
	if w == nil {
		return io.Discard
	}
	return w
}

// feed gives the command its stdin, once a guard is in place.
func (s *session) feed(ctx context.Context, cancel context.CancelCauseFunc) {
	if s.role == roleCommand {
		g, err := s.startGuard(ctx)
		if err != nil {
			s.unguarded(ctx, err, cancel)
			return
		}
		s.watched.Store(g)
		s.workers.Go(func() {
			<-s.ended
			g.dismiss()
		})
		if s.input.send("go\n") != nil {
			return
		}
	}
	if s.cmd.Stdin == nil {
		return // a terminal's input stays open until the command ends
	}
	if c, ok := s.cmd.Stdin.(io.Closer); ok {
		s.workers.Go(func() { // unblocks a Read when the command does not want more
			<-s.ended
			_ = c.Close()
		})
	}
	s.input.feed(s.cmd.Stdin)
}

// unguarded gives up on a command that waits for its guard. Where the link is
// lost, or the caller has left, that is what there is to say.
func (s *session) unguarded(ctx context.Context, err error, cancel context.CancelCauseFunc) {
	if ctx.Err() != nil || s.endsWithin(0) {
		return
	}
	if transport.KindOf(err) == transport.KindLost && s.endsWithin(closeWait) {
		return
	}
	s.fail(&noGuard{withoutHost(err)}, cancel)
}

// noGuard is why a command did not run: nobody could have stopped it.
type noGuard struct{ cause error }

func (e *noGuard) Error() string {
	return fmt.Sprintf("no second session to watch over the command, which needs the first one's stdin: %v", e.cause)
}

func (e *noGuard) Unwrap() error { return e.cause }

// kindOfFailure is the kind for a reason of fleet's own.
func kindOfFailure(err error) transport.Kind {
	var alone *noGuard
	if errors.Is(err, errWrongPassword) || errors.Is(err, errNotRun) || errors.Is(err, errNoAnswer) || errors.As(err, &alone) {
		return transport.KindRefused
	}
	return transport.KindInternal
}

// hintOf says what to do about a failure.
func hintOf(err error) string {
	switch {
	case errors.Is(err, errWrongPassword):
		return "it was tried once only, so that no account gets locked"
	case errors.Is(err, errNotRun) && strings.Contains(err.Error(), "password"):
		return "give the password with -K"
	case errors.Is(err, errNoAnswer):
		return "use sudo, or allow it without a password"
	default:
		return ""
	}
}
