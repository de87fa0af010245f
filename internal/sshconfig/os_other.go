//go:build !unix

package sshconfig

import (
	"io/fs"
	"os/exec"
	"path/filepath"
)

func killGroup(*exec.Cmd) {}

// checkOwner has nothing to look at: file modes say nothing here.
func checkOwner(fs.FileInfo) error { return nil }

func (e *env) shell() []string { return []string{"cmd.exe", "/c"} }

func systemFile(lookup func(string) (string, bool)) string {
	dir, _ := lookup("ProgramData")
	return filepath.Join(dir, "ssh", "ssh_config")
}
