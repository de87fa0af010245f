//go:build unix

package journal

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// lock takes the lock of f for a process's life. It waits for those who look
// whether it is taken, which takes them no time.
func lock(f *os.File) error {
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX)
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// locked reports whether a process holds the lock of f.
func locked(f *os.File) (bool, error) {
	err := unix.Flock(int(f.Fd()), unix.LOCK_SH|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return true, nil
	}
	return false, errors.Join(err, unix.Flock(int(f.Fd()), unix.LOCK_UN))
}

// syncDir makes the names in a folder survive a loss of power.
func syncDir(root *os.Root) error {
	f, err := root.Open(".")
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// interrupt asks a process to stop. SIGINT would not do: on a terminal the first
// one only makes fleet tell how things stand, and shells have what they start with
// "&" ignore it.
func interrupt(p *os.Process) error { return p.Signal(unix.SIGTERM) }
