//go:build windows

package journal

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// where is the byte that is locked: far behind the end, as nobody else may read
// what is locked on Windows.
func where() *windows.Overlapped { return &windows.Overlapped{OffsetHigh: 1 << 30} }

// lock takes the lock of f for a process's life. It waits for those who look
// whether it is taken, which takes them no time.
func lock(f *os.File) error {
	return windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK, 0, 1, 0, where())
}

// locked reports whether a process holds the lock of f.
func locked(f *os.File) (bool, error) {
	h := windows.Handle(f.Fd())
	err := windows.LockFileEx(h, windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, where())
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	return false, windows.UnlockFileEx(h, 0, 1, 0, where())
}

// syncDir has nothing to do: names in folders are in the journal of NTFS.
func syncDir(*os.Root) error { return nil }

// interrupt cannot be done from another console.
func interrupt(*os.Process) error {
	return errors.New("one process cannot interrupt another on Windows (hint: press Ctrl-C in the window where it runs)")
}
