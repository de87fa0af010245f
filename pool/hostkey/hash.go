package hostkey

import (
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"strings"
)

// sum is an HMAC-SHA1, and also the length of a salt.
type sum [sha1.Size]byte

// A hashedName is |1|salt|hash, ssh_config HashKnownHosts.
type hashedName struct{ salt, hash sum }

func parseHashed(text string) (hashedName, error) {
	var h hashedName
	salt, hash, ok := strings.Cut(strings.TrimPrefix(text, "|1|"), "|")
	if !ok || !strings.HasPrefix(text, "|1|") {
		return h, errors.New("the hashed name is not |1|salt|hash")
	}
	if !decodeSum(&h.salt, salt) || !decodeSum(&h.hash, hash) {
		return h, errors.New("the hashed name is damaged")
	}
	return h, nil
}

func decodeSum(to *sum, text string) bool {
	raw, err := base64.StdEncoding.DecodeString(text)
	return err == nil && copy(to[:], raw) == len(to) && len(raw) == len(to)
}

func (h *hashedName) String() string {
	enc := base64.StdEncoding
	return "|1|" + enc.EncodeToString(h.salt[:]) + "|" + enc.EncodeToString(h.hash[:])
}

// hashName hashes name with a new salt.
func hashName(name string) (hashedName, error) {
	var h hashedName
	if _, err := rand.Read(h.salt[:]); err != nil {
		return h, err
	}
	h.hash = newHasher(name).sum(h.salt)
	return h, nil
}

// A hasher computes HMAC-SHA1(salt, name) for one name and many salts. It is
// written out because a search tries every hashed line of a file, and
// crypto/hmac allocates for each.
type hasher struct {
	inner []byte // 64 bytes for salt^ipad, then the name
	outer [sha1.BlockSize + sha1.Size]byte
}

func newHasher(name string) *hasher {
	h := &hasher{inner: make([]byte, sha1.BlockSize+len(name))}
	copy(h.inner[sha1.BlockSize:], name)
	for i := range sha1.BlockSize {
		h.inner[i], h.outer[i] = 0x36, 0x5c
	}
	return h
}

func (h *hasher) sum(salt sum) sum {
	for i, b := range salt {
		h.inner[i], h.outer[i] = b^0x36, b^0x5c
	}
	inner := sum(sha1.Sum(h.inner))
	copy(h.outer[sha1.BlockSize:], inner[:])
	return sha1.Sum(h.outer[:])
}

// A hashedLine is a line whose name is hashed.
type hashedLine struct {
	name  hashedName
	entry entry
}

// hashedLines are the lines of one file whose names are hashed. To find a host
// among them takes an HMAC for each, some 0.4 us: as much as the handshake for
// 3,000 lines. So most questions are put in a way that needs few of them.
type hashedLines struct {
	all    []hashedLine
	marked []int            // those with a marker: few, and always tried
	types  map[string][]int // those without, by key type
	keys   map[string][]int // the same by key, as text
}

func (l *hashedLines) add(h hashedLine) {
	i := len(l.all)
	l.all = append(l.all, h)
	if h.entry.marker != markNone {
		l.marked = append(l.marked, i)
		return
	}
	if l.types == nil {
		l.types, l.keys = make(map[string][]int), make(map[string][]int)
	}
	l.types[h.entry.keyType] = append(l.types[h.entry.keyType], i)
	l.keys[h.entry.base64] = append(l.keys[h.entry.base64], i)
}

// match returns the entries about name.
func (l *hashedLines) match(name string) []entry {
	var found []entry
	if len(l.all) > 0 {
		h := newHasher(name)
		for i := range l.all {
			if line := &l.all[i]; h.sum(line.name.salt) == line.name.hash {
				found = append(found, line.entry)
			}
		}
	}
	return found
}

// matchKey returns the entries about name that have a marker, and the first
// one with this key.
func (l *hashedLines) matchKey(name, key string) []entry {
	var found []entry
	h := newHasher(name)
	for _, i := range l.marked {
		if line := &l.all[i]; h.sum(line.name.salt) == line.name.hash {
			found = append(found, line.entry)
		}
	}
	if i := l.first(h, l.keys[key]); i >= 0 {
		found = append(found, l.all[i].entry)
	}
	return found
}

// hasType reports whether a key of this type is known for name.
func (l *hashedLines) hasType(name, keyType string) bool {
	return l.first(newHasher(name), l.types[keyType]) >= 0
}

func (l *hashedLines) first(h *hasher, lines []int) int {
	for _, i := range lines {
		if line := &l.all[i]; h.sum(line.name.salt) == line.name.hash {
			return i
		}
	}
	return -1
}
