//go:build unix && !linux

package term

import "golang.org/x/sys/unix"

// The requests of tcgetattr and tcsetattr with TCSADRAIN and TCSAFLUSH.
const (
	getTermios      = unix.TIOCGETA
	setTermios      = unix.TIOCSETAW
	setTermiosFlush = unix.TIOCSETAF
)
