package lang

import (
	"os"
	"syscall"
)

// peakMemory is the largest size of a process that ended, in bytes.
func peakMemory(p *os.ProcessState) int64 {
	if usage, ok := p.SysUsage().(*syscall.Rusage); ok {
		return usage.Maxrss << 10
	}
	return 0
}
