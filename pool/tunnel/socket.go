package tunnel

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"syscall"
	"time"

	"fleet/internal/forward"
)

// A socketFile is a Unix socket of ours in the file system.
type socketFile struct {
	path string
	info fs.FileInfo // to know it again
}

// listenSocket binds a socket that only its owner may use, from the first moment
// on. One that nobody listens to is left over from somebody, and is replaced.
func listenSocket(at forward.Endpoint) (*listener, error) {
	ln, err := bindPrivate(at.Address)
	if errors.Is(err, syscall.EADDRINUSE) {
		if err := removeStale(at); err != nil {
			return nil, err
		}
		ln, err = bindPrivate(at.Address)
	}
	if err != nil {
		return nil, listenError(at, err)
	}
	ln.SetUnlinkOnClose(false) // by then it may be another's
	info, err := os.Lstat(at.Address)
	if err != nil {
		_ = ln.Close()
		return nil, fmt.Errorf("listen on %q: %w", at, err)
	}
	return &listener{Listener: ln, endpoint: at, socket: &socketFile{at.Address, info}}, nil
}

// remove removes the file where it is still ours.
func (f *socketFile) remove() {
	if now, err := os.Lstat(f.path); err == nil && os.SameFile(now, f.info) {
		_ = os.Remove(f.path)
	}
}

const (
	// staleWait is how long a socket that somebody listens to may take to accept.
	staleWait = time.Second
	// bornWait is how long one may take from its making until it is listened to.
	bornWait = 100 * time.Millisecond
)

// refuses reports whether nobody listens to the socket.
func refuses(at forward.Endpoint) bool {
	nc, err := net.DialTimeout("unix", at.Address, staleWait)
	if err == nil {
		_ = nc.Close()
	}
	return errors.Is(err, syscall.ECONNREFUSED)
}

// removeStale removes a socket that nobody listens to. Anything else stays, and is
// an error.
func removeStale(at forward.Endpoint) error {
	before, err := os.Lstat(at.Address)
	if err != nil {
		return nil // gone: the next try tells
	}
	if before.Mode().Type() != fs.ModeSocket {
		return fmt.Errorf("listen on %q: there is a file that is not a socket", at)
	}
	if !refuses(at) {
		return listenError(at, syscall.EADDRINUSE)
	}
	// Whoever binds a socket listens a moment later, and refuses until then.
	time.Sleep(bornWait)
	if !refuses(at) {
		return listenError(at, syscall.EADDRINUSE)
	}
	(&socketFile{at.Address, before}).remove()
	return nil
}
