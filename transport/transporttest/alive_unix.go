//go:build !windows

package transporttest

import (
	"bytes"
	"fmt"
	"os"
	"syscall"
)

// alive reports whether process pid runs. A zombie, which only waits for init
// to collect it, does not.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || !bytes.Contains(stat, []byte(") Z "))
}
