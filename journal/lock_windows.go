//go:build windows

package journal

import (
	"errors"
	"math"
	"os"

	"golang.org/x/sys/windows"
)

// lock takes the lock of f for a process's life. It waits for those who look
// whether it is taken, which takes them no time.
func lock(f *os.File) error {
	return windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK, 0, math.MaxUint32, math.MaxUint32, new(windows.Overlapped))
}

// locked reports whether a process holds the lock of f.
func locked(f *os.File) (bool, error) {
	h, at := windows.Handle(f.Fd()), new(windows.Overlapped)
	err := windows.LockFileEx(h, windows.LOCKFILE_FAIL_IMMEDIATELY, 0, math.MaxUint32, math.MaxUint32, at)
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	return false, windows.UnlockFileEx(h, 0, math.MaxUint32, math.MaxUint32, at)
}

// syncDir has nothing to do: names in folders are in the journal of NTFS.
func syncDir(*os.Root) error { return nil }

// interrupt cannot be done from another console.
func interrupt(*os.Process) error {
	return errors.New("one process cannot interrupt another on Windows (hint: press Ctrl-C in the window where it runs)")
}
