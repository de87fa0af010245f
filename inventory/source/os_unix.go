//go:build unix

package source

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// checkPrivate refuses a file or a folder that others could have written.
func checkPrivate(info fs.FileInfo) error {
	st, ok := info.Sys().(*syscall.Stat_t)
	if ok && uint64(st.Uid) != uint64(os.Getuid()) {
		return errors.New("it belongs to somebody else")
	}
	if info.Mode().Perm()&0o022 != 0 {
		return errors.New("others can write to it")
	}
	return nil
}
