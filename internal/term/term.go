package term

import (
	"runtime"

	"github.com/clipperhouse/displaywidth"
	"golang.org/x/term"
)

// An fder is a file: *os.File, in practice.
type fder interface{ Fd() uintptr }

// IsTerminal tells whether f, a file or anything else, is a terminal.
func IsTerminal(f any) bool {
	file, ok := f.(fder)
	return ok && term.IsTerminal(int(file.Fd()))
}

// Size is the width and height of the terminal f in cells; 80 by 24 where
// nobody knows.
func Size(f any) (width, height int) {
	if file, ok := f.(fder); ok {
		if w, h, err := term.GetSize(int(file.Fd())); err == nil && w > 0 && h > 0 {
			return w, h
		}
	}
	return 80, 24
}

// Color decides whether to use color on an output. Mode is the value of
// --color: "always" and "never" settle it; with anything else the environment
// does, NO_COLOR before CLICOLOR_FORCE before CLICOLOR, and at last whether the
// output is a terminal that can show it.
func Color(mode string, terminal bool, getenv func(string) string) bool {
	switch mode {
	case "always":
		return true
	case "never":
		return false
	}
	if getenv("NO_COLOR") != "" {
		return false
	}
	if v := getenv("CLICOLOR_FORCE"); v != "" && v != "0" {
		return true
	}
	return getenv("CLICOLOR") != "0" && terminal && capable(getenv)
}

// Live decides whether a display that redraws itself may be used on an output:
// only on a terminal, not with TERM=dumb, and not where CI is set.
func Live(terminal bool, getenv func(string) string) bool {
	if v := getenv("CI"); v != "" && v != "false" && v != "0" {
		return false
	}
	return terminal && capable(getenv)
}

func capable(getenv func(string) string) bool {
	t := getenv("TERM")
	return t != "dumb" && (t != "" || runtime.GOOS == "windows")
}

// Truncate cuts s, a text of one line, to width cells. A cut text ends in "…".
func Truncate(s string, width int) string {
	if width < 1 {
		return ""
	}
	return displaywidth.TruncateString(s, width, "…")
}
