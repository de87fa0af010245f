//go:build unix

package source

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"syscall"
)

// ownGroup gives a command a process group of its own, so that the end of its
// context ends its children too.
func ownGroup(c *exec.Cmd) {
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
}

// endGroup ends what a command that has ended left behind. It is called while
// something of it still holds its output open.
func endGroup(c *exec.Cmd) { _ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }

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
