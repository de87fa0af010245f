package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
)

// listen opens a port for every host. The listeners are in the order of the
// hosts; those of hosts that refuse are nil.
func (l *Lab) listen(ctx context.Context, addresses bool) ([]net.Listener, error) {
	if addresses {
		return l.listenAddresses(ctx)
	}
	listeners := make([]net.Listener, len(l.hosts))
	for i, h := range l.hosts {
		h.Address = "127.0.0.1"
		var err error
		if listeners[i], err = l.open(ctx, h, 0); err != nil {
			closeAll(listeners)
			return nil, err
		}
	}
	return listeners, nil
}

// listenAddresses finds a port that is free on all addresses.
func (l *Lab) listenAddresses(ctx context.Context) ([]net.Listener, error) {
	for i, h := range l.hosts {
		h.Address = fmt.Sprintf("127.77.%d.%d", i/250, i%250+1)
	}
	const tries = 20
	for try := 1; ; try++ {
		listeners, err := l.openAll(ctx)
		if err == nil {
			return listeners, nil
		}
		closeAll(listeners)
		for _, release := range l.reserved {
			release()
		}
		l.reserved = nil
		if try == tries || ctx.Err() != nil {
			return nil, err
		}
	}
}

func (l *Lab) openAll(ctx context.Context) ([]net.Listener, error) {
	listeners := make([]net.Listener, len(l.hosts))
	port := 0
	for i, h := range l.hosts {
		var err error
		if listeners[i], err = l.open(ctx, h, port); err != nil {
			return listeners, err
		}
		port = h.Port
	}
	return listeners, nil
}

// open takes a port of the host's address; 0 is any. For a host that refuses,
// the port is only kept from others.
func (l *Lab) open(ctx context.Context, h *host, port int) (net.Listener, error) {
	if h.refuse {
		taken, release, err := reserve(h.Address, port)
		if err != nil {
			return nil, fmt.Errorf("host %s: %w", h.Name, err)
		}
		l.reserved = append(l.reserved, release)
		h.Port = taken
		return nil, nil
	}
	var config net.ListenConfig
	config.SetMultipathTCP(false) // there is one path, and plain TCP is cheaper
	listener, err := config.Listen(ctx, "tcp4", fmt.Sprintf("%s:%d", h.Address, port))
	if errors.Is(err, syscall.EMFILE) {
		return nil, fmt.Errorf("host %s: %w (hint: a lab needs a file for each host and each connection; see ulimit -n)", h.Name, err)
	}
	if err != nil {
		return nil, fmt.Errorf("host %s: %w", h.Name, err)
	}
	h.Port = listener.Addr().(*net.TCPAddr).Port
	return listener, nil
}

func closeAll(listeners []net.Listener) {
	for _, l := range listeners {
		if l != nil {
			_ = l.Close()
		}
	}
}
