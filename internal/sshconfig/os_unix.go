//go:build unix

package sshconfig

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// killGroup makes the end of the context end the command's children too.
func killGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error {
		return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
}

// checkOwner refuses files that others could have written. A group that is the
// owner's own may write, as in Debian.
func checkOwner(info fs.FileInfo) error {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	if uid := uint64(st.Uid); uid != 0 && uid != uint64(os.Getuid()) {
		return errors.New("bad owner: the file must belong to you or to root")
	}
	if info.Mode()&0o002 != 0 || info.Mode()&0o020 != 0 && !privateGroup(st.Uid, st.Gid) {
		return errors.New("bad permissions: others can write to the file (hint: chmod go-w)")
	}
	return nil
}

// privateGroup reports whether a group is that of one user only, by its name.
func privateGroup(uid, gid uint32) bool {
	u, err := user.LookupId(strconv.FormatUint(uint64(uid), 10))
	if err != nil || u.Gid != strconv.FormatUint(uint64(gid), 10) {
		return false
	}
	g, err := user.LookupGroupId(u.Gid)
	return err == nil && g.Name == u.Username
}

func (e *env) shell() []string {
	if sh, ok := e.lookup("SHELL"); ok {
		return []string{sh, "-c"}
	}
	return []string{"/bin/sh", "-c"}
}

func systemFile(func(string) (string, bool)) string { return "/etc/ssh/ssh_config" }
