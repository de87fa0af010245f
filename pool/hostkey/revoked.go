package hostkey

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"
)

// A revokedFile is a file that RevokedHostKeys of ssh_config names.
type revokedFile struct {
	path string
	now  func() time.Time

	// io admits one reader of the file, and those who need what it reads wait.
	io      sync.Mutex
	list    *revokedList // nil before the first read
	checked time.Time
	old     atomic.Bool // the next one looks, however short the last look ago
}

// A revokedList is what such a file says. It does not change.
type revokedList struct {
	lines map[string]int // by public key in wire form
	err   error          // why the file is of no use
	info  fs.FileInfo    // nil where it could not be read
}

// check refuses the key of host if it, or the authority that signed it, is in
// the file, and also if nobody can tell.
func (f *revokedFile) check(host string, key ssh.PublicKey) error {
	list := f.current()
	if list.err != nil {
		return &RevokedFileError{Host: host, File: f.path, Err: list.err}
	}
	for i, s := range suspects(key) {
		if line, ok := list.lines[string(s.Marshal())]; ok {
			return &RevokedError{
				Host: host, KeyType: s.Type(), Fingerprint: ssh.FingerprintSHA256(s),
				Authority: i == 1, File: f.path, Line: line,
			}
		}
	}
	return nil
}

// current is the file as it was less than a second ago.
func (f *revokedFile) current() *revokedList {
	f.io.Lock()
	defer f.io.Unlock()
	now := f.now()
	if !f.old.Swap(false) && f.list != nil && now.Sub(f.checked) < checkEvery {
		return f.list
	}
	f.checked = now
	if info, err := os.Stat(f.path); f.list == nil || err != nil || f.list.info == nil || !same(f.list.info, info) {
		f.list = readRevoked(f.path)
	}
	return f.list
}

func readRevoked(path string) *revokedList {
	text, info, err := read(path)
	list := &revokedList{info: info}
	if err == nil {
		list.lines, err = parseRevoked(text)
	}
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	list.err = err
	return list
}

// parseRevoked reads public keys, one a line. As in ssh, a line that cannot be
// read makes the file useless: it may be the one that matters.
func parseRevoked(text string) (map[string]int, error) {
	if strings.HasPrefix(text, "SSHKRL\n\x00") { // PROTOCOL.krl section 1
		return nil, errors.New("it is a binary list (KRL), which fleet cannot read")
	}
	lines, n := make(map[string]int), 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		blob, err := parseRevokedLine(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if _, seen := lines[blob]; !seen {
			lines[blob] = n
		}
	}
	return lines, nil
}

// parseRevokedLine returns the key in wire form; of a certificate, its key's.
func parseRevokedLine(line string) (string, error) {
	keyType, rest := cutWord(line)
	text, _ := cutWord(rest)
	if text == "" {
		return "", errors.New("it is not a public key: want TYPE KEY")
	}
	if slices.Contains(plainTypes(), keyType) {
		if err := checkBlob(keyType, text); err != nil {
			return "", err
		}
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return "", errors.New("the key is not base64")
	}
	key, err := ssh.ParsePublicKey(raw)
	if err != nil || key.Type() != keyType {
		return "", fmt.Errorf("it is not a public key of type %q", keyType)
	}
	return string(plainKey(key).Marshal()), nil
}
