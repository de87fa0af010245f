package transport

import (
	"os"
	"strings"
)

// writeScript makes a file, for its user alone, of a script for another interpreter
// than /bin/sh.
func writeScript(text string) (file string, err error) {
	f, err := os.CreateTemp("", "fleet-script-")
	if err != nil {
		return "", err
	}
	if _, err = f.WriteString(text); err == nil {
		err = f.Close()
	} else {
		_ = f.Close()
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return "", err
	}
	return f.Name(), nil
}

// interpreted is the shell text that has the file interpreted. The shell takes it
// away when fleet is no longer there to do so.
func interpreted(interpreter []string, file string) string {
	f := quoteAll([]string{file})
	return "trap 'rm -f \"$f\"' EXIT; trap 'exit 143' TERM; trap 'exit 129' HUP; trap 'exit 130' INT; f=" + f + "; " +
		quoteAll(interpreter) + ` "$f" "$@"` + "\n"
}

// quoteAll is words for a POSIX shell.
func quoteAll(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
	}
	return strings.Join(quoted, " ")
}
