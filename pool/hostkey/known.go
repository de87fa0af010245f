package hostkey

import (
	"bytes"
	"encoding/base64"
	"errors"
	"slices"
	"time"

	"golang.org/x/crypto/ssh"

	"fleet/transport"
)

// Known is what is known about one host. It reads the files again where they
// have changed, so it may be kept.
type Known struct {
	name      string // as known_hosts writes it: "host", "[host]:port" or the alias
	bare      string // the name without its port, where it has one
	principal string // what a certificate must name
	policy    transport.HostKeyPolicy
	hash      bool
	files     []*file
	lists     []*revokedFile
	store     *file // where new keys go; nil for nowhere
	now       func() time.Time
}

// A located entry knows its file.
type located struct {
	entry
	file string
}

// Name is the name looked up, as known_hosts writes it.
func (k *Known) Name() string { return k.name }

// Verify decides about the key the host offers. Under accept-new it stores a
// new key, which takes time: call it outside of locks. Its errors are
// *UnknownError, *ChangedError, *RevokedError, *RevokedFileError and
// *CertificateError.
func (k *Known) Verify(key ssh.PublicKey) (How, error) {
	// As in ssh, these files count under every policy.
	for _, f := range k.lists {
		if err := f.check(k.name, key); err != nil {
			return How{}, err
		}
	}
	if k.policy == transport.HostKeyOff {
		return k.how(NotChecked, key), nil
	}
	// Most keys are good ones, and that is seen without a search through
	// all hashed lines. Every other answer comes from a full look.
	// (A line for the bare name counts only where there is none with the port,
	// which the short look cannot tell.)
	exact, bare := k.entriesFor(k.name, key), k.entriesFor(k.bare, key)
	bare = slices.DeleteFunc(bare, func(e located) bool { return e.marker == markNone })
	how, err := k.decide(key, exact, bare)
	if err == nil {
		return how, nil
	}
	how, err = k.decide(key, k.entries(k.name), k.entries(k.bare))
	if _, unknown := errors.AsType[*UnknownError](err); unknown && k.policy == transport.HostKeyAcceptNew {
		return k.accept(plainKey(key))
	}
	return how, err
}

// decide decides by what is known for the name, and for the name without its
// port.
func (k *Known) decide(key ssh.PublicKey, exact, bare []located) (How, error) {
	if err := k.revoked(key, exact, bare); err != nil {
		return How{}, err
	}
	// A certificate that is no good is not held against the host where its
	// plain key is known: ssh falls back to the key, too.
	var certErr error
	if cert, ok := key.(*ssh.Certificate); ok {
		if ca, found := authority(cert, exact, bare); found {
			certErr = k.checkCert(cert, ca)
			if certErr == nil {
				return k.certified(cert, ca), nil
			}
		}
		key = cert.Key
	}
	how, err := k.plain(key, exact)
	if _, unknown := errors.AsType[*UnknownError](err); unknown {
		if e, found := find(key, bare, markNone); found {
			return k.matched(key, e), nil
		}
	}
	if err != nil && certErr != nil {
		return How{}, certErr
	}
	return how, err
}

// entries is what all files say about a name, in their order.
func (k *Known) entries(name string) []located {
	return k.gather(name, func(x *index) []entry { return x.match(name) })
}

// entriesFor is like entries, but may leave out lines with other keys.
func (k *Known) entriesFor(name string, key ssh.PublicKey) []located {
	text := base64.StdEncoding.EncodeToString(plainKey(key).Marshal())
	return k.gather(name, func(x *index) []entry { return x.matchKey(name, text) })
}

func (k *Known) gather(name string, match func(*index) []entry) []located {
	if name == "" {
		return nil
	}
	var all []located
	for _, f := range k.files {
		for _, e := range match(f.current()) {
			all = append(all, located{e, f.path})
		}
	}
	return all
}

// plain checks a key, not a certificate, against what is known.
func (k *Known) plain(key ssh.PublicKey, known []located) (How, error) {
	if e, ok := find(key, known, markNone); ok {
		return k.matched(key, e), nil
	}
	var others []Line
	for _, e := range known {
		if e.marker == markNone {
			others = append(others, e.Line())
		}
	}
	if len(others) > 0 {
		return How{}, &ChangedError{Host: k.name, KeyType: key.Type(), Fingerprint: ssh.FingerprintSHA256(key), Known: others}
	}
	e := &UnknownError{Host: k.name, KeyType: key.Type(), Fingerprint: ssh.FingerprintSHA256(key)}
	for _, f := range k.files {
		e.Files = append(e.Files, f.path)
	}
	return How{}, e
}

// revoked looks for a revoked line about the key, or about the authority that
// signed it.
func (k *Known) revoked(key ssh.PublicKey, lists ...[]located) error {
	for i, s := range suspects(key) {
		for _, list := range lists {
			if e, ok := find(s, list, markRevoked); ok {
				return &RevokedError{
					Host: k.name, KeyType: s.Type(), Fingerprint: ssh.FingerprintSHA256(s),
					Authority: i == 1, File: e.file, Line: e.line,
				}
			}
		}
	}
	return nil
}

// suspects are the keys that may be revoked: the host's, and the authority's.
func suspects(key ssh.PublicKey) []ssh.PublicKey {
	if cert, ok := key.(*ssh.Certificate); ok {
		return []ssh.PublicKey{cert.Key, cert.SignatureKey}
	}
	return []ssh.PublicKey{key}
}

// find looks for the line with this key and marker.
func find(key ssh.PublicKey, list []located, m marker) (located, bool) {
	var blob []byte
	for _, e := range list {
		if e.marker != m || e.keyType != key.Type() {
			continue
		}
		if blob == nil {
			blob = key.Marshal()
		}
		if bytes.Equal(blob, e.blob()) {
			return e, true
		}
	}
	return located{}, false
}

// plainKey is the key itself, also of a certificate.
func plainKey(key ssh.PublicKey) ssh.PublicKey {
	if cert, ok := key.(*ssh.Certificate); ok {
		return cert.Key
	}
	return key
}

func (k *Known) how(b Basis, key ssh.PublicKey) How {
	key = plainKey(key)
	return How{Basis: b, KeyType: key.Type(), Fingerprint: ssh.FingerprintSHA256(key)}
}

func (k *Known) matched(key ssh.PublicKey, e located) How {
	how := k.how(Matched, key)
	how.File, how.Line = e.file, e.line
	return how
}

// Line tells about the entry for a message.
func (e located) Line() Line {
	l := Line{File: e.file, Line: e.line, KeyType: e.keyType}
	if key, err := ssh.ParsePublicKey(e.blob()); err == nil {
		l.Fingerprint = ssh.FingerprintSHA256(key)
	} else {
		l.Fingerprint = "(damaged)"
	}
	return l
}
