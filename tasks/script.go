package tasks

import (
	"path"
	"strings"
)

// Interpreter is the command that a script runs by where its "#!" line names
// another program than a plain sh; nil is /bin/sh.
func Interpreter(script string) []string {
	line, _, _ := strings.Cut(script, "\n")
	program, option := interpreter(line)
	base := path.Base(program)
	switch {
	case program == "", option == "" && (base == "sh" || base == "dash"):
		return nil
	case option == "":
		return []string{program}
	default:
		return []string{program, option}
	}
}

// WindowsLines reports whether the first line of a script for a shell ends with
// a CR, which the shell takes for a part of the line. Other languages do not mind.
func WindowsLines(script string) bool {
	first, _, _ := strings.Cut(script, "\n")
	program, option := interpreter(first)
	if path.Base(program) == "env" {
		program = option
	}
	return strings.HasSuffix(first, "\r") && (program == "" || strings.HasSuffix(path.Base(program), "sh"))
}

// interpreter takes a "#!" line apart as the kernel does: a program, and all
// that follows as one word. Both are empty where it is none.
func interpreter(line string) (program, option string) {
	rest, ok := strings.CutPrefix(line, "#!")
	if !ok {
		return "", ""
	}
	rest = strings.TrimSpace(rest)
	if i := strings.IndexAny(rest, " \t"); i >= 0 {
		return rest[:i], strings.TrimSpace(rest[i:])
	}
	return rest, ""
}
