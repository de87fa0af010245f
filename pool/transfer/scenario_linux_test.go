package transfer

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"fleet/internal/sshd"
)

// mount mounts a file system of its own at the host's folder name until the test
// ends, and gives it to whoever owns dir.
func mount(t *testing.T, h *testHost, name, options string, flags uintptr) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can mount")
	}
	path := h.local(name)
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
	var owner unix.Stat_t
	if err := unix.Stat(h.local(""), &owner); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("fleet-test", path, "tmpfs", flags, fmt.Sprintf("%s,mode=755,uid=%d,gid=%d", options, owner.Uid, owner.Gid)); err != nil {
		t.Skipf("root may not mount here, as in a container: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(path, 0); err != nil {
			t.Error(err)
		}
	})
}

// A full disk is named as what it is; the old file stays, and nothing else.
func TestAFullDiskLeavesTheOldFile(t *testing.T) {
	large := bytes.Repeat([]byte("0123456789abcdef"), 192<<10) // 3 MiB
	tree := t.TempDir()
	for i := range 12 {
		if err := os.WriteFile(filepath.Join(tree, fmt.Sprint("f", i)), large[:256<<10], 0o644); err != nil {
			t.Fatal(err)
		}
	}
	forHosts(t, append(mainHosts, sshdHost, sudoCommandHost), func(t *testing.T, h *testHost) {
		mount(t, h, "full", "size=2m", 0)
		r := h.open(t)
		if _, err := pushBytes(t, r, []byte("old"), h.path("full/data")); err != nil {
			t.Fatal(err)
		}
		for name, run := range map[string]func() error{
			"put": func() error { _, err := pushBytes(t, r, large, h.path("full/data")); return err },
			"sync": func() error {
				_, err := pushTree(t, r, tree+"/", &SyncOptions{Destination: h.path("full/tree")})
				return err
			},
		} {
			err := run()
			if err == nil {
				t.Fatalf("%s: no error", name)
			}
			if text := err.Error(); !strings.Contains(text, "full") && !strings.Contains(text, "no space") && !strings.Contains(text, "No space") {
				t.Errorf("%s: %v: does not tell of the full disk", name, err)
			}
			nothingLeft(t, h.local(""))
		}
		if got, err := os.ReadFile(h.local("full/data")); err != nil || string(got) != "old" {
			t.Errorf("got %q, %v", got, err)
		}
		if _, err := pushBytes(t, r, []byte("new"), h.path("full/data")); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	})
}

// A file system that cannot be written to is named as what it is.
func TestAReadOnlyDiskIsNamed(t *testing.T) {
	dir := oddTree(t)
	forHosts(t, append(mainHosts, sshdHost, fileOnlyHost, sudoCommandHost), func(t *testing.T, h *testHost) {
		mount(t, h, "fixed", "size=2m", unix.MS_RDONLY)
		r := h.open(t)
		_, err := pushBytes(t, r, []byte("new"), h.path("fixed/data"))
		if err == nil || !strings.Contains(strings.ToLower(err.Error()), "read-only") {
			t.Errorf("put: got %v", err)
		}
		_, err = pushTree(t, r, dir, &SyncOptions{Destination: h.path("fixed")})
		if err == nil || !strings.Contains(strings.ToLower(err.Error()), "read-only") {
			t.Errorf("sync: got %v", err)
		} else if strings.Contains(err.Error(), "left on the host") {
			t.Errorf("sync: %v: nothing is left", err)
		}
	})
}

// Nothing of fleet is started from a file on the host: /tmp may forbid it.
func TestNoFileIsStartedInTmp(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can mount")
	}
	needTool(t, "unshare")
	shell := filepath.Join(t.TempDir(), "shell")
	script := "#!/bin/sh\n" + `exec unshare -m /bin/sh -c 'mount --bind /tmp /tmp && mount -o remount,bind,noexec /tmp && exec /bin/sh "$@"' sh "$@"` + "\n"
	if err := os.WriteFile(shell, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(shell, "-c", "grep -c ' /tmp .*noexec' /proc/mounts").Output(); err != nil || string(out) != "1\n" {
		t.Skipf("root may not mount here, as in a container: %s, %v", out, err)
	}
	dir := oddTree(t)
	for _, c := range []sshd.Config{{Shell: shell}, {Shell: shell, NoSFTP: true}} {
		h := embedded(t, "noexec /tmp", c)
		r := h.open(t)
		if _, err := pushBytes(t, r, []byte("new"), h.path("data")); err != nil {
			t.Error(err)
		}
		if _, err := pushTree(t, r, dir+"/", &SyncOptions{Destination: h.path("tree")}); err != nil {
			t.Error(err)
		}
		if _, err := pullTo(t, r, h.path("tree"), "tree", t.TempDir(), &FetchOptions{}); err != nil {
			t.Error(err)
		}
		nothingLeft(t, h.local(""))
	}
}

// A file of 5 GB with two bytes in it arrives: sizes do not end at 32 bits.
func TestOffsetsAreLarge(t *testing.T) {
	const size = 5 << 30
	forHosts(t, mainHosts, func(t *testing.T, h *testHost) {
		r := h.open(t)
		if err := r.sys.create(t.Context(), h.path("sparse")); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(h.local("sparse"), size-4); err != nil {
			t.Fatal(err)
		}
		feed := &onePiece{piece: piece{data: []byte("last"), offset: size - 4, done: func(bool) {}}}
		if err := r.sys.write(t.Context(), h.path("sparse"), feed); err != nil {
			t.Fatal(err)
		}
		st, err := r.sys.stat(t.Context(), h.path("sparse"))
		if err != nil || st.size != size {
			t.Errorf("got %d bytes, %v, want %d", st.size, err, int64(size))
		}
		var tail tailWriter
		n, err := r.sys.read(t.Context(), h.path("sparse"), size-6, 100, &tail)
		if err != nil || n != 6 || string(tail) != "\x00\x00last" {
			t.Errorf("got %d bytes, %q, %v", n, tail, err)
		}
	})
}

// onePiece is a feed of one piece.
type onePiece struct {
	piece piece
	given bool
}

func (o *onePiece) next(context.Context, int) (piece, error) {
	if o.given {
		return piece{}, io.EOF
	}
	o.given = true
	return o.piece, nil
}

// A tailWriter keeps what is read from size-6 on.
type tailWriter []byte

func (w *tailWriter) WriteAt(p []byte, _ int64) (int, error) {
	*w = append(*w, p...)
	return len(p), nil
}
