package tunnel

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"

	"fleet/internal/forward"
	"fleet/internal/portuser"
)

// A listener listens on this machine.
type listener struct {
	net.Listener
	endpoint forward.Endpoint // with the real port
	socket   *socketFile      // nil for TCP
	once     sync.Once
}

// close ends the listener and removes its socket, once.
func (l *listener) close() {
	l.once.Do(func() {
		if l.socket != nil {
			l.socket.remove()
		}
		_ = l.Close()
	})
}

// addresses are those that are bound, and who asked for them.
type addresses map[forward.Endpoint]string

// bind listens where owner's forward wants to.
func (a addresses) bind(owner string, at forward.Endpoint) (*listener, error) {
	if other, dup := a[at]; dup {
		return nil, twice(owner, at, other, at)
	}
	ln, err := listen(at)
	if used := (*inUseError)(nil); errors.As(err, &used) && (used.who == "" || used.ours()) {
		if same, ok := a.samePort(at); ok {
			return nil, twice(owner, at, a[same], same)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", owner, err)
	}
	if at.IsUnix() || at.Port() > 0 {
		a[at] = owner
	}
	return ln, nil
}

// samePort is one that is bound and may be at's in other words, as localhost and
// all addresses are those of loopback too.
func (a addresses) samePort(at forward.Endpoint) (forward.Endpoint, bool) {
	for other := range a {
		if !at.IsUnix() && !other.IsUnix() && other.Port() == at.Port() {
			return other, true
		}
	}
	return forward.Endpoint{}, false
}

// twice is the error where two want the same.
func twice(owner string, at forward.Endpoint, other string, as forward.Endpoint) error {
	also := ""
	if as != at {
		also = fmt.Sprintf(" (as %q)", as)
	}
	if owner == other {
		return fmt.Errorf("%s: %q is asked for twice%s", owner, at, also)
	}
	return fmt.Errorf("%q is asked for twice%s, by %s and by %s: each needs its own", at, also, other, owner)
}

func listen(at forward.Endpoint) (*listener, error) {
	if at.IsUnix() {
		return listenSocket(at)
	}
	nc, err := net.Listen(at.Network, at.Address)
	if err != nil {
		return nil, listenError(at, err)
	}
	port := nc.Addr().(*net.TCPAddr).Port
	return &listener{Listener: nc, endpoint: at.WithPort(port)}, nil
}

// listenError says who holds the address, where that can be known.
func listenError(at forward.Endpoint, err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err // it would say the address again
	}
	if !errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("listen on %q: %w", at, err)
	}
	who, _ := portuser.Holder(at.Network, at.Address)
	return &inUseError{at, who, err}
}

// An inUseError is an address that somebody holds.
type inUseError struct {
	at  forward.Endpoint
	who string // empty where that is not known
	err error
}

func (e *inUseError) Error() string {
	if e.who == "" {
		return fmt.Sprintf("%q is in use", e.at)
	}
	return fmt.Sprintf("%q is in use by %s", e.at, e.who)
}

// ours reports whether this process holds the address.
func (e *inUseError) ours() bool {
	return strings.HasSuffix(e.who, fmt.Sprintf("pid %d)", os.Getpid()))
}

func (e *inUseError) Unwrap() error { return e.err }
