package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
)

// scriptMax bounds a script: it is held in memory here and by a shell there.
const scriptMax = 4 << 20

// readScript reads the file that --script names; "-" is stdin.
func readScript(stdin io.Reader, name string) (string, error) {
	in := stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return "", fmt.Errorf("--script: %w", err)
		}
		defer f.Close()
		in = f
	}
	data, err := io.ReadAll(io.LimitReader(in, scriptMax+1))
	if err != nil {
		return "", fmt.Errorf("--script: %w", err)
	}
	text := string(bytes.TrimPrefix(data, []byte("\ufeff")))
	switch {
	case len(data) > scriptMax:
		return "", badUsage("--script: %q is larger than %d MiB; copy it to the hosts and run it there", name, scriptMax>>20)
	case strings.ContainsRune(text, 0):
		return "", badUsage("--script: %q is not a text file", name)
	case strings.TrimSpace(text) == "":
		return "", badUsage("--script: %q is empty", name)
	case windowsLines(text):
		return "", &usageError{
			err:  badUsage("--script: %q has lines that end as on Windows (CR LF), and a shell takes the CR for a part of them", name),
			hint: `tr -d '\r' makes them plain`,
		}
	}
	return text, nil
}

// windowsLines reports whether the first line of a script for a shell ends with
// a CR. Other languages do not mind.
func windowsLines(text string) bool {
	first, _, _ := strings.Cut(text, "\n")
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

// otherInterpreter is the command that a script with a "#!" line of another
// program than a plain sh runs by; nil is /bin/sh.
func otherInterpreter(text string) []string {
	line, _, _ := strings.Cut(text, "\n")
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
