//go:build !windows

package transfer

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func carriesOutChanges(t *testing.T, h *testHost, r *Remote) {
	ctx := t.Context()
	put(t, h, "one", "one")
	put(t, h, "two", "two")
	day := time.Unix(1_000_000_000, 0)
	err := r.sys.do(ctx, []op{
		{what: mkdir, path: h.path("sticky"), mode: 0o777 | fs.ModeSticky},
		{what: mkdir, path: h.path("shared"), mode: 0o775 | fs.ModeSetgid},
		{what: chtimes, path: h.path("one"), time: day},
		{what: chmod, path: h.path("one"), mode: 0o751 | fs.ModeSetuid},
		{what: chown, path: h.path("one"), uid: -1, gid: -1},
		{what: symlink, path: h.path("link"), to: "two"},
		{what: symlink, path: h.path("tofolder"), to: "sticky"},
		{what: hardlink, path: h.path("two"), to: h.path("second")},
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, mode := range map[string]fs.FileMode{
		"sticky": fs.ModeDir | fs.ModeSticky | 0o777, "shared": fs.ModeDir | fs.ModeSetgid | 0o775, "one": 0o751 | fs.ModeSetuid,
	} {
		if st, err := os.Lstat(h.local(name)); err != nil || st.Mode() != mode {
			t.Errorf("%s: got %v and %v, want %v", name, st.Mode(), err, mode)
		}
		i, err := r.sys.lstat(ctx, h.path(name))
		if err != nil || i.mode != mode&^fs.ModeDir || i.uid < 0 || (i.kind == aFolder) != mode.IsDir() {
			t.Errorf("%s: told as %+v and %v", name, i, err)
		}
	}
	if i, err := r.sys.lstat(ctx, h.path("one")); err != nil || !i.mtime.Equal(day) || i.size != 3 {
		t.Errorf("got %+v and %v", i, err)
	}
	if i, err := r.sys.lstat(ctx, h.path("link")); err != nil || i.kind != aLink || h.linkTo(i.link) != "two" {
		t.Errorf("lstat of a link: got %+v and %v", i, err)
	}
	if i, err := r.sys.stat(ctx, h.path("link")); err != nil || i.kind != aFile || i.size != 3 {
		t.Errorf("stat of a link: got %+v and %v", i, err)
	}
	// A rename takes the place of a file and of a link, and enters no folder.
	for _, to := range []string{"two", "link", "tofolder"} {
		put(t, h, "new", "new "+to)
		if err := r.sys.do(ctx, []op{{what: rename, path: h.path("new"), to: h.path(to)}}); err != nil {
			t.Errorf("%s: %v", to, err)
		}
		if st, err := os.Lstat(h.local(to)); err != nil || !st.Mode().IsRegular() {
			t.Errorf("%s: got %v and %v", to, st, err)
		}
		if b, _ := os.ReadFile(h.local(to)); string(b) != "new "+to {
			t.Errorf("%s: got %q", to, b)
		}
	}
	if b, _ := os.ReadFile(h.local("second")); string(b) != "two" {
		t.Errorf("the other name of a file that was replaced: got %q", b)
	}
	put(t, h, "new", "new")
	if err := r.sys.do(ctx, []op{{what: rename, path: h.path("new"), to: h.path("sticky")}}); err == nil {
		t.Error("a file took the place of a folder")
	}
	// A whole folder, to where nothing is.
	put(t, h, "shared/inside", "")
	if err := r.sys.do(ctx, []op{{what: rename, path: h.path("shared"), to: h.path("moved")}}); err != nil {
		t.Error(err)
	}
	err = r.sys.do(ctx, []op{{what: remove, path: h.path("moved/inside")}, {what: remove, path: h.path("second")}})
	if err == nil {
		err = r.sys.do(ctx, []op{{what: rmdir, path: h.path("moved")}})
	}
	if _, serr := os.Lstat(h.local("moved")); err != nil || serr == nil {
		t.Errorf("removing: %v, %v", err, serr)
	}
}

func walksTrees(t *testing.T, h *testHost, r *Remote) {
	ctx := t.Context()
	for _, dir := range []string{"tree", "tree/a", "tree/a/b", "tree/empty", "tree/skipped", "tree/many"} {
		if err := os.Mkdir(h.local(dir), 0o755); err != nil {
			t.Fatal(err)
		}
		own(t, h, dir)
	}
	put(t, h, "tree/a/b/file", "content")
	put(t, h, "tree/skipped/not seen", "")
	if err := os.Symlink("../..", h.local("tree/a/up")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("tree", h.local("to tree")); err != nil {
		t.Fatal(err)
	}
	want := []string{"a", "a/b", "a/b/file", "a/up", "empty", "many", "skipped"}
	many := 1200 // more than one packet, and one command, tells of
	if !r.sftp && r.facts.stat == "" {
		many = 30 // there it takes several processes for each
	}
	for i := range many {
		name := fmt.Sprintf("many/%04d", i)
		put(t, h, "tree/"+name, "")
		want = append(want, name)
	}
	slices.Sort(want)
	for _, root := range []string{"tree", "to tree"} {
		seen := make(map[string]info)
		err := r.sys.walk(ctx, h.path(root), func(i info) error {
			if _, twice := seen[i.path]; twice {
				t.Errorf("%s was told twice", i.path)
			}
			if parent := filepath.Dir(i.path); parent != "." && seen[parent].kind != aFolder {
				t.Errorf("%s came before its folder", i.path)
			}
			seen[i.path] = i
			if i.path == "skipped" {
				return fs.SkipDir
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := slices.Sorted(maps.Keys(seen)); !slices.Equal(got, want) {
			t.Errorf("got %d of %d: %.500q", len(got), len(want), got)
		}
		if f := seen["a/b/file"]; f.kind != aFile || f.size != 7 || f.mode != 0o644 || f.mtime.IsZero() {
			t.Errorf("got %+v", f)
		}
		if l := seen["a/up"]; l.kind != aLink || l.link != "../.." {
			t.Errorf("got %+v", l)
		}
	}
	enough := errors.New("enough")
	if err := r.sys.walk(ctx, h.path("tree"), func(info) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("got %v, want that of visit", err)
	}
	if h.Become != nil || h.Target.User == "user" || h.Target.User == "" || os.Geteuid() != 0 {
		return // root reads everything
	}
	if err := os.Chmod(h.local("tree/empty"), 0); err != nil {
		t.Fatal(err)
	}
	n := 0
	err := r.sys.walk(ctx, h.path("tree"), func(info) error { n++; return nil })
	if !errors.Is(err, fs.ErrPermission) || n != len(want)+1 {
		t.Errorf("a folder that may not be read: %d entries and %v", n, err)
	}
}
