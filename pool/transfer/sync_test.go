//go:build !windows

package transfer

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// odd is a tree with everything that trees may hold.
func odd(t *testing.T) string {
	t.Helper()
	dir := plant(t, map[string]string{
		"empty": "", "sub/deep/er/file": "1", "sub/empty folder/": "", "top": "two\n",
		"-rf": "dash", "a b'c\"d": "quotes", "new\nline": "n", "back\\slash": "b", "*?[x]": "glob", "größe": "utf", "\xff\xfe": "raw",
		"sub/.hidden": "h", "._mac": "m", "\\n": "not a newline", "-d/-f": "dashes", " sp ": "s", "100%": "p",
		strings.Repeat("n", 255): "longest",
		strings.Repeat("d", 200) + "/" + strings.Repeat("e", 200) + "/f": "long path",
		"link -> sub/deep": "", "dangling -> no/where": "", "outside -> /etc": "",
		"long -> " + strings.Repeat("l/", 100): "",
		"large":                                strings.Repeat("0123456789abcdef", 6<<10), "binary": string([]byte{0, 1, 2, 255, '\r', '\n'}),
	})
	for name, mode := range map[string]fs.FileMode{"top": 0o600, "-rf": 0o755, "sub/deep/er/file": 0o444, "sub/deep": 0o700, "sub/deep/er": 0o555} {
		if err := os.Chmod(filepath.Join(dir, name), mode); err != nil {
			t.Fatal(err)
		}
	}
	then := time.Date(2020, 2, 3, 4, 5, 6, 0, time.UTC)
	for _, name := range []string{"top", "sub/deep/er/file", "sub/deep/er", "sub"} {
		if err := os.Chtimes(filepath.Join(dir, name), then, then); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		_ = os.Chmod(filepath.Join(dir, "sub/deep/er"), 0o755)
	})
	return dir
}

// syncTree is a Sync that has to succeed.
func syncTree(t *testing.T, r *Remote, source string, o *SyncOptions, exclude ...string) *Report {
	t.Helper()
	report, err := r.Sync(t.Context(), openTree(t, source, exclude...), o)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// sameTree compares two local folders: names, kinds, modes, links, contents, and the
// times of all but links.
func sameTree(t *testing.T, want, got string) {
	t.Helper()
	describe := func(dir string) []string {
		tree := openTree(t, dir+"/")
		sums, err := tree.fileSums(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var lines []string
		for i, e := range tree.entries {
			switch e.kind {
			case aLink:
				e.mtime, e.mode = time.Time{}, 0
			case aFolder:
				if e.path == "" { // that of the destination is the user's own
					e.mtime, e.mode = time.Time{}, 0
				}
			}
			lines = append(lines, fmt.Sprintf("%s %q %v %d %x %q", e.kind, e.path, e.mode, e.mtime.Unix(), sums[i][:4], e.link))
		}
		return lines
	}
	if diff := cmp.Diff(describe(want), describe(got)); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

func said(r *Report, root string) []string {
	var lines []string
	for _, c := range r.Changes {
		lines = append(lines, fmt.Sprintf("%s %s", c.What, strings.TrimPrefix(c.Path, root+"/")))
	}
	return lines
}

func nothingLeft(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.Contains(d.Name(), ".fleet-") {
			t.Errorf("%q is left", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestSyncMakesTheTreeAndThenNothing(t *testing.T) {
	forHosts(t, allHosts, func(t *testing.T, h *testHost) {
		source, r := odd(t), h.open(t)
		if err := os.Chmod(source, 0o750); err != nil {
			t.Fatal(err)
		}
		o := &SyncOptions{Destination: h.path("new")}
		report := syncTree(t, r, source+"/", o)
		sameTree(t, source, h.local("new"))
		nothingLeft(t, h.local("."))
		files := 0
		for _, e := range openTree(t, source).entries {
			if e.kind == aFile {
				files++
			}
		}
		if report.Files != files || report.Total != len(openTree(t, source).entries) || report.Unchanged != 0 || report.Path != h.path("new") {
			t.Errorf("files %d of %d, changes %d, unchanged %d, path %q", report.Files, files, report.Total, report.Unchanged, report.Path)
		}
		if stat, err := os.Stat(h.local("new")); err != nil || stat.Mode().Perm() != 0o750 {
			t.Errorf("a new root has its source's mode: %v %v", stat.Mode(), err)
		}
		before, err := os.Stat(h.local("new"))
		if err != nil {
			t.Fatal(err)
		}
		if report := syncTree(t, r, source+"/", o); report.Changed() || report.Bytes != 0 || report.Unchanged == 0 {
			t.Errorf("the second time: %d bytes, %q", report.Bytes, said(report, h.path("new")))
		}
		if after, err := os.Stat(h.local("new")); err != nil || !after.ModTime().Equal(before.ModTime()) {
			t.Errorf("the second time touched the root: %v %v", after.ModTime(), err)
		}
	})
}

func TestSyncGoesIntoAFolderWithoutTheSlash(t *testing.T) {
	h := embeddedHost(t)
	source, r := filepath.Join(plant(t, map[string]string{"site/a/x": "1"}), "site"), h.open(t)
	report := syncTree(t, r, source, &SyncOptions{Destination: h.path("www/")})
	sameTree(t, source, h.local("www/site"))
	want := []string{"created " + h.path("www"), "created site", "created site/a", "created site/a/x"}
	if diff := cmp.Diff(want, said(report, h.path("www"))); diff != "" || report.Path != h.path("www/site") {
		t.Errorf("path %q, %s", report.Path, diff)
	}
	if report := syncTree(t, r, source, &SyncOptions{Destination: h.path("www")}); report.Changed() {
		t.Errorf("the second time: %q", said(report, h.path("www")))
	}
	nothingLeft(t, h.local("."))
}

func TestSyncSendsWhatDiffers(t *testing.T) {
	forHosts(t, mainHosts, func(t *testing.T, h *testHost) {
		source, r := plant(t, map[string]string{
			"same": "1", "content": "old", "longer": "1", "mode": "1", "time": "1",
			"folder/x": "1", "folder/y": "1", "still/z": "1", "link -> same": "",
		}), h.open(t)
		o := &SyncOptions{Destination: h.path("to")}
		syncTree(t, r, source+"/", o)
		plantOne(t, h.local("to"), "extra/file", "of the host")
		still, err := os.Stat(h.local("to/still"))
		if err != nil {
			t.Fatal(err)
		}

		then := time.Unix(1_000_000_000, 0)
		old, err := os.Stat(filepath.Join(source, "content"))
		if err != nil {
			t.Fatal(err)
		}
		for _, err := range []error{
			os.WriteFile(filepath.Join(source, "content"), []byte("new"), 0o600),
			os.Chtimes(filepath.Join(source, "content"), old.ModTime(), old.ModTime()), // neither size nor time tell
			os.WriteFile(filepath.Join(source, "longer"), []byte("12"), 0o600),
			os.Chmod(filepath.Join(source, "mode"), 0o755),
			os.Chtimes(filepath.Join(source, "time"), then, then),
			os.WriteFile(filepath.Join(source, "folder/x"), []byte("2"), 0o600),
			os.Remove(filepath.Join(source, "link")),
			os.Symlink("mode", filepath.Join(source, "link")),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		plantOne(t, source, "fresh/a/b", "1")
		report := syncTree(t, r, source+"/", o)
		want := []string{
			"updated content", "updated folder/x", "created fresh", "created fresh/a", "created fresh/a/b",
			"updated link", "updated longer", "adjusted mode", "adjusted time",
		}
		if diff := cmp.Diff(want, said(report, h.path("to"))); diff != "" {
			t.Error(diff)
		}
		if report.Files != 4 || report.Bytes != 7 || report.Unchanged != 3 {
			t.Errorf("%d files, %d bytes, %d unchanged", report.Files, report.Bytes, report.Unchanged)
		}
		if after, err := os.Stat(h.local("to/still")); err != nil || !after.ModTime().Equal(still.ModTime()) {
			t.Errorf("a folder in which nothing changed: %v, %v", after.ModTime(), err)
		}

		o.Delete = true
		report = syncTree(t, r, source+"/", o)
		if diff := cmp.Diff([]string{"deleted extra", "deleted extra/file"}, said(report, h.path("to"))); diff != "" {
			t.Error(diff)
		}
		sameTree(t, source, h.local("to"))
		nothingLeft(t, h.local("."))
	})
}

// What is of another kind on the host is replaced, and a link there is never
// followed.
func TestSyncReplacesOtherKinds(t *testing.T) {
	forHosts(t, mainHosts, func(t *testing.T, h *testHost) {
		r := h.open(t)
		outside := plant(t, map[string]string{"x": "precious", "d/y": "precious"})
		source := plant(t, map[string]string{
			"file": "f", "file2": "f", "link -> file": "", "link2 -> file": "", "folder/x": "new", "folder2/d/y": "new", "folder3/d/y": "new",
		})
		to := h.local("to")
		for name, content := range map[string]string{
			"file/in/it": "", "file2 -> " + outside + "/x": "", "link": "was a file", "link2/empty/": "",
			"folder -> " + outside: "", "folder2 -> " + outside + "/d": "", "folder3": "was a file",
			"gone -> " + outside: "", "stays/": "",
		} {
			plantOne(t, to, name, content)
		}
		report := syncTree(t, r, source+"/", &SyncOptions{Destination: h.path("to"), Delete: true})
		sameTree(t, source, to)
		for name, what := range map[string]What{"file": Replaced, "file2": Replaced, "link": Replaced, "link2": Replaced, "folder": Replaced, "folder2": Replaced, "folder3": Replaced, "gone": Deleted, "folder/x": Created} {
			if !slices.Contains(report.Changes, Change{Path: h.path("to/" + name), What: what}) {
				t.Errorf("%q is not reported as %s: %q", name, what, said(report, h.path("to")))
			}
		}
		for _, name := range []string{"x", "d/y"} {
			if content, err := os.ReadFile(filepath.Join(outside, name)); err != nil || string(content) != "precious" {
				t.Errorf("%q outside of the destination: %q, %v", name, content, err)
			}
		}
		nothingLeft(t, h.local("."))
	})
}

func TestSyncDoesNotEmptyFoldersUnasked(t *testing.T) {
	h := embeddedHost(t)
	source := plant(t, map[string]string{"a": "file", "b": "file"})
	plantOne(t, h.local("to"), "a/inside", "1")
	_, err := h.open(t).Sync(t.Context(), openTree(t, source+"/"), &SyncOptions{Destination: h.path("to")})
	if err == nil || !strings.Contains(err.Error(), `holds "a/inside"`) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(h.local("to/b")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("something was done before: %v", err)
	}
}

func TestSyncLeavesOutAndSparesWhatIsExcluded(t *testing.T) {
	h := embeddedHost(t)
	source, r := plant(t, map[string]string{"a": "1", "a.log": "1", "cache/x": "1", "d/b.log": "1"}), h.open(t)
	for _, name := range []string{"host.log", "cache/y", "d/c.log", "old/d.log", "old/e"} {
		plantOne(t, h.local("to"), name, "of the host")
	}
	report := syncTree(t, r, source+"/", &SyncOptions{Destination: h.path("to"), Delete: true}, "*.log", "cache/")
	if diff := cmp.Diff([]string{"created a", "deleted old/e"}, said(report, h.path("to"))); diff != "" {
		t.Error(diff)
	}
	for _, name := range []string{"host.log", "cache/y", "d/c.log", "old/d.log"} {
		if content, err := os.ReadFile(h.local("to/" + name)); err != nil || string(content) != "of the host" {
			t.Errorf("%q: %q, %v", name, content, err)
		}
	}
	if len(report.Notes) != 1 || !strings.Contains(report.Notes[0], `"old"`) {
		t.Errorf("notes: %q", report.Notes)
	}
}

func TestSyncDryRunShowsAndChangesNothing(t *testing.T) {
	forHosts(t, mainHosts, func(t *testing.T, h *testHost) {
		source := plant(t, map[string]string{"a": "new\n", "b": "same", "n/c": "c\n"})
		to := map[string]string{"a": "old\n", "b": "same", "x": "extra\n"}
		for name, content := range to {
			plantOne(t, h.local("to"), name, content)
		}
		stat, err := os.Stat(filepath.Join(source, "b"))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(h.local("to/b"), stat.ModTime(), stat.ModTime()); err != nil {
			t.Fatal(err)
		}
		o := &SyncOptions{Destination: h.path("to"), Delete: true}
		o.DryRun, o.Diff = true, true
		report := syncTree(t, h.open(t), source+"/", o)
		if diff := cmp.Diff([]string{"updated a", "created n", "created n/c", "deleted x"}, said(report, h.path("to"))); diff != "" {
			t.Error(diff)
		}
		var diffs strings.Builder
		for _, d := range report.Diffs {
			diffs.WriteString(d.Unified())
		}
		p := h.path("to")
		want := fmt.Sprintf("--- %s/a\n+++ %s/a\n@@ -1 +1 @@\n-old\n+new\n--- /dev/null\n+++ %s/n/c\n@@ -0,0 +1 @@\n+c\n--- %s/x\n+++ /dev/null\n@@ -1 +0,0 @@\n-extra\n", p, p, p, p)
		if diff := cmp.Diff(want, diffs.String()); diff != "" {
			t.Error(diff)
		}
		sameTree(t, plantAs(t, to, h.local("to")), h.local("to"))
		if report.Bytes != 0 || report.Files != 2 || report.Unchanged != 1 {
			t.Errorf("%d bytes, %d files, %d unchanged", report.Bytes, report.Files, report.Unchanged)
		}
		o.Destination = h.path("nowhere")
		if report := syncTree(t, h.open(t), source, o); report.Total != 6 {
			t.Errorf("of a new destination: %q", said(report, h.path("nowhere")))
		}
		if _, err := os.Lstat(h.local("nowhere")); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("it was made: %v", err)
		}
	})
}

// plantAs is plant with the times of what is in like.
func plantAs(t *testing.T, files map[string]string, like string) string {
	t.Helper()
	dir := plant(t, files)
	for name := range files {
		stat, err := os.Stat(filepath.Join(like, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(filepath.Join(dir, name), stat.ModTime(), stat.ModTime()); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestSyncSaysWhatIsWrongWithTheDestination(t *testing.T) {
	h := embeddedHost(t)
	plantOne(t, h.local("."), "file", "")
	plantOne(t, h.local("."), "loose -> nowhere", "")
	source, r := plant(t, map[string]string{"a": "1"}), h.open(t)
	for destination, want := range map[string]string{
		h.path("file"):          "is a file, not a folder",
		h.path("loose"):         `is a link to "nowhere", which is not there`,
		h.path("none/to"):       "hint: the folder above the destination has to be there",
		h.path("file") + "/sub": h.path("file"),
		"":                      "empty",
	} {
		for _, slash := range []string{"", "/"} {
			_, err := r.Sync(t.Context(), openTree(t, source+slash), &SyncOptions{Destination: destination})
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%q: got %v, want %q in it", destination, err, want)
			}
		}
	}
	nothingLeft(t, h.local("."))
}

// A destination that is a link to a folder is the user's way to say where it is.
func TestSyncFollowsTheDestinationItself(t *testing.T) {
	h := embeddedHost(t)
	plantOne(t, h.local("."), "real/old", "1")
	plantOne(t, h.local("."), "www -> real", "")
	source := plant(t, map[string]string{"a": "1"})
	syncTree(t, h.open(t), source+"/", &SyncOptions{Destination: h.path("www"), Delete: true})
	sameTree(t, source, h.local("real"))
	if to, err := os.Readlink(h.local("www")); err != nil || to != "real" {
		t.Errorf("the link itself: %q, %v", to, err)
	}
}
