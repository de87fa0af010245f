package main

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"syscall"
	"time"

	"golang.org/x/term"

	fleetterm "fleet/internal/term"
)

// The prompts: for an expression, and for more lines of it.
const (
	promptFirst = "> "
	promptMore  = ": "
)

// errGivenUp says that Ctrl-C ended a line.
var errGivenUp = errors.New("given up with Ctrl-C")

// A lineEditor reads lines from the terminal, with the keys of Emacs as most
// shells have them, history and completion. The terminal is in raw mode while a
// line is read and in its own at all other times, so that Ctrl-C is a signal to
// whatever is being evaluated.
type lineEditor struct {
	tty      *os.File
	conn     syscall.RawConn
	editor   *term.Terminal
	history  *history
	complete func(word string) []string // what a word can become, sorted

	givenUp bool // whether Ctrl-C ended the line
	empty   bool // and whether nothing had been typed
}

// openEditor opens the terminal of the process; an error where there is none, or
// one that cannot move its cursor.
func openEditor(e *env, complete func(string) []string) (*lineEditor, error) {
	if !fleetterm.Live(true, func(name string) string {
		if name == "CI" {
			return "" // somebody sits at this terminal
		}
		return e.value(name)
	}) {
		return nil, fleetterm.ErrNoTerminal
	}
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return nil, fleetterm.ErrNoTerminal
	}
	// Not Fd: that could make reads impossible to interrupt.
	conn, err := tty.SyscallConn()
	if err != nil {
		tty.Close()
		return nil, err
	}
	x := &lineEditor{tty: tty, conn: conn, complete: complete, history: openHistory(historyPath(e))}
	x.editor = term.NewTerminal(keystrokes{tty}, promptFirst)
	x.editor.History = x.history
	x.editor.AutoCompleteCallback = x.key
	return x, nil
}

func (x *lineEditor) close() { _ = x.tty.Close() }

// readLine reads a line. io.EOF is Ctrl-D, errGivenUp Ctrl-C; another error is a
// signal's, or that the terminal is gone.
func (x *lineEditor) readLine(ctx context.Context, prompt string) (line string, err error) {
	restore, err := x.raw()
	if err != nil {
		return "", err
	}
	defer restore()
	x.givenUp, x.history.drop = false, false
	width, height := x.size()
	_ = x.editor.SetSize(width, height)
	x.editor.SetPrompt(prompt)
	x.editor.SetBracketedPasteMode(true)
	defer x.editor.SetBracketedPasteMode(false)
	ended := make(chan struct{})
	go func() { // ends with a line, or when reading is made impossible
		defer close(ended)
		line, err = x.editor.ReadLine()
	}()
	select {
	case <-ended:
	case <-ctx.Done():
		// Where terminals have no deadlines (macOS) the reader stays until
		// the process ends, which is next.
		if x.tty.SetReadDeadline(time.Unix(1, 0)) == nil {
			<-ended
		}
		return "", context.Cause(ctx)
	}
	switch {
	case errors.Is(err, term.ErrPasteIndicator):
		return line, nil
	case err == nil && x.givenUp:
		return "", errGivenUp
	}
	return line, err
}

// raw puts the terminal into raw mode.
func (x *lineEditor) raw() (restore func(), err error) {
	var old *term.State
	if ctl := x.conn.Control(func(fd uintptr) { old, err = term.MakeRaw(int(fd)) }); ctl != nil {
		err = ctl
	}
	if err != nil {
		return nil, err
	}
	return func() {
		_ = x.conn.Control(func(fd uintptr) { _ = term.Restore(int(fd), old) })
	}, nil
}

func (x *lineEditor) size() (width, height int) {
	width, height = 80, 24
	_ = x.conn.Control(func(fd uintptr) {
		if w, h, err := term.GetSize(int(fd)); err == nil && w > 0 && h > 0 {
			width, height = w, h
		}
	})
	return width, height
}

// In raw mode Ctrl-C is a key, which package term takes for the end of input. It
// is given another one, and then the end of the line, so that the line is seen
// once more, by key, and thrown away.
const (
	keyGiveUp = '\x1c' // Ctrl-\, which is not let through
	keyTab    = '\t'
)

// keystrokes reads what is typed.
type keystrokes struct{ io.ReadWriter }

func (k keystrokes) Read(p []byte) (int, error) {
	// Half of the room, as a key becomes two.
	n, err := k.ReadWriter.Read(p[:(len(p)+1)/2])
	if len(p) < 2*n {
		return n, err
	}
	typed := strings.NewReplacer("\x1c", "", "\x03", "\x1c\r").Replace(string(p[:n]))
	return copy(p, typed), err
}

// key is told of each key that does not move the cursor.
func (x *lineEditor) key(line string, pos int, key rune) (string, int, bool) {
	switch key {
	case keyGiveUp:
		x.givenUp, x.history.drop, x.empty = true, true, line == ""
		return line + "^C", len(line) + 2, true
	case keyTab:
		return x.tab(line, pos)
	}
	return "", 0, false
}
