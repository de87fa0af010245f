package hostkey

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// shortType is a key type as users know it: "ED25519".
func shortType(t string) string {
	switch {
	case t == "ssh-rsa":
		return "RSA"
	case t == "ssh-dss":
		return "DSA"
	case strings.HasPrefix(t, "ecdsa-"):
		return "ECDSA"
	case t == "ssh-ed25519":
		return "ED25519"
	default:
		return t
	}
}

// describe lists what the files say.
func describe(lines []Line) string {
	var parts []string
	for _, l := range lines {
		parts = append(parts, fmt.Sprintf("%s:%d has %s %s", l.File, l.Line, shortType(l.KeyType), l.Fingerprint))
	}
	return strings.Join(parts, ", ")
}

// addHint is the command that adds the key of an unknown host. Where the user
// has no such folder yet, it makes it first.
func addHint(e *UnknownError) string {
	host, port := splitName(e.Host)
	cmd := "ssh-keyscan"
	if port != "" {
		cmd += " -p " + port
	}
	file := "known_hosts"
	if len(e.Files) > 0 {
		file = e.Files[0]
	}
	cmd = fmt.Sprintf("%s %s >> %s", cmd, shellWord(host), shellWord(file))
	dir := filepath.Dir(file)
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		cmd = fmt.Sprintf("mkdir -p -m 700 %s && %s", shellWord(dir), cmd)
	}
	return cmd
}

// splitName takes "[host]:port" apart; the port of a bare name is empty.
func splitName(name string) (host, port string) {
	if h, ok := strings.CutPrefix(name, "["); ok {
		if h, p, ok := strings.Cut(h, "]:"); ok {
			return h, p
		}
	}
	return name, ""
}

// shellWord quotes s for a shell where that is needed.
func shellWord(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./~:@%+,", r)
	}
	if s != "" && strings.TrimFunc(s, plain) == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
