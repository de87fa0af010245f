//go:build !windows

package agent

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"fleet/internal/rundir"
)

// A socketListener listens on a socket of this user.
type socketListener struct {
	*net.UnixListener
	path string
	mine fs.FileInfo // of the socket
	lock *os.File
	once sync.Once
}

func listen(path string) (net.Listener, error) {
	lock, err := lockSocket(path)
	if err != nil {
		return nil, err
	}
	if err = removeStale(path); err != nil {
		_ = lock.Close()
		return nil, err
	}
	ln, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		_ = lock.Close()
		return nil, err
	}
	ln.SetUnlinkOnClose(false)  // by then the path may be another agent's
	err = os.Chmod(path, 0o600) // nobody else came into the folder before
	var mine fs.FileInfo
	if err == nil {
		mine, err = os.Lstat(path)
	}
	if err != nil {
		_ = os.Remove(path)
		_ = ln.Close()
		_ = lock.Close()
		return nil, err
	}
	return &socketListener{UnixListener: ln, path: path, mine: mine, lock: lock}, nil
}

// lockSocket takes the lock of the socket path, which ends with the file that it
// returns, or with this process in whatever way.
func lockSocket(path string) (*os.File, error) {
	name := path + ".lock"
	for {
		f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR|syscall.O_NOFOLLOW, 0o600)
		if err != nil {
			return nil, fmt.Errorf("lock: %w", err)
		}
		if err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
			_ = f.Close()
			if errors.Is(err, unix.EWOULDBLOCK) {
				return nil, fmt.Errorf("socket %q: %w", path, ErrRunning)
			}
			return nil, fmt.Errorf("lock %q: %w", name, err)
		}
		// A folder of temporary files may have been cleaned meanwhile: then the
		// file with this name is another one.
		mine, err := f.Stat()
		named, missing := os.Lstat(name)
		if err == nil && missing == nil && os.SameFile(mine, named) {
			return f, nil
		}
		_ = f.Close()
		if err = errors.Join(err, missing); err != nil && !errors.Is(missing, fs.ErrNotExist) {
			return nil, fmt.Errorf("lock: %w", err)
		}
	}
}

// staleTime is how long a socket may take to show that somebody listens on it.
const staleTime = 2 * time.Second

// removeStale removes a socket that a killed agent left behind. The lock is held;
// who answers all the same is systemd, or lost its lock with a cleaned folder.
func removeStale(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode().Type() != fs.ModeSocket {
		return fmt.Errorf("%q is there, and is not a socket", path)
	}
	conn, err := net.DialTimeout("unix", path, staleTime)
	switch {
	case err == nil:
		_ = conn.Close()
		return fmt.Errorf("socket %q: %w", path, ErrRunning)
	case !errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("socket %q is there, and it is not clear whether it is in use: %w", path, err)
	}
	return os.Remove(path)
}

// Accept implements net.Listener. Who is neither this user nor root is told so and
// does not arrive.
func (l *socketListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.AcceptUnix()
		if err != nil {
			return nil, err
		}
		uid, err := peerUID(conn)
		if err == nil && (uid == os.Geteuid() || uid == 0) {
			return conn, nil
		}
		turnAway(conn)
	}
}

// Close implements net.Listener. The socket is removed before another agent may
// have the lock.
func (l *socketListener) Close() error {
	err := net.ErrClosed
	l.once.Do(func() {
		if err = nil; l.inPlace() {
			err = os.Remove(l.path)
		}
		err = errors.Join(err, l.UnixListener.Close(), l.lock.Close())
	})
	return err
}

// inPlace reports whether the socket still is where clients look for it: its folder
// may have been removed, at a logout or by who cleans up.
func (l *socketListener) inPlace() bool {
	named, err := os.Lstat(l.path)
	return err == nil && os.SameFile(l.mine, named)
}

// checkSocket says why the socket path is not one to speak to: nobody is there, or
// others could have put theirs there.
func checkSocket(path string) error {
	if err := checkPath(path); err != nil {
		return err
	}
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("socket %q: %w", path, ErrNotRunning)
	}
	if err != nil {
		return err
	}
	if err := rundir.Check(filepath.Dir(path), false); err != nil {
		return fmt.Errorf("socket %q: its folder is not safe: %w", path, err)
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case info.Mode().Type() != fs.ModeSocket:
		return fmt.Errorf("%q is not a socket", path)
	case ok && int(st.Uid) != os.Geteuid():
		return fmt.Errorf("socket %q: %w", path, errForeign)
	}
	return nil
}

// errForeign is why a socket of another user is not spoken to.
var errForeign = errors.New("it belongs to another user")

// dialSocket connects to the socket path. Nothing is said to another user's
// program. What checkSocket looks at is not looked at again.
func dialSocket(ctx context.Context, path string) (*net.UnixConn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", path)
	if errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("socket %q: %w", path, ErrNotRunning)
	}
	if err != nil {
		return nil, err
	}
	mine := conn.(*net.UnixConn)
	uid, err := peerUID(mine)
	if err == nil && uid != os.Geteuid() {
		err = errForeign
	}
	if err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("socket %q: who listens there: %w", path, err)
	}
	return mine, nil
}
