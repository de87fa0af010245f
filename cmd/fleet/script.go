package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"

	"fleet/tasks"
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
	case tasks.WindowsLines(text):
		return "", &usageError{
			err:  badUsage("--script: %q has lines that end as on Windows (CR LF), and a shell takes the CR for a part of them", name),
			hint: `tr -d '\r' makes them plain`,
		}
	}
	return text, nil
}
