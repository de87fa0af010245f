package term

import "golang.org/x/sys/unix"

// The requests of tcgetattr and tcsetattr with TCSADRAIN and TCSAFLUSH.
const (
	getTermios      = unix.TCGETS
	setTermios      = unix.TCSETSW
	setTermiosFlush = unix.TCSETSF
)
