package pool

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// heldMax bounds what is kept of the output before the command has begun.
const heldMax = 64 << 10

// An opener takes the stdout of a session. It looks for the lines in which the
// wrapper announces itself, drops what came before them (a login shell's
// start-up files may print), and passes on what comes after.
type opener struct {
	out    io.Writer
	nonce  []byte
	send   func()                              // the wrapper asks for the script
	run    func(group, guard int, file string) // the wrapper is ready to run the command
	echoes bool                                // the input is echoed, up to a last announcement
	opened bool
	held   []byte // nothing announced yet
}

// Write implements io.Writer.
func (o *opener) Write(p []byte) (int, error) {
	if o.opened {
		return o.out.Write(p)
	}
	o.held = append(o.held, p...)
	for !o.opened {
		i := bytes.Index(o.held, o.nonce)
		if i < 0 {
			o.trim()
			return len(p), nil
		}
		line, rest, whole := bytes.Cut(o.held[i+len(o.nonce):], []byte("\n"))
		if !whole {
			o.held = o.held[i:]
			return len(p), nil
		}
		o.held = rest
		o.announced(strings.SplitN(strings.TrimSpace(string(line)), " ", 4))
	}
	rest := o.held
	o.held = nil
	if len(rest) == 0 {
		return len(p), nil
	}
	if _, err := o.out.Write(rest); err != nil {
		return 0, err
	}
	return len(p), nil
}

// announced acts on the words of one announcement.
func (o *opener) announced(words []string) {
	switch {
	case len(words) == 1 && words[0] == "send":
		o.send()
	case len(words) >= 3 && words[0] == "run":
		group, err1 := strconv.Atoi(words[1])
		guard, err2 := strconv.Atoi(words[2])
		if err1 == nil && err2 == nil {
			o.opened = !o.echoes
			file := ""
			if len(words) == 4 {
				file = words[3]
			}
			o.run(group, guard, file)
		}
	case len(words) == 1 && words[0] == "on":
		o.opened = true
	}
}

// trim keeps the beginning, for an error message, and as much of the end as may
// hold the start of a nonce.
func (o *opener) trim() {
	if len(o.held) > 2*heldMax {
		n := copy(o.held[heldMax:], o.held[len(o.held)-len(o.nonce):])
		o.held = o.held[:heldMax+n]
	}
}

// A prompter takes the stderr of a session that asks for a password. Before the
// command has begun it answers the prompt, once, and holds what else was said;
// afterwards it passes everything on.
type prompter struct {
	out    io.Writer
	prompt []byte
	begun  <-chan struct{}
	// curious is set where any other question ends the wait: nobody would
	// answer it.
	curious bool
	answer  func()      // the prompt was seen
	reject  func(error) // the prompt was seen again: the answer was wrong
	// through passes everything on at once, prompts too: out is the opener,
	// which holds it back, as a terminal has one stream for all.
	through bool
	asked   int
	held    []byte
	done    bool
}

// Write implements io.Writer.
func (p *prompter) Write(b []byte) (int, error) {
	if p.done {
		return p.out.Write(b)
	}
	p.held = append(p.held, b...)
	for len(p.prompt) > 0 {
		i := bytes.Index(p.held, p.prompt)
		if i < 0 {
			break
		}
		p.held = append(p.held[:i:i], p.held[i+len(p.prompt):]...)
		if p.asked++; p.asked == 1 {
			p.answer()
		} else {
			p.reject(errWrongPassword)
		}
	}
	q := question(p.held)
	if p.through {
		n, err := p.pass(b)
		p.wonder(q)
		return n, err
	}
	if p.wonder(q) {
		p.done = true
		return len(b), p.flush()
	}
	if len(p.held) > 2*heldMax {
		p.held = p.held[:heldMax]
	}
	return len(b), nil
}

// questionWait is how long the news that the command has begun may come after what
// it says: they come by two streams.
const questionWait = time.Second

// wonder reports whether the command has begun, and gives up where q is a question
// that somebody else asks.
func (p *prompter) wonder(q string) bool {
	select {
	case <-p.begun:
		return true
	default:
	}
	if q == "" || !p.curious {
		return false
	}
	if !p.through {
		timer := time.NewTimer(questionWait)
		defer timer.Stop()
		select {
		case <-p.begun:
			return true
		case <-timer.C:
		}
	}
	p.curious = false
	p.reject(fmt.Errorf("it asks %q, which %w", q, errNoAnswer))
	return false
}

// question is the end of said where that looks like somebody waits for an
// answer: a last line without an end, and with a colon.
func question(said []byte) string {
	line := bytes.TrimSpace(said[bytes.LastIndexByte(said, '\n')+1:])
	if len(line) == 0 || bytes.HasSuffix(said, []byte("\n")) || !bytes.HasSuffix(line, []byte(":")) {
		return ""
	}
	return printable(string(line))
}

// pass keeps what may be the start of a prompt, and passes b on.
func (p *prompter) pass(b []byte) (int, error) {
	p.held = p.held[max(0, len(p.held)-len(p.prompt)):]
	if _, err := p.out.Write(b); err != nil {
		return 0, err
	}
	select {
	case <-p.begun:
		p.done, p.held = true, nil
	default:
	}
	return len(b), nil
}

// flush passes on what was held.
func (p *prompter) flush() error {
	held := bytes.TrimLeft(p.held, "\r\n") // sudo ends its prompt line after the password
	p.held = nil
	if len(held) == 0 {
		return nil
	}
	_, err := p.out.Write(held)
	return err
}
