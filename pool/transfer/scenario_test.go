//go:build !windows

package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fleet/internal/sshd"
	"fleet/transport"
)

// oddTree makes a folder of files with odd names, some of them empty, and a
// folder with such a name.
func oddTree(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "tree")
	if err := os.MkdirAll(filepath.Join(dir, "in\nside 'it'"), 0o755); err != nil {
		t.Fatal(err)
	}
	for i, name := range oddNames {
		content := []byte(strings.Repeat(name, i%3))
		for _, path := range []string{filepath.Join(dir, name), filepath.Join(dir, "in\nside 'it'", name)} {
			if err := os.WriteFile(path, content, 0o640); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := os.Symlink("plain", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// listing is what is below dir: names with kind, mode and content.
func treeOf(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		st, err := d.Info()
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		switch {
		case d.IsDir():
			all = append(all, fmt.Sprintf("%q %v", name, st.Mode()))
		case d.Type()&fs.ModeSymlink != 0:
			to, err := os.Readlink(path)
			if err != nil {
				return err
			}
			all = append(all, fmt.Sprintf("%q -> %q", name, to))
		default:
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			all = append(all, fmt.Sprintf("%q %v %.100q", name, st.Mode(), content))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func pushTree(t *testing.T, r *Remote, dir string, o *SyncOptions) (*Report, error) {
	t.Helper()
	tree, err := OpenTree(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tree.Close() }()
	return r.Sync(t.Context(), tree, o)
}

func pushBytes(t *testing.T, r *Remote, content []byte, to string) (*Report, error) {
	t.Helper()
	src := NewSource("data", content, 0o644)
	defer func() { _ = src.Close() }()
	return r.Put(t.Context(), src, &PutOptions{Destination: to})
}

func pullTo(t *testing.T, r *Remote, from, name, into string, o *FetchOptions) (*Report, error) {
	t.Helper()
	folder, err := OpenFolder(into)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = folder.Close() }()
	return r.Fetch(t.Context(), []Item{{Remote: from, Local: name}}, folder, o)
}

// A tree of files with any names gets to every kind of host and back unchanged;
// the second time there is nothing to do.
func TestTreesGoThereAndBack(t *testing.T) {
	dir := oddTree(t)
	want := treeOf(t, dir)
	forHosts(t, allHosts, func(t *testing.T, h *testHost) {
		r := h.open(t)
		for _, changed := range []bool{true, false} {
			report, err := pushTree(t, r, dir+"/", &SyncOptions{Destination: h.path("copy")})
			if err != nil {
				t.Fatal(err)
			}
			if report.Changed() != changed {
				t.Errorf("changed is %v, want %v: %v", report.Changed(), changed, report.Changes)
			}
			if got := treeOf(t, h.local("copy")); !slices.Equal(got, want) {
				t.Fatalf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		}
		back := t.TempDir()
		for _, changed := range []bool{true, false} {
			report, err := pullTo(t, r, h.path("copy"), "copy", back, &FetchOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if report.Changed() != changed {
				t.Errorf("changed is %v, want %v: %v", report.Changed(), changed, report.Changes)
			}
			if got := treeOf(t, filepath.Join(back, "copy")); !slices.Equal(got, want) {
				t.Fatalf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		}
		nothingLeft(t, h.local("."))
	})
}

// Servers may lack extensions, answer late and read less than asked.
func TestPoorServersAreGoodEnough(t *testing.T) {
	for name, faults := range map[string]sshd.FileFaults{
		"no extensions": {NoExtensions: true},
		"short reads":   {ShortReads: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := embedded(t, name, sshd.Config{Faults: sshd.Faults{Files: faults}})
			r := h.open(t)
			content := bytes.Repeat([]byte("0123456789abcdef"), 256<<10) // 4 MiB
			for _, c := range [][]byte{content, content[:1<<20], []byte("x")} {
				if _, err := pushBytes(t, r, c, h.path("data")); err != nil {
					t.Fatal(err)
				}
				back := t.TempDir()
				if _, err := pullTo(t, r, h.path("data"), "data", back, &FetchOptions{}); err != nil {
					t.Fatal(err)
				}
				got, err := os.ReadFile(filepath.Join(back, "data"))
				if err != nil || !bytes.Equal(got, c) {
					t.Fatalf("got %d bytes of %d, %v", len(got), len(c), err)
				}
			}
			dir := oddTree(t)
			for range 2 {
				if _, err := pushTree(t, r, dir, &SyncOptions{Destination: h.path(".")}); err != nil {
					t.Fatal(err)
				}
			}
			if got, want := treeOf(t, h.local("tree")), treeOf(t, dir); !slices.Equal(got, want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
			nothingLeft(t, h.local("."))
		})
	}
}

// Content that changes on its way takes nobody's place.
func TestCorruptedContentIsRefused(t *testing.T) {
	s, h := embeddedServer(t, "corrupting", sshd.Config{})
	if err := os.WriteFile(h.local("data"), []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.SetFaults(sshd.Faults{Files: sshd.FileFaults{Corrupt: true}}); err != nil {
		t.Fatal(err)
	}
	r := h.open(t)
	if _, err := pushBytes(t, r, []byte("new content"), h.path("data")); err == nil {
		t.Error("put: no error")
	}
	if got, err := os.ReadFile(h.local("data")); err != nil || string(got) != "old" {
		t.Errorf("got %q, %v", got, err)
	}
	nothingLeft(t, h.local("."))
}

// A link that is cut half-way costs a second connection, not the transfer. What was
// on the way is lost, which may be some megabytes; each connection is good for 7 of 8.
func TestALinkCutHalfWayIsMadeAnew(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789abcdef"), 512<<10) // 8 MiB
	dir := t.TempDir()
	for _, name := range []string{"a", "b", "c", "d"} {
		if err := os.WriteFile(filepath.Join(dir, name), content[:2<<20], 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]struct {
		faults sshd.FileFaults
		run    func(t *testing.T, r *Remote, h *testHost) error
		result string
	}{
		"put": {sshd.FileFaults{DropWrites: 7 << 20}, func(t *testing.T, r *Remote, h *testHost) error {
			_, err := pushBytes(t, r, content, h.path("result"))
			return err
		}, "result"},
		"fetch": {sshd.FileFaults{DropReads: 7 << 20}, func(t *testing.T, r *Remote, h *testHost) error {
			if err := os.WriteFile(h.local("data"), content, 0o644); err != nil {
				return err
			}
			_, err := pullTo(t, r, h.path("data"), "result", h.local("."), &FetchOptions{})
			return err
		}, "result"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := embedded(t, name, sshd.Config{Faults: sshd.Faults{Files: test.faults}})
			r := h.open(t)
			if err := test.run(t, r, h); err != nil {
				t.Fatal(err)
			}
			if got, err := os.ReadFile(h.local(test.result)); err != nil || !bytes.Equal(got, content) {
				t.Errorf("got %d bytes of %d, %v", len(got), len(content), err)
			}
			nothingLeft(t, h.local("."))
		})
	}
}

// When the link does not come back, the target is as it was, and the error says
// that the connection was lost.
func TestALostLinkLeavesTheTarget(t *testing.T) {
	s, h := embeddedServer(t, "cut", sshd.Config{Faults: sshd.Faults{Files: sshd.FileFaults{DropWrites: 1 << 20}}})
	if err := os.WriteFile(h.local("data"), []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	content := bytes.Repeat([]byte("0123456789abcdef"), 512<<10) // 8 MiB
	_, err := pushBytes(t, h.open(t), content, h.path("data"))
	var lost *transport.Error
	if !errors.As(err, &lost) || lost.Kind != transport.KindLost {
		t.Errorf("got %v, want a lost connection", err)
	}
	if got, err := os.ReadFile(h.local("data")); err != nil || string(got) != "old" {
		t.Errorf("got %q, %v", got, err)
	}
	if err := s.SetFaults(sshd.Faults{}); err != nil {
		t.Fatal(err)
	}
	if _, err := pushBytes(t, h.open(t), content, h.path("data")); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(h.local("data")); err != nil || !bytes.Equal(got, content) {
		t.Errorf("got %d bytes of %d, %v", len(got), len(content), err)
	}
}

// What is stopped leaves nothing.
func TestWhatIsStoppedLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	for i := range 50 {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprint(i)), bytes.Repeat([]byte("x"), 100_000), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	forHosts(t, mainHosts, func(t *testing.T, h *testHost) {
		stopped := errors.New("stopped")
		for name, run := range map[string]func(ctx context.Context, r *Remote, o Options) error{
			"put": func(ctx context.Context, r *Remote, o Options) error {
				src := NewSource("data", bytes.Repeat([]byte("x"), 5_000_000), 0o644)
				defer func() { _ = src.Close() }()
				_, err := r.Put(ctx, src, &PutOptions{Destination: h.path("data"), Options: o})
				return err
			},
			"sync": func(ctx context.Context, r *Remote, o Options) error {
				tree, err := OpenTree(dir+"/", nil)
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = tree.Close() }()
				_, err = r.Sync(ctx, tree, &SyncOptions{Destination: h.path("tree"), Options: o})
				return err
			},
		} {
			r := h.open(t)
			ctx, cancel := context.WithCancelCause(t.Context())
			// So slow that it is under way when something has moved.
			o := Options{Limit: NewLimiter(2_000_000), Meter: &Meter{}}
			done := make(chan error)
			go func() { done <- run(ctx, r, o) }()
			for o.Meter.Progress().BytesDone == 0 {
				select {
				case err := <-done:
					t.Fatalf("%s: ended with %v", name, err)
				default:
				}
			}
			cancel(stopped)
			if err := <-done; !errors.Is(err, stopped) {
				t.Errorf("%s: got %v, want the cause", name, err)
			}
			nothingLeft(t, h.local("."))
			if _, err := os.Lstat(h.local("data")); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s: there is a target: %v", name, err)
			}
		}
	})
}
