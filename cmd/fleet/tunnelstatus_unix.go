//go:build !windows

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// ownFolder says why a folder is not safe for sockets: others could reach them, or
// put theirs in place of them.
func ownFolder(dir string, info fs.FileInfo) error {
	st, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case !info.IsDir():
		return errors.New("it is not a folder")
	case ok && int(st.Uid) != os.Geteuid():
		return errors.New("it belongs to another user; hint: XDG_RUNTIME_DIR can name a folder of your own for such things")
	case info.Mode().Perm()&0o077 != 0:
		return fmt.Errorf("others may enter it; hint: chmod 700 %s", dir)
	}
	return nil
}

// refused reports whether nobody listens on a socket any more.
func refused(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }
