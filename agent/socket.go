package agent

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"time"

	"fleet/internal/rundir"
)

// ErrRunning is in the chain of an error of Listen where another agent has the
// socket.
var ErrRunning = errors.New("an agent runs already")

// ErrNotRunning is in the chain of an error of Dial where nobody is there.
var ErrNotRunning = errors.New("no agent runs")

// Listen listens on the socket path, for this user alone: its folder is made where
// there is none, and nobody else may enter it; who connects as another user, other
// than root, is turned away. A lock on PATH.lock is held until the listener is
// closed, so that there is one agent, and so that a socket which was left behind is
// told from one in use.
func Listen(path string) (net.Listener, error) {
	if err := checkPath(path); err != nil {
		return nil, err
	}
	if err := rundir.Check(filepath.Dir(path), true); err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	return listen(path)
}

// FromSystemd is the listener that systemd made for this process, as
// sd_listen_fds(3) says; nil where it made none. lookup is the environment. It is
// as safe as that of Listen, and stays when it is closed: it is systemd's.
func FromSystemd(lookup func(name string) string) (net.Listener, error) { return passed(lookup) }

// checkPath refuses what not all systems take as the path of a socket.
func checkPath(path string) error {
	switch {
	case !filepath.IsAbs(path):
		return fmt.Errorf("socket %q: the path must begin at the root folder", path)
	case len(path) > rundir.MaxPath:
		return fmt.Errorf("socket %q: a path of %d bytes is too long, at most %d are possible", path, len(path), rundir.MaxPath)
	}
	return nil
}

// refusalTime bounds how long who is turned away may take to hear it.
const refusalTime = time.Second

const strangerText = "this agent serves the user who started it, and nobody else\n"

// turnAway tells another user's program, in HTTP as it asks for it.
func turnAway(conn net.Conn) {
	_ = conn.SetWriteDeadline(time.Now().Add(refusalTime))
	_, _ = fmt.Fprintf(conn, "HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s",
		len(strangerText), strangerText) // a few bytes: they fit into the socket, and are not waited for
	_ = conn.Close()
}
