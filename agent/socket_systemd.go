//go:build !windows

package agent

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"fleet/internal/rundir"
)

// firstPassed is the first descriptor that systemd passes (SD_LISTEN_FDS_START).
const firstPassed = 3

func passed(lookup func(string) string) (net.Listener, error) {
	if lookup("LISTEN_PID") != strconv.Itoa(os.Getpid()) { // they are another process's
		return nil, nil
	}
	switch n, err := strconv.Atoi(lookup("LISTEN_FDS")); {
	case err != nil || n < 0:
		return nil, fmt.Errorf("LISTEN_FDS is %q, which is not a number", lookup("LISTEN_FDS"))
	case n == 0:
		return nil, nil
	case n > 1:
		return nil, fmt.Errorf("%d sockets were passed, and the agent has one; hint: one ListenStream= in the socket unit", n)
	}
	syscall.CloseOnExec(firstPassed)
	file := os.NewFile(firstPassed, "LISTEN_FDS")
	ln, err := net.FileListener(file)
	if err = errors.Join(err, file.Close()); err != nil {
		return nil, fmt.Errorf("the passed socket: %w", err)
	}
	own, ok := ln.(*net.UnixListener)
	if !ok {
		_ = ln.Close()
		return nil, fmt.Errorf("the passed socket listens on %s, and not on a Unix socket", ln.Addr())
	}
	own.SetUnlinkOnClose(false)
	lock, err := adopt(own.Addr().String())
	if err != nil {
		_ = own.Close()
		return nil, err
	}
	return &socketListener{UnixListener: own, lock: lock}, nil
}

// adopt makes sure of a socket that systemd made as Listen does of its own.
func adopt(path string) (*os.File, error) {
	if err := checkPath(path); err != nil {
		return nil, err
	}
	if err := rundir.Check(filepath.Dir(path), false); err != nil {
		return nil, fmt.Errorf("the passed socket: %w; DirectoryMode=0700 in the socket unit says so to systemd", err)
	}
	lock, err := lockSocket(path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		_ = lock.Close()
		return nil, err
	}
	return lock, nil
}
