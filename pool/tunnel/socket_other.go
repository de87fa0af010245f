//go:build !linux

package tunnel

import (
	"net"
	"os"
	"path/filepath"
	"syscall"
)

// bindPrivate binds a socket with mode 0600. It is made in a folder that nobody
// else can enter, and moved to its place when it has the mode; so it is never
// wider.
func bindPrivate(path string) (*net.UnixListener, error) {
	if _, err := os.Lstat(path); err == nil {
		return nil, syscall.EADDRINUSE
	}
	dir, err := os.MkdirTemp(filepath.Dir(path), ".s")
	if err != nil {
		return nil, err
	}
	defer os.Remove(dir)
	inside := filepath.Join(dir, "s")
	ln, err := net.Listen("unix", inside)
	if err != nil {
		return nil, err
	}
	ul := ln.(*net.UnixListener)
	if err = os.Chmod(inside, 0o600); err == nil {
		err = os.Rename(inside, path)
	}
	if err != nil {
		_ = ul.Close() // removes the file inside
		return nil, err
	}
	return ul, nil
}
