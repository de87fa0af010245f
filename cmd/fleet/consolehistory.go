package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/term"
)

// The bounds of the history.
const (
	maxHistory     = 1000    // lines
	maxHistoryFile = 4 << 20 // bytes that are read of the file
)

// A history is the lines that were typed, which the arrow keys bring back. They
// hold expressions and no values, and are kept in a file that only the user can
// read. Where that cannot be written, they are kept for the session.
type history struct {
	lines []string // the oldest first
	path  string   // "" where there is no file
	drop  bool     // the line was given up with Ctrl-C
}

var _ term.History = (*history)(nil)

// historyPath is where the history is kept; "" where there is no home.
func historyPath(e *env) string {
	return stateDir(e, "console_history")
}

// openHistory reads the history at path. A file that has grown is cut to what
// counts.
func openHistory(path string) *history {
	h := &history{path: path}
	f, err := os.Open(path)
	if err != nil {
		return h // the first session, or one whose file is not readable
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		h.path = ""
		return h
	} else if info.Size() > maxHistoryFile {
		_, _ = f.Seek(-maxHistoryFile, io.SeekEnd)
	}
	b, _ := io.ReadAll(io.LimitReader(f, maxHistoryFile))
	n := 0
	for line := range strings.Lines(string(b)) {
		n++
		if line = strings.TrimRight(line, "\r\n"); plainLine(line) {
			h.lines = append(h.lines, line)
		}
	}
	h.cut()
	if n > 2*maxHistory {
		_ = replaceFile(path, []byte(strings.Join(h.lines, "\n")+"\n"))
	}
	return h
}

// plainLine reports whether a line can be shown as it is.
func plainLine(s string) bool {
	return strings.TrimSpace(s) != "" && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

func (h *history) cut() {
	if n := len(h.lines); n > maxHistory {
		h.lines = append(h.lines[:0], h.lines[n-maxHistory:]...)
	}
}

// Add implements term.History. The same line twice in a row is kept once.
func (h *history) Add(line string) {
	if h.drop || !plainLine(line) || len(h.lines) > 0 && h.lines[len(h.lines)-1] == line {
		return
	}
	h.lines = append(h.lines, line)
	h.cut()
	if h.path == "" {
		return
	}
	if err := appendLine(h.path, line); err != nil {
		h.path = ""
	}
}

// appendLine adds a line to a file that only its owner can read. One write, so
// that two sessions do not mix their lines.
func appendLine(path, line string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(line + "\n")
	return errors.Join(err, f.Close())
}

// Len implements term.History.
func (h *history) Len() int { return len(h.lines) }

// At implements term.History: 0 is the newest.
func (h *history) At(i int) string { return h.lines[len(h.lines)-1-i] }
