//go:build unix

package credential

import (
	"io/fs"
	"os"
	"syscall"
)

// isPrivate reports whether a key file is safe from others. As with ssh, only
// files of our own count: about those of others we can do nothing.
func isPrivate(info fs.FileInfo) bool {
	if info.Mode().Perm()&0o077 == 0 {
		return true
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) != os.Getuid()
}
