//go:build unix

package childproc

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// ownGroup gives cmd a process group of its own, all of which ends with the
// context. With terminal, it also gets the foreground of the terminal where this
// process has it: what runs in the background may not read there. finish, to be
// called when cmd has ended, ends what is left of the group and takes the
// foreground back.
func ownGroup(cmd *exec.Cmd, terminal bool) (finish func()) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	killGroup := func() error {
		if cmd.Process == nil {
			return nil
		}
		return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
	cmd.Cancel = killGroup
	end := func() { _ = killGroup() } // mostly nobody is left
	if !terminal {
		return end
	}
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return end
	}
	// Fd would make the file blocking, which is of no importance here.
	fd := int(tty.Fd())
	ours := unix.Getpgrp()
	if group, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP); err != nil || group != ours {
		tty.Close()
		return end
	}
	cmd.SysProcAttr.Foreground, cmd.SysProcAttr.Ctty = true, fd
	return func() {
		end()
		takeForeground(fd, ours)
		tty.Close()
	}
}

// takeForeground puts the group in the foreground of a terminal. Who does so from
// the background gets SIGTTOU, which would stop this process.
func takeForeground(fd, group int) {
	signal.Ignore(syscall.SIGTTOU)
	defer signal.Reset(syscall.SIGTTOU)
	_ = unix.IoctlSetPointerInt(fd, unix.TIOCSPGRP, group)
}

// Interrupted reports whether err is that of a command that Ctrl-C has ended: in
// the foreground, it is the only one that it reaches.
func Interrupted(err error) bool {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return false
	}
	status, ok := exit.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGINT
}
