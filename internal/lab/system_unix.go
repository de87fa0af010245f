//go:build unix

package lab

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// supported tells what of o this system cannot do.
func supported(o Options) error {
	if o.Addresses && runtime.GOOS != "linux" {
		return errors.New("only Linux has an address for every host of a lab; leave the addresses out and each gets a port of its own")
	}
	return nil
}

// takeLock makes the lock file with this process's id in it, and holds its
// lock until it is closed. The id is that of a living lab as long as the lock
// is held, so it cannot be a stranger's.
func takeLock(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("lock %q: %w", f.Name(), err)
	}
	if _, err := fmt.Fprintln(f, os.Getpid()); err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// holder is the process that holds the lock of f, or 0. It stays right when
// the file is removed meanwhile.
func holder(f *os.File) (int, error) {
	err := unix.Flock(int(f.Fd()), unix.LOCK_SH|unix.LOCK_NB)
	if err == nil {
		return 0, unix.Flock(int(f.Fd()), unix.LOCK_UN)
	}
	if !errors.Is(err, unix.EWOULDBLOCK) {
		return 0, err
	}
	b, err := io.ReadAll(io.NewSectionReader(f, 0, 64))
	if err != nil {
		return 0, err
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil || pid <= 1 {
		return 0, fmt.Errorf("%q does not hold a process id", f.Name())
	}
	return pid, nil
}

// reserve keeps a port of an address from others without listening on it:
// whoever connects is refused.
func reserve(address string, port int) (taken int, release func(), err error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		return 0, nil, err
	}
	unix.CloseOnExec(fd)
	sa := &unix.SockaddrInet4{Port: port, Addr: [4]byte(net.ParseIP(address).To4())}
	if err := unix.Bind(fd, sa); err != nil {
		_ = unix.Close(fd)
		return 0, nil, fmt.Errorf("bind %s: %w", address, err)
	}
	bound, err := unix.Getsockname(fd)
	if err != nil {
		_ = unix.Close(fd)
		return 0, nil, err
	}
	return bound.(*unix.SockaddrInet4).Port, func() { _ = unix.Close(fd) }, nil
}

// detach makes cmd live on when the caller, or its terminal, goes.
func detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }

func terminate(pid int) error { return syscall.Kill(pid, syscall.SIGTERM) }
func kill(pid int) error      { return syscall.Kill(pid, syscall.SIGKILL) }
