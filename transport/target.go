package transport

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"time"
)

// A Target is one machine and the way to it. It is plain data: two targets
// with equal fields share one connection.
type Target struct {
	// Name is what the user calls the host; it labels errors and events, and
	// takes no part in deciding whether two targets are the same.
	Name string
	// Address is the host name or IP address to dial. Default: Name.
	Address string
	// Port is the TCP port. Default 22.
	Port int
	// User is the login name. It must be set.
	User string

	// Jump is the chain of hosts to go through, first hop first: the first is
	// dialed directly, each next one through the one before.
	Jump []Target
	// Proxy is a command whose stdin and stdout are the connection, with all
	// tokens expanded (ssh_config ProxyCommand). Jump is empty when it is set.
	Proxy string

	Login   Login
	HostKey HostKey
	Link    LinkOptions

	// Env is set for every command on the host, as "NAME=value"
	// (ssh_config SetEnv and SendEnv).
	Env []string
}

// Login says how to prove who we are.
type Login struct {
	// Identities are private key files, tried in this order. Files of
	// DefaultIdentities kind (not named by the user) may be missing.
	Identities []string
	// Explicit is set where the user named Identities: a missing or
	// unreadable file is then an error, not skipped.
	Explicit bool
	// Optional is set where files may be missing or of no use though Explicit
	// is set, as ssh_config may name them for all hosts alike: such a file is
	// left out, with a notice.
	Optional bool
	// Certificates are OpenSSH certificate files for the identities, besides
	// FILE-cert.pub, which is always looked for.
	Certificates []string
	// IdentitiesOnly keeps keys of the agent that are not in Identities from
	// being offered.
	IdentitiesOnly bool
	// Agent is the socket of the ssh agent; empty is none.
	Agent string
	// Password answers password and keyboard-interactive logins.
	Password Secret
	// Batch keeps everybody from being asked for anything (BatchMode).
	Batch bool
	// Methods restricts and orders the methods ("publickey",
	// "keyboard-interactive", "password"); nil allows all, in this order, and
	// an empty list none.
	Methods []string
}

// HostKey says how the server proves who it is.
type HostKey struct {
	// Alias is looked up in place of the address and port (HostKeyAlias).
	Alias string
	// Files are the user's known_hosts files; AcceptNew appends to the first.
	Files []string
	// GlobalFiles are read as well, never written.
	GlobalFiles []string
	// Revoked are files of keys that are refused under every policy
	// (RevokedHostKeys); where one cannot be read, no key is accepted.
	Revoked []string
	Policy  HostKeyPolicy
	// Hash stores new names hashed (HashKnownHosts).
	Hash bool
}

// HostKeyPolicy says what to do with a key that is not known. A key that has
// changed, or is marked as revoked in Files or GlobalFiles, is refused under
// every policy but HostKeyOff.
type HostKeyPolicy int

// The policies, named as in ssh_config StrictHostKeyChecking.
const (
	HostKeyStrict    HostKeyPolicy = iota // refuse unknown keys
	HostKeyAcceptNew                      // store unknown keys, refuse changed ones
	HostKeyOff                            // accept everything; said in a warning, once
)

func (p HostKeyPolicy) String() string {
	switch p {
	case HostKeyAcceptNew:
		return "accept-new"
	case HostKeyOff:
		return "off"
	default:
		return "strict"
	}
}

// LinkOptions hold the times and the algorithms of the connection.
type LinkOptions struct {
	// ConnectTimeout covers TCP, banner, key exchange and login together.
	// Default 10 s.
	ConnectTimeout time.Duration
	// Keepalive is the time without any received byte after which the server
	// is probed; default 15 s, negative is never.
	Keepalive time.Duration
	// KeepaliveMax is how many probes may go unanswered. Default 3.
	KeepaliveMax int
	// Family is "tcp" (the default), "tcp4" or "tcp6".
	Family string

	// Algorithm lists in order of preference, by SSH name; empty is fleet's
	// own choice: what is known to be safe, the fastest first.
	Ciphers, MACs, KeyExchanges, HostKeyAlgorithms, PubkeyAlgorithms []string
	// Legacy adds algorithms that are no longer safe, at the end.
	Legacy bool
}

// DefaultConnectTimeout is used where LinkOptions.ConnectTimeout is 0.
const DefaultConnectTimeout = 10 * time.Second

// Addr is the address and port to dial, as net.Dial takes it.
func (t *Target) Addr() string {
	host, port := t.Address, t.Port
	if host == "" {
		host = t.Name
	}
	if port == 0 {
		port = 22
	}
	return net.JoinHostPort(host, strconv.Itoa(port))
}

// Label is the name to show for the target.
func (t *Target) Label() string {
	if t.Name != "" {
		return t.Name
	}
	return t.Addr()
}

// A Secret is a string that does not print. Only Reveal gives its value;
// formatting, logging and JSON show "(secret)", or nothing when it is empty.
type Secret struct{ value string }

// NewSecret wraps s.
func NewSecret(s string) Secret { return Secret{value: s} }

// Reveal returns the value. Callers hand it to its one consumer and keep no copy.
func (s Secret) Reveal() string { return s.value }

// IsSet reports whether there is a value.
func (s Secret) IsSet() bool { return s.value != "" }

func (s Secret) String() string {
	if s.value == "" {
		return ""
	}
	return "(secret)"
}

// Format keeps every verb, %#v too, from showing the value.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// LogValue implements slog.LogValuer.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalJSON implements json.Marshaler.
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }
