package tunnel

import (
	"errors"
	"fmt"
	"net"
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

// bind listens where host's forward wants to.
func (a addresses) bind(host string, at forward.Endpoint) (*listener, error) {
	if other, dup := a[at]; dup {
		if other == host {
			return nil, fmt.Errorf("%s: %q is asked for twice", host, at)
		}
		return nil, fmt.Errorf("%q is asked for by %s and by %s: each host needs its own", at, other, host)
	}
	ln, err := listen(at)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", host, err)
	}
	if at.IsUnix() || at.Port() > 0 {
		a[at] = host
	}
	return ln, nil
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
	if who, ok := portuser.Holder(at.Network, at.Address); ok {
		return &inUseError{at, " by " + who, err}
	}
	return &inUseError{at, "", err}
}

// An inUseError is an address that somebody holds.
type inUseError struct {
	at  forward.Endpoint
	who string
	err error
}

func (e *inUseError) Error() string { return fmt.Sprintf("%q is in use%s", e.at, e.who) }

func (e *inUseError) Unwrap() error { return e.err }
