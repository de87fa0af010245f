//go:build !windows

package main

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// ownFolder says why a folder is not safe for sockets: others could reach them, or
// put theirs in place of them.
func ownFolder(info fs.FileInfo) error {
	st, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case !info.IsDir():
		return errors.New("it is not a folder")
	case ok && int(st.Uid) != os.Geteuid():
		return errors.New("it belongs to another user")
	case info.Mode().Perm()&0o077 != 0:
		return errors.New("others may enter it; hint: chmod 700")
	}
	return nil
}

// refused reports whether nobody listens on a socket any more.
func refused(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }
