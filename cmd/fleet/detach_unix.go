//go:build unix

package main

import (
	"errors"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// canDetach says why a process cannot leave its terminal here; nil where it can.
func canDetach() error { return nil }

// lockFile waits until nobody else has f locked, and locks it until it is closed.
func lockFile(f *os.File) error {
	for {
		if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// leaveTerminal makes this process one that no terminal can end: it gets a session of
// its own, nothing to read, and nobody who reads.
func leaveTerminal() error {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer null.Close()
	if _, err := unix.Setsid(); err != nil {
		return err
	}
	signal.Ignore(syscall.SIGHUP) // it says that a terminal is gone
	for fd := range 3 {
		if err := unix.Dup2(int(null.Fd()), fd); err != nil {
			return err
		}
	}
	return nil
}
