package credential

import (
	"fmt"
	"strings"
	"time"
)

// An Offer is one public key that was offered to the server.
type Offer struct {
	Type        string    // "ssh-ed25519", "ssh-ed25519-cert-v01@openssh.com"
	Fingerprint string    // "SHA256:..."; of the key itself, also for a certificate
	File        string    // where the private key comes from; empty for an agent
	Agent       bool      // the agent holds the private key
	Comment     string    // the agent's comment
	CertFile    string    // where the certificate comes from
	KeyID       string    // of the certificate
	Expires     time.Time // of the certificate; zero is never
}

// String is for people: `ED25519 SHA256:... ("/home/a/.ssh/id_ed25519")`.
func (o Offer) String() string {
	from := fmt.Sprintf("%q", o.File)
	if o.Agent {
		from = fmt.Sprintf("agent %q", o.Comment)
	}
	if o.CertFile != "" {
		from += fmt.Sprintf(" with %q", o.CertFile)
	}
	return fmt.Sprintf("%s %s (%s)", shortType(o.Type), o.Fingerprint, from)
}

// shortType is a key type as users know it: "ED25519", "RSA-CERT".
func shortType(t string) string {
	name, cert := strings.CutSuffix(strings.TrimSuffix(t, "@openssh.com"), "-cert-v01")
	device, sk := strings.CutPrefix(name, "sk-")
	switch {
	case strings.HasPrefix(device, "ecdsa-"):
		name = "ECDSA"
	default:
		name = strings.ToUpper(strings.TrimPrefix(device, "ssh-"))
	}
	if sk {
		name += "-SK"
	}
	if cert {
		name += "-CERT"
	}
	return name
}

// An Outcome is what the server said to an attempt.
type Outcome string

// The outcomes. An attempt that was under way when the connection ended has
// none.
const (
	Accepted Outcome = "accepted"
	Partial  Outcome = "partial" // accepted, and more is asked for
	Denied   Outcome = "denied"
)

// An Attempt is one try to log in.
type Attempt struct {
	Method  string // "publickey", "keyboard-interactive", "password"
	Key     *Offer // for publickey
	Outcome Outcome
}

// A Log is what happened during one login.
type Log struct {
	Attempts []Attempt
	// Allowed are the methods the server named last; nil before it did.
	Allowed []string
	// Notices say what was left out and why, one line each: a key that could
	// not be used, a certificate that has expired.
	Notices []string
}
