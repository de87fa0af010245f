//go:build unix

package sshd

import (
	"encoding/binary"
	"fmt"
	"os"
	"syscall"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// openTerminal gives the process a pseudo-terminal as its controlling one.
func (p *process) openTerminal(t *terminal) (theirs []*os.File, err error) {
	master, slave, err := pty.Open()
	if err != nil {
		return nil, fmt.Errorf("open a terminal: %w", err)
	}
	theirs = []*os.File{slave}
	setModes(slave, t.modes)
	p.in, err = pollable(master)
	if err != nil {
		return theirs, err
	}
	p.out = p.in
	if err := setSize(p.out, t.size); err != nil {
		return theirs, err
	}
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = slave, slave, slave
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	p.cmd.Env = p.session.environ("SSH_TTY=" + slave.Name())
	return theirs, nil
}

// pollable trades f for the same terminal in a form whose Close interrupts a
// Read.
func pollable(f *os.File) (*os.File, error) {
	defer f.Close()
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open a terminal: %w", err)
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("open a terminal: %w", err)
	}
	return os.NewFile(uintptr(fd), f.Name()), nil
}

// setSize tells the terminal its size; 0 by 0 is "unknown" to programs.
func setSize(f *os.File, w window) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = conn.Control(func(fd uintptr) {
		failed = unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, &unix.Winsize{Row: uint16(w.rows), Col: uint16(w.cols)})
	})
	if err != nil {
		return err
	}
	return failed
}

// setModes applies the terminal modes that clients care about (RFC 4254
// section 8): pairs of an opcode and a number, up to opcode 0.
func setModes(tty *os.File, modes string) {
	fd := int(tty.Fd())
	t, err := unix.IoctlGetTermios(fd, termiosGet)
	if err != nil {
		return
	}
	for b := []byte(modes); len(b) >= 5 && b[0] != 0 && b[0] < 160; b = b[5:] {
		on := binary.BigEndian.Uint32(b[1:5]) != 0
		switch b[0] {
		case 36:
			setFlag(&t.Iflag, unix.ICRNL, on)
		case 50:
			setFlag(&t.Lflag, unix.ISIG, on)
		case 51:
			setFlag(&t.Lflag, unix.ICANON, on)
		case 53:
			setFlag(&t.Lflag, unix.ECHO, on)
		case 70:
			setFlag(&t.Oflag, unix.OPOST, on)
		case 72:
			setFlag(&t.Oflag, unix.ONLCR, on)
		}
	}
	_ = unix.IoctlSetTermios(fd, termiosSet, t)
}

// setFlag works on the flag words of every system: their width differs.
func setFlag[T uint32 | uint64](word *T, flag T, on bool) {
	if on {
		*word |= flag
	} else {
		*word &^= flag
	}
}
