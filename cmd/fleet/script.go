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
	text, err := io.ReadAll(io.LimitReader(in, scriptMax+1))
	switch {
	case err != nil:
		return "", fmt.Errorf("--script: %w", err)
	case len(text) > scriptMax:
		return "", badUsage("--script: %q is larger than %d MiB; copy it to the hosts and run it there", name, scriptMax>>20)
	case bytes.IndexByte(text, 0) >= 0:
		return "", badUsage("--script: %q is not a text file", name)
	}
	return string(bytes.TrimPrefix(text, []byte("\ufeff"))), nil
}

// withInterpreter makes a script with a "#!" line of another program than a
// plain sh run by that program: a shell text that keeps the script in a
// temporary file for as long as the interpreter needs to open it.
func withInterpreter(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	interpreter, ok := strings.CutPrefix(strings.TrimRight(line, "\r"), "#!")
	words := strings.Fields(interpreter)
	if !ok || len(words) == 0 {
		return text
	}
	if p := path.Base(words[0]); len(words) == 1 && (p == "sh" || p == "dash") {
		return text
	}
	end := "FLEET_END_OF_SCRIPT"
	for strings.Contains(text, end) {
		end += "_"
	}
	if !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	// The kernel passes all that follows the interpreter as one word; env -S
	// and the like are for the interpreter to take apart.
	command := words[0]
	if rest := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(interpreter), words[0])); rest != "" {
		command += " '" + strings.ReplaceAll(rest, "'", `'\''`) + "'"
	}
	return `f=$(mktemp "${TMPDIR:-/tmp}/fleet.XXXXXXXX") || exit 125
trap 'rm -f "$f"' EXIT
trap 'rm -f "$f"; exit 143' TERM
trap 'rm -f "$f"; exit 129' HUP
trap 'rm -f "$f"; exit 130' INT
cat >"$f" <<'` + end + `' || exit 125
` + text + end + `
` + command + ` "$f" "$@"
`
}
