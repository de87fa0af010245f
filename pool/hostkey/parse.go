package hostkey

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
)

// A marker is the word that may begin a line.
type marker int

const (
	markNone      marker = iota
	markAuthority        // @cert-authority
	markRevoked          // @revoked
)

// An entry is the key of one line. The key stays text until its host asks.
type entry struct {
	line    int
	marker  marker
	keyType string
	base64  string
}

// blob is the key in wire form. Only text that decodes becomes an entry.
func (e entry) blob() []byte {
	b, err := base64.StdEncoding.DecodeString(e.base64)
	if err != nil {
		return nil
	}
	return b
}

// parsed is one line taken apart.
type parsed struct {
	entry
	names []string // lower case; one name beginning with "|" is a hashed one
}

// errIgnored marks lines that are right but say nothing to us: comments, and
// key types that are not known here (ssh leaves them out silently, too).
var errIgnored = errors.New("ignored")

// parseLine takes one line apart. sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT".
func parseLine(text string) (parsed, error) {
	var p parsed
	rest := strings.TrimLeft(strings.TrimRight(text, " \t\r"), " \t")
	if rest == "" || rest[0] == '#' {
		return p, errIgnored
	}
	if rest[0] == '@' {
		var word string
		word, rest = cutWord(rest)
		switch word {
		case "@cert-authority":
			p.marker = markAuthority
		case "@revoked":
			p.marker = markRevoked
		default:
			return p, fmt.Errorf("marker %q is not known", word)
		}
	}
	var names string
	names, rest = cutWord(rest)
	p.keyType, rest = cutWord(rest)
	p.base64, _ = cutWord(rest)
	if strings.HasPrefix(names, "@") {
		return p, errors.New("two markers")
	}
	if p.base64 == "" {
		return p, errors.New("a key is missing: want NAMES TYPE KEY")
	}
	if !slices.Contains(plainTypes(), p.keyType) {
		return p, errIgnored
	}
	if err := checkBlob(p.keyType, p.base64); err != nil {
		return p, err
	}
	if strings.HasPrefix(names, "|") {
		p.names = []string{names}
		return p, nil
	}
	for n := range strings.SplitSeq(strings.ToLower(names), ",") {
		if n != "" && n != "!" {
			p.names = append(p.names, n)
		}
	}
	if len(p.names) == 0 {
		return p, errors.New("no host name")
	}
	return p, nil
}

// plainTypes are the key types that can stand in a file.
func plainTypes() []string {
	return []string{
		ssh.KeyAlgoED25519, ssh.KeyAlgoRSA,
		ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521,
		ssh.KeyAlgoSKED25519, ssh.KeyAlgoSKECDSA256, ssh.InsecureKeyAlgoDSA,
	}
}

// checkBlob checks that text is base64 and that the key says the same type as
// the line, without decoding the key.
func checkBlob(keyType, text string) error {
	var buf [1024]byte
	raw, err := base64.StdEncoding.AppendDecode(buf[:0], []byte(text))
	if err != nil {
		return errors.New("the key is not base64")
	}
	if len(raw) < 4 {
		return errors.New("the key is cut off")
	}
	n := binary.BigEndian.Uint32(raw)
	if uint64(n) > uint64(len(raw)-4) || string(raw[4:4+n]) != keyType {
		return fmt.Errorf("the key is not of type %q", keyType)
	}
	return nil
}

// cutWord takes the first word of s, and skips the blanks after it.
func cutWord(s string) (word, rest string) {
	i := strings.IndexAny(s, " \t")
	if i < 0 {
		return s, ""
	}
	return s[:i], strings.TrimLeft(s[i:], " \t")
}

// isPattern reports whether a name needs matching rather than comparing.
func isPattern(name string) bool {
	return name[0] == '!' || strings.ContainsAny(name, "*?")
}

// matchNames reports whether host, in lower case, is meant by the names of one
// line. A negated name that matches rules the line out, wherever it stands.
func matchNames(names []string, host string) bool {
	matched := false
	for _, n := range names {
		pattern, negated := strings.CutPrefix(n, "!")
		if !matchGlob(pattern, host) {
			continue
		}
		if negated {
			return false
		}
		matched = true
	}
	return matched
}

// matchGlob matches with * and ?; all else, brackets too, is literal. It goes
// back to the last * only, so that its time is bounded by the product of the
// two lengths.
func matchGlob(pattern, s string) bool {
	star, mark := -1, 0
	p, i := 0, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p++
			i++
		case star >= 0:
			mark++
			p, i = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
