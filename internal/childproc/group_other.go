//go:build !unix

package childproc

import "os/exec"

// ownGroup has nothing to do where there are no process groups: the context ends
// the command itself.
func ownGroup(*exec.Cmd, bool) (finish func()) { return func() {} }

// Interrupted reports whether err is that of a command that Ctrl-C has ended,
// which cannot be told here.
func Interrupted(error) bool { return false }
