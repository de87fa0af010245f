//go:build unix

package sshconfig

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLoadRefusesFilesOthersCanWrite(t *testing.T) {
	for _, name := range []string{"config", "conf.d/a"} {
		h := newHome(t, "Include conf.d/a\n")
		h.write(t, "conf.d/a", "User a\n")
		if err := os.Chmod(filepath.Join(h.dir, ".ssh", name), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(h.files()); err == nil || !strings.Contains(err.Error(), "~/.ssh/"+name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
