package runner

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	"fleet/transport"
)

// A holder holds a lock on one machine.
type holder struct {
	lock    *heldLock
	machine *machine
	first   chan<- error    // gets what came of the first attempt
	place   transport.Place // of the first attempt; may be nil
	held    bool            // it was held at least once; of the goroutine in keep
}

// A lockLost is the error of a holder that says that it holds nothing any more.
type lockLost struct{ name, host, why string }

func (e *lockLost) Error() string {
	return fmt.Sprintf("the lock %q was lost on %s: %s", e.name, e.host, e.why)
}

// keep holds the lock until ctx ends or somebody else has it.
func (h *holder) keep(ctx context.Context) {
	for {
		err := h.session(ctx)
		var other *Locked
		var lost *lockLost
		switch {
		case !h.held:
			h.first <- err
			return
		case ctx.Err() != nil:
			return
		case errors.As(err, &other), errors.As(err, &lost):
			h.lock.lose(err)
			return
		}
		timer := time.NewTimer(h.lock.terms.beat)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}

// session holds the lock by one session. It returns when that has ended, which the
// end of ctx brings about.
func (h *holder) session(ctx context.Context) error {
	terms := h.lock.terms
	run, giveUp := context.WithCancelCause(context.WithoutCancel(ctx))
	defer giveUp(nil)
	phases := &lockPhases{started: make(chan struct{}), answered: make(chan struct{}), ended: make(chan struct{})}
	says := &lockSays{over: make(chan struct{}), answered: func(held bool) {
		close(phases.answered)
		if held && !h.held {
			h.held = true
			h.first <- nil
		}
	}}
	var watcher sync.WaitGroup
	watcher.Go(func() { phases.watch(ctx, terms.wait, giveUp) })
	place := h.place
	if h.held {
		place = nil
	}
	status, err := h.machine.transport.Run(run, h.machine.target, &transport.Command{
		Script:  lockScript,
		Args:    []string{terms.dir, h.lock.name, rand.Text(), seconds(terms.stale), h.lock.owner, h.lock.run, seconds(terms.watch)},
		Place:   place,
		Stdin:   &signsOfLife{every: terms.beat, over: ctx.Done(), ended: phases.ended, refused: says.over},
		Stdout:  says,
		Stderr:  &says.errs,
		Started: sync.OnceFunc(func() { close(phases.started) }),
	})
	close(phases.ended)
	watcher.Wait()
	return h.verdict(says, status, err)
}

// verdict is why the session has ended.
func (h *holder) verdict(says *lockSays, status transport.Status, err error) error {
	name, host := h.lock.name, h.machine.name
	for line := range strings.Lines(string(says.out.text)) {
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch word {
		case "busy":
			since, owner, _ := strings.Cut(rest, " ")
			n, _ := strconv.ParseInt(since, 10, 64)
			return &Locked{Name: name, Host: host, Owner: oneLine(owner), Since: time.Unix(n, 0)}
		case "strange": // no more than the number is the host's, as people may do what the hint says
			n, _ := strconv.Atoi(rest)
			file := fmt.Sprintf("%s/fleet-lock.%s.%d", h.lock.terms.dir, name, n)
			return fmt.Errorf("the lock %q cannot be taken: %s is not a lock; hint: look what it is, and remove it on the host: rm -r %[2]s", name, file)
		case "bad":
			return fmt.Errorf("the lock %q cannot be taken: %s", name, oneLine(rest))
		case "lost":
			return &lockLost{name, host, oneLine(rest)}
		}
	}
	if err != nil {
		return err
	}
	return fmt.Errorf("the lock %q could not be held: %s", name, lastWords(status, &answer{errs: says.errs}))
}

// lockPhases are how far a session is.
type lockPhases struct{ started, answered, ended chan struct{} }

// releaseWait is how long a host has to give a lock up before its session is
// stopped.
const releaseWait = 5 * time.Second

// watch gives the session up where its host does not answer in time, and where it
// outlives ctx. It returns when the session has ended.
func (p *lockPhases) watch(ctx context.Context, wait time.Duration, giveUp context.CancelCauseFunc) {
	select {
	case <-p.ended:
		return
	case <-ctx.Done(): // while it connects, most likely
		giveUp(context.Cause(ctx))
		<-p.ended
		return
	case <-p.started:
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-p.ended:
		return
	case <-ctx.Done():
	case <-timer.C:
		giveUp(&timeLimit{fmt.Sprintf("the host did not say within %s whether the lock is free", wait)})
	case <-p.answered:
		select {
		case <-p.ended:
			return
		case <-ctx.Done():
		}
	}
	// The end of its stdin ends it, unless it hangs.
	timer.Reset(releaseWait)
	select {
	case <-p.ended:
	case <-timer.C:
		giveUp(context.Cause(ctx))
		<-p.ended
	}
}

// signsOfLife is what a holder reads: a line every few seconds, and the end when
// the lock is to be given up, or turns out to be somebody else's: a session ends
// only when nobody reads its input any more.
type signsOfLife struct {
	every                time.Duration
	over, ended, refused <-chan struct{}
}

// Read implements io.Reader.
func (s *signsOfLife) Read(p []byte) (int, error) {
	timer := time.NewTimer(s.every)
	defer timer.Stop()
	select {
	case <-timer.C:
		return copy(p, "\n"), nil
	case <-s.over:
		return 0, io.EOF
	case <-s.ended:
		return 0, io.EOF
	case <-s.refused:
		return 0, io.EOF
	}
}

// lockSays reads what a holder prints.
type lockSays struct {
	answered  func(held bool)
	over      chan struct{} // closed when it says that it does not hold the lock
	out, errs head
	read      int // so much of out was understood
	said      bool
}

// Write implements io.Writer.
func (s *lockSays) Write(p []byte) (int, error) {
	n, err := s.out.Write(p)
	for {
		line, _, ok := bytes.Cut(s.out.text[s.read:], []byte("\n"))
		if !ok {
			return n, err
		}
		s.read += len(line) + 1
		word, _, _ := strings.Cut(strings.TrimSpace(string(line)), " ")
		if !s.said {
			s.said = true
			s.answered(word == "held" || word == "shared")
		}
		switch word {
		case "busy", "strange", "bad", "lost":
			s.end()
		}
	}
}

// end ends the input, once.
func (s *lockSays) end() {
	select {
	case <-s.over:
	default:
		close(s.over)
	}
}

// seconds is d for a shell, rounded up.
func seconds(d time.Duration) string {
	return strconv.Itoa(int((d + time.Second - 1) / time.Second))
}

// oneLine is s as a short line without control characters: it comes from a host,
// or goes to one as a word.
func oneLine(s string) string {
	const most = 200
	s = strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, strings.TrimSpace(s))
	if r := []rune(s); len(r) > most {
		s = string(r[:most])
	}
	return s
}
