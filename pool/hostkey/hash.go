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
