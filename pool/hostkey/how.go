package hostkey

import "fmt"

// A Basis is the ground on which a host key was accepted.
type Basis int

// The grounds.
const (
	Matched    Basis = iota // the key is in a file
	Certified               // a known authority signed it
	Stored                  // it was new, and is in the file now
	NotStored               // it was new, and could not be stored; Warning says why
	NotChecked              // the policy is off
)

// How tells how a host key was verified.
type How struct {
	Basis       Basis
	File        string // where the key or the authority is known, or was stored
	Line        int
	KeyType     string // "ssh-ed25519"
	Fingerprint string // of the host's key, also for a certificate
	Authority   string // fingerprint of the authority, for Certified
	// Warning is one line to show to the user; empty for none.
	Warning string
}

func (h How) String() string {
	at := fmt.Sprintf("%s:%d", h.File, h.Line)
	switch h.Basis {
	case Matched:
		return "known_hosts " + at
	case Certified:
		return "certificate signed by the authority at " + at
	case Stored:
		return "accepted new key, stored in " + at
	case NotStored:
		return "accepted new key, not stored"
	default:
		return "not checked"
	}
}
