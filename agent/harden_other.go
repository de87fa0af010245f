//go:build !linux && !windows

package agent

// Harden keeps the memory of this process, which has keys and passwords in it, from
// core files.
func Harden() error { return noCore() }
