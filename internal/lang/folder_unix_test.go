//go:build unix

package lang

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestAPipeInAFolderIsNotOpened(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"p.fleet.hcl", "p.auto.vars.hcl"} {
		if err := syscall.Mkfifo(filepath.Join(dir, name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, ds := loadPaths(dir)
	if len(ds) != 2 || !strings.Contains(ds[0].Detail, "is not a regular file") || !strings.Contains(ds[1].Detail, "is not a regular file") {
		t.Errorf("%v", ds)
	}
}
