//go:build !windows

package transfer

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fleet/internal/sshd"
)

// Whatever a server answers, nothing outside of the folder is written, no file is
// half there, and there is an end.
func TestHostileServersAreContained(t *testing.T) {
	h := embedded(t, "hostile", sshd.Config{
		Files: sshd.HostileFiles(),
		Exec:  func(context.Context, *sshd.Exec) int { return 127 }, // commands would tell the truth
	})
	for _, tt := range []struct {
		attack string
		refuse string // what the error or the note is about
	}{
		{"dotdot", "../escaped"},
		{"absolute", "/escaped"},
		{"slash", "a/escaped"},
		{"empty", `""`},
		{"dot", ""},
		{"parent", ""},
		{"nul", "entry"},
		{"links", "link"},
		{"through", ""},
		{"becomes-link", ""},
		{"becomes-file", ""},
		{"wide", "files"},
		{"deep", "deep"},
		{"short", "f"},
		{"long", ""},
		{"endless", ""},
		{"huge", "bytes"},
		{"negative", "f"},
		{"special", "device"},
	} {
		t.Run(tt.attack, func(t *testing.T) {
			t.Parallel()
			outer := t.TempDir()
			r := h.open(t)
			report, err := pullTo(t, r, "/"+tt.attack, "got", filepath.Join(outer, "into"), &FetchOptions{MaxFiles: 300, MaxBytes: 1 << 20})
			var said []string
			if err != nil {
				said = append(said, err.Error())
			}
			if report != nil {
				said = append(said, report.Notes...)
			}
			t.Logf("%q", said)
			if tt.refuse != "" && !strings.Contains(strings.Join(said, "\n"), tt.refuse) {
				t.Errorf("got %q, want something about %q", said, tt.refuse)
			}
			contained(t, outer)
		})
	}
	t.Run("setuid", func(t *testing.T) {
		into := t.TempDir()
		if _, err := pullTo(t, h.open(t), "/setuid", "got", into, &FetchOptions{}); err != nil {
			t.Fatal(err)
		}
		if st, err := os.Lstat(filepath.Join(into, "got/f")); err != nil || st.Mode() != 0o755 {
			t.Errorf("got %v, %v, want a plain mode", st, err)
		}
	})
	t.Run("honest", func(t *testing.T) {
		into := t.TempDir()
		if _, err := pullTo(t, h.open(t), "/honest", "got", into, &FetchOptions{}); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(filepath.Join(into, "got/d/f")); err != nil || string(got) != "content" {
			t.Errorf("got %q, %v", got, err)
		}
	})
}

// contained fails where something is in outer besides the folder "into", or
// something in that leads out of it, or is not what the server told of it.
func contained(t *testing.T, outer string) {
	t.Helper()
	list, err := os.ReadDir(outer)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		if e.Name() != "into" {
			t.Errorf("written outside: %s", e.Name())
		}
	}
	for _, line := range treeOf(t, outer) {
		if strings.Contains(line, "->") && (strings.Contains(line, `-> "/`) || strings.Contains(line, `-> "..`)) {
			t.Errorf("a link leads out: %s", line)
		}
	}
	_ = filepath.WalkDir(outer, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Base(path) != "f" {
			return err
		}
		if st, err := d.Info(); err != nil || st.Size() != 10 {
			t.Errorf("a file is not as the server told: %v, %v", st, err)
		}
		return nil
	})
	nothingLeft(t, outer)
}
