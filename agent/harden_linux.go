package agent

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Harden keeps the memory of this process, which has keys and passwords in it, from
// core files and from other processes of the same user.
func Harden() error {
	if err := noCore(); err != nil {
		return err
	}
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("keep the memory from other processes: %w", err)
	}
	return nil
}
