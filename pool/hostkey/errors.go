package hostkey

import (
	"fmt"
	"strings"
	"time"
)

// A Line is one line of a known_hosts file that speaks about a host.
type Line struct {
	File        string
	Line        int
	KeyType     string // as in the file: "ssh-ed25519"
	Fingerprint string // "SHA256:..."
}

// An UnknownError says that nothing is known about a host's key.
type UnknownError struct {
	Host        string // the name looked up, as known_hosts writes it: "web1" or "[web1]:2222"
	KeyType     string
	Fingerprint string
	Files       []string // the files that were read
}

func (e *UnknownError) Error() string {
	return fmt.Sprintf("host key of %q is not known: it offers %s %s", e.Host, shortType(e.KeyType), e.Fingerprint)
}

// Hint is what to do about it.
func (e *UnknownError) Hint() string {
	return fmt.Sprintf("check the fingerprint with whoever runs the host, then %s", addHint(e))
}

// A ChangedError says that a host offers another key than the known ones.
type ChangedError struct {
	Host        string
	KeyType     string // of the key offered
	Fingerprint string
	Known       []Line // what the files say; never empty
}

func (e *ChangedError) Error() string {
	return fmt.Sprintf("host key of %q has changed: it offers %s %s, but %s", e.Host, shortType(e.KeyType), e.Fingerprint, describe(e.Known))
}

// Hint is what to do about it.
func (e *ChangedError) Hint() string {
	return fmt.Sprintf("ask whoever runs the host whether the key was replaced; only then: ssh-keygen -R %s -f %s", shellWord(e.Host), shellWord(e.Known[0].File))
}

// A RevokedError says that a key, or the authority that signed it, is marked
// as revoked.
type RevokedError struct {
	Host        string
	KeyType     string // of the revoked key
	Fingerprint string
	Authority   bool // the revoked key is the one that signed the certificate
	File        string
	Line        int
}

func (e *RevokedError) Error() string {
	what := "host key"
	if e.Authority {
		what = "the authority that signed the host key"
	}
	return fmt.Sprintf("%s of %q is revoked at %s:%d: %s %s", what, e.Host, e.File, e.Line, shortType(e.KeyType), e.Fingerprint)
}

// Hint is what to do about it.
func (e *RevokedError) Hint() string {
	return "do not connect; ask whoever revoked the key"
}

// A RevokedFileError says that no key can be accepted, because a file of revoked
// keys cannot be read.
type RevokedFileError struct {
	Host string
	File string
	Err  error
}

func (e *RevokedFileError) Error() string {
	return fmt.Sprintf("host key of %q cannot be checked against the revoked keys: %s: %v", e.Host, e.File, e.Err)
}

func (e *RevokedFileError) Unwrap() error { return e.Err }

// Hint is what to do about it.
func (e *RevokedFileError) Hint() string {
	return "it must hold public keys, one a line; mend it, or take RevokedHostKeys out of ssh_config"
}

// A Reason says what is wrong with a host certificate.
type Reason string

// The reasons.
const (
	Expired        Reason = "expired"
	NotYetValid    Reason = "not yet valid"
	WrongPrincipal Reason = "wrong principal"
	NotHost        Reason = "not a host certificate"
	BadOptions     Reason = "unsupported critical options"
	WeakSignature  Reason = "signed with SHA-1"
	BadSignature   Reason = "bad signature"
)

// A CertificateError says that a host's certificate comes from a known
// authority, but is not good for this host now.
type CertificateError struct {
	Host        string
	Reason      Reason
	KeyID       string
	Serial      uint64
	Principals  []string
	ValidAfter  time.Time // zero is "since ever"
	ValidBefore time.Time // zero is "for ever"
	Authority   Line      // where the authority is known
}

func (e *CertificateError) Error() string {
	s := fmt.Sprintf("host certificate %q of %q ", e.KeyID, e.Host)
	switch e.Reason {
	case Expired:
		s += "expired on " + e.ValidBefore.Format(time.RFC3339)
	case NotYetValid:
		s += "is not valid before " + e.ValidAfter.Format(time.RFC3339)
	case WrongPrincipal:
		s += "is only for " + quoted(e.Principals)
	case NotHost:
		s += "is a user certificate"
	case BadOptions:
		s += "has critical options that are not supported"
	case WeakSignature:
		s += "is signed with SHA-1, which is no longer safe"
	default:
		s += "has a bad signature"
	}
	return s
}

// Hint is what to do about it.
func (e *CertificateError) Hint() string {
	switch e.Reason {
	case Expired:
		return "have the host's certificate renewed, or check this machine's clock"
	case NotYetValid:
		return "check this machine's clock"
	case WrongPrincipal:
		return "use one of these names as address or host key alias, or have the certificate reissued"
	default:
		return "have the host's certificate reissued"
	}
}

func quoted(words []string) string {
	q := make([]string, len(words))
	for i, w := range words {
		q[i] = fmt.Sprintf("%q", w)
	}
	return strings.Join(q, ", ")
}
