package sshconfig

import (
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// tokens holds what the tokens of one host stand for.
type tokens struct {
	env      *env
	host     string // %h
	original string // %n
	user     string // %r
	port     string // %p
	alias    string // %k
	jump     string // %j
}

const (
	fileTokens  = "CLdhijklnpru" // of file names and RemoteCommand
	proxyTokens = "hknpr"        // of ProxyCommand and ProxyJump
)

func (t *tokens) value(token byte) string {
	switch token {
	case 'h':
		return t.host
	case 'n':
		return t.original
	case 'r':
		return t.user
	case 'p':
		return t.port
	case 'k':
		return t.alias
	case 'j':
		return t.jump
	case 'd':
		return t.env.home
	case 'u':
		return t.env.user
	case 'i':
		return t.env.uid
	case 'l':
		return t.env.host
	case 'L':
		short, _, _ := strings.Cut(t.env.host, ".")
		return short
	case 'C':
		sum := sha1.Sum([]byte(t.env.host + t.host + t.port + t.user + t.jump))
		return hex.EncodeToString(sum[:])
	default:
		return "%"
	}
}

// checkTokens reports a token that is not among those allowed.
func checkTokens(s, allowed string) error {
	for i := strings.IndexByte(s, '%'); i >= 0 && i < len(s); i++ {
		if s[i] != '%' {
			continue
		}
		i++
		if i == len(s) {
			return fmt.Errorf("%q ends in a single %%; write %%%% for one", s)
		}
		if s[i] != '%' && strings.IndexByte(allowed, s[i]) < 0 {
			return fmt.Errorf("%q: unknown token %%%c; write %%%%%c for the text itself", s, s[i], s[i])
		}
	}
	return nil
}

// expand replaces the tokens of s.
func (t *tokens) expand(s, allowed string) (string, error) {
	if err := checkTokens(s, allowed); err != nil || !strings.Contains(s, "%") {
		return s, err
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			b.WriteByte(s[i])
			continue
		}
		i++
		b.WriteString(t.value(s[i]))
	}
	return b.String(), nil
}

// expandCommand replaces the tokens of a command that a shell will read. Names
// that the shell would take for more than a name are refused, as ssh 9.6 does.
func (t *tokens) expandCommand(s, allowed string) (string, error) {
	for i := strings.IndexByte(s, '%'); i >= 0 && i+1 < len(s); i++ {
		if s[i] != '%' {
			continue
		}
		i++
		value := t.value(s[i])
		switch s[i] {
		case 'h', 'k', 'n', 'j':
			if !safeHost(value) {
				return "", fmt.Errorf("host name %q is not safe to use in a command", value)
			}
		case 'r':
			if !safeUser(value) {
				return "", fmt.Errorf("user name %q is not safe to use in a command", value)
			}
		}
	}
	return t.expand(s, allowed)
}

// expandFile replaces ~, tokens and variables of a file name.
func (t *tokens) expandFile(s string) (string, error) {
	s, err := t.env.tilde(s)
	if err != nil {
		return "", err
	}
	// One pass over both, so that a value with a "$" or "%" in it stays.
	if err := checkTokens(s, fileTokens); err != nil {
		return "", err
	}
	return replace(s, t.env.lookup, t.value)
}

// expandVariables replaces ${NAME} in s.
func expandVariables(s string, lookup func(string) (string, bool)) (string, error) {
	return replace(s, lookup, nil)
}

// replace replaces ${NAME} by variables and, where token is set, tokens.
func replace(s string, lookup func(string) (string, bool), token func(byte) string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case token != nil && s[i] == '%' && i+1 < len(s):
			i++
			b.WriteString(token(s[i]))
		case strings.HasPrefix(s[i:], "${"):
			name, _, closed := strings.Cut(s[i+2:], "}")
			if !closed || name == "" {
				return "", fmt.Errorf("%q: write a variable as ${NAME}", s)
			}
			value, ok := lookup(name)
			if !ok {
				return "", fmt.Errorf("%q: the environment variable %s is not set", s, name)
			}
			b.WriteString(value)
			i += len("${}") + len(name) - 1
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String(), nil
}

// checkVariable checks the name in "$NAME", which IdentityAgent and
// ForwardAgent take besides ${NAME}.
func checkVariable(arg string) error {
	name, ok := strings.CutPrefix(arg, "$")
	if !ok || strings.HasPrefix(name, "{") {
		return nil
	}
	const letters = "_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	if name == "" || strings.Trim(name, letters) != "" {
		return fmt.Errorf("%q is not the name of an environment variable", arg)
	}
	return nil
}

// These names are refused from the command line, as ssh does.
var (
	errUnsafeHost = errors.New("the host name holds characters that no host name has")
	errUnsafeUser = errors.New("the user name holds characters that are not safe in a command")
)

// safeHost reports whether a host name means nothing to a shell or to the
// options of a command.
func safeHost(s string) bool {
	return !strings.HasPrefix(s, "-") && strings.IndexFunc(s, func(r rune) bool {
		return r <= ' ' || r == 0x7f || strings.ContainsRune("'`\"$\\;&<>|(){}", r)
	}) < 0
}

// safeUser is as safeHost, for user names, which may hold spaces, "$" and "\"
// (DOMAIN\user).
func safeUser(s string) bool {
	if strings.HasPrefix(s, "-") || strings.HasSuffix(s, `\`) {
		return false
	}
	for i := range len(s) {
		c := s[i]
		dash := i+1 < len(s) && s[i+1] == '-' && (c == ' ' || c == '\t')
		if dash || c < ' ' || c == 0x7f || strings.IndexByte("'`\";&<>|(){}", c) >= 0 {
			return false
		}
	}
	return true
}
