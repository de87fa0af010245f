package forward

import (
	"fmt"
	"strings"

	"fleet/internal/filename"
)

// A Kind says which side listens, and who chooses the target.
type Kind int

// The kinds of forwards.
const (
	Local         Kind = iota + 1 // ssh -L: listens here, the target is as seen from the host
	Remote                        // ssh -R: listens on the host, the target is as seen from here
	Dynamic                       // ssh -D: a SOCKS server here, its targets are as seen from the host
	RemoteDynamic                 // ssh -R without a target: a SOCKS server on the host, its targets are as seen from here
)

// String is the kind in words.
func (k Kind) String() string {
	switch k {
	case Local:
		return "local"
	case Remote:
		return "remote"
	case Dynamic:
		return "dynamic"
	case RemoteDynamic:
		return "remote dynamic"
	default:
		return fmt.Sprintf("kind %d", int(k))
	}
}

// ListensHere reports whether the listener is on this machine, not on the host.
func (k Kind) ListensHere() bool { return k == Local || k == Dynamic }

// IsDynamic reports whether the client chooses the target, by SOCKS.
func (k Kind) IsDynamic() bool { return k == Dynamic || k == RemoteDynamic }

// A Rule is one forward.
type Rule struct {
	Kind   Kind
	Listen Endpoint
	To     Endpoint // zero where the kind is dynamic
	Permit Permits  // where a forward may go; nil is everywhere
}

// String is the rule for people, such as "local 127.0.0.1:15432 to localhost:5432".
func (r Rule) String() string {
	if r.To.IsZero() {
		return r.Kind.String() + " " + r.Listen.String()
	}
	return r.Kind.String() + " " + r.Listen.String() + " to " + r.To.String()
}

// hostMark stands for the host's name in the path of a local socket.
const hostMark = "{host}"

// ForHost is the rule of one host where a rule is for count of them and the host
// is the one at index, from 0. What listens here is each host's own: a port counts
// up by index, 0 stays any free port, and in a socket's path {host} is the host's
// name. What listens on a host stays, as every host has its own.
func (r Rule) ForHost(name string, index, count int) (Rule, error) {
	if !r.Kind.ListensHere() {
		if r.To.IsUnix() {
			to, err := r.To.forHost(name)
			r.To = to
			return r, err
		}
		return r, nil
	}
	if r.Listen.IsUnix() {
		if count > 1 && !strings.Contains(r.Listen.Address, hostMark) {
			return Rule{}, fmt.Errorf("%q: %d hosts cannot share a socket; write %s in its path", r.Listen.Address, count, hostMark)
		}
		listen, err := r.Listen.forHost(name)
		r.Listen = listen
		return r, err
	}
	port := r.Listen.Port()
	if port == 0 || index == 0 {
		return r, nil
	}
	if index < 0 || port+index > maxPort {
		return Rule{}, fmt.Errorf("port %d for host %q, number %d of %d, is over %d; start lower, or with 0 for any free ports", port+index, name, index+1, count, maxPort)
	}
	r.Listen = r.Listen.WithPort(port + index)
	return r, nil
}

// forHost puts a host's name into a path. The name is made a plain one first, so
// that no name leads into another folder.
func (e Endpoint) forHost(name string) (Endpoint, error) {
	if !strings.Contains(e.Address, hostMark) {
		return e, nil
	}
	path := strings.ReplaceAll(e.Address, hostMark, filename.Of(name, ""))
	if err := checkPath(path); err != nil {
		return Endpoint{}, fmt.Errorf("%s: %w", quote(path), err)
	}
	e.Address = path
	return e, nil
}
