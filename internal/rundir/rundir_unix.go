//go:build !windows

package rundir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// ownFolder says why a folder is not this user's alone.
func ownFolder(dir string, info fs.FileInfo) error {
	st, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case ok && int(st.Uid) != os.Geteuid():
		return ErrNotOurs
	case info.Mode().Perm()&0o077 != 0 && !made(dir):
		return errors.New("others may enter it; hint: name a folder of your own, with mode 0700, that is for such things alone")
	case info.Mode().Perm()&0o077 != 0:
		return fmt.Errorf("others may enter it; hint: chmod 700 %s", dir)
	}
	return nil
}

// made reports whether dir is one that fleet makes for itself: to close any other,
// such as /tmp, would lock out who needs it.
func made(dir string) bool {
	for _, name := range []string{filepath.Base(dir), filepath.Base(filepath.Dir(dir))} {
		if name == "fleet" || strings.HasPrefix(name, "fleet-") {
			return true
		}
	}
	return false
}

// checkAbove looks for a folder above dir in which everybody may rename what is
// not theirs.
func checkAbove(dir string) error {
	above, err := filepath.EvalSymlinks(filepath.Dir(dir))
	if err != nil {
		return err
	}
	for {
		info, err := os.Lstat(above)
		if err != nil {
			return err
		}
		if info.Mode().Perm()&0o002 != 0 && info.Mode()&fs.ModeSticky == 0 {
			return fmt.Errorf("%s: everybody may rename %s in it; hint: chmod +t %s", above, dir, above)
		}
		next := filepath.Dir(above)
		if next == above {
			return nil
		}
		above = next
	}
}
