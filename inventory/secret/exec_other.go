//go:build !unix

package secret

import "os/exec"

// ownGroup has nothing to do where there are no process groups: the context ends
// the command itself.
func ownGroup(*exec.Cmd) (finish func()) { return func() {} }

func interrupted(error) bool { return false }
