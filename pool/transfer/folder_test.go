//go:build !windows

package transfer

import (
	"crypto/sha256"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestOpenFolder(t *testing.T) {
	dir := t.TempDir()
	lay(t, dir, map[string]string{"file": "x", "there/": "", "way": "-> there", "nowhere": "-> gone"})
	for _, tt := range []struct{ path, want string }{
		{"there", ""},
		{"way", ""},
		{"new", ""},
		{"file", "is not a folder"},
		{"file/new", "not a directory"},
		{"no/such", "no such file"},
		{"nowhere", "leads nowhere"},
	} {
		f, err := OpenFolder(filepath.Join(dir, tt.path))
		if err == nil {
			must(t, f.Close())
		}
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: %v, want %q", tt.path, err, tt.want)
		}
	}
	if _, err := os.Lstat(filepath.Join(dir, "new")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that nothing was written to was made: %v", err)
	}
}

func TestManyMakeTheSameFolderAtOnce(t *testing.T) {
	f, err := OpenFolder(filepath.Join(t.TempDir(), "new"))
	must(t, err)
	defer f.Close()
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			if _, err := f.made(); err != nil {
				t.Error(err)
			}
			if _, err := f.enter("host", false); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

// TestADraftIsWhatArrivedInWhateverOrder has parts come in every order, some of them
// of zeros alone.
func TestADraftIsWhatArrivedInWhateverOrder(t *testing.T) {
	f, err := OpenFolder(t.TempDir())
	must(t, err)
	defer f.Close()
	const part = 48 << 10
	for _, size := range []int{0, 1, part, part + 1, 3 << 20, 3<<20 + 17} {
		text := []byte(noise(size))
		for at := part; at+part < size; at += 3 * part {
			clear(text[at : at+part])
		}
		clear(text[size-size/9:]) // ends with a hole
		d, err := f.draft("d", int64(size))
		must(t, err)
		var all sync.WaitGroup
		for _, n := range rand.Perm((size + part - 1) / part) {
			all.Go(func() {
				p := text[n*part : min(size, (n+1)*part)]
				if _, err := d.WriteAt(p, int64(n*part)); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if d.whole() != int64(size) {
			t.Errorf("%d of %d bytes have arrived", d.whole(), size)
		}
		sum, err := d.finish(int64(size), 0o640, old, true)
		must(t, err)
		if sum != sha256.Sum256(text) {
			t.Errorf("size %d: the sum is not that of the content", size)
		}
		_, err = d.place()
		must(t, err)
		got, err := os.ReadFile(f.full("d"))
		must(t, err)
		if string(got) != string(text) {
			t.Errorf("size %d: the content is not the same", size)
		}
	}
}

func TestADraftResumesBehindWhatIsWhole(t *testing.T) {
	f, err := OpenFolder(t.TempDir())
	must(t, err)
	defer f.Close()
	d, err := f.draft("d", 10)
	must(t, err)
	for _, at := range []int64{4, 0, 8} {
		_, err := d.WriteAt([]byte("ab"), at)
		must(t, err)
	}
	if whole, inVain := d.resume(); whole != 2 || inVain != 4 {
		t.Errorf("goes on at %d, %d bytes in vain", whole, inVain)
	}
	_, err = d.WriteAt([]byte("cdefghij"), 2)
	must(t, err)
	sum, err := d.finish(10, 0o600, old, false)
	must(t, err)
	if sum != sha256.Sum256([]byte("abcdefghij")) {
		t.Error("the sum is not that of the content")
	}
	must(t, d.discard())
	wantFiles(t, f.path, nil)
}

func TestNamesOfDraftsFit(t *testing.T) {
	for _, name := range []string{"a", "d/a", strings.Repeat("n", 255), "d/" + strings.Repeat("ü", 127), "\xff"} {
		got := draftName(name)
		base := filepath.Base(got)
		if filepath.Dir(got) != filepath.Dir(name) || len(base) > maxName || !strings.HasPrefix(base, ".") || !strings.Contains(base, ".fleet-") || got == draftName(name) {
			t.Errorf("the draft of %q is %q", name, got)
		}
	}
}

func TestPathsOfItems(t *testing.T) {
	for name, good := range map[string]bool{
		".": true, "a": true, "web1/etc": true, "..a": true, "-a b": true,
		"": false, "..": false, "../a": false, "a/..": false, "a/../b": false, "/a": false, "a/": false, "a//b": false, "./a": false,
		"a\x00": false, strings.Repeat("n", 256): false,
	} {
		if err := checkLocal(name); (err == nil) != good {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestFoldedNamesAreRefusedWhereCaseDoesNotCount(t *testing.T) {
	s := &search{fetch: &fetch{o: &FetchOptions{}, into: &Folder{}}, taken: map[string]*entry{}, folded: map[string]string{}}
	must(t, s.accept(&entry{local: "d/Readme"}, 1))
	if err := s.accept(&entry{local: "d/README"}, 1); err == nil || !strings.Contains(err.Error(), "upper and lower case") {
		t.Errorf("got %v", err)
	}
}

func TestLinksThatStayInside(t *testing.T) {
	for _, tt := range []struct {
		name, target string
		inside       bool
	}{
		{"l", "a", true},
		{"l", "./a//b/", true},
		{"d/l", "../a", true},
		{"d/e/l", "../../a", true},
		{"l", "..", false},
		{"l", "../a", false},
		{"d/l", "../../a", false},
		{"d/l", "./.././../a", false},
		{"l", "/etc/passwd", false},
		{"d/l", "e/../a", false},
		{"l", "", false},
		{"l", "..a/...", true},
	} {
		if why := staysInside(tt.name, tt.target); (why == "") != tt.inside {
			t.Errorf("%s -> %s: %q", tt.name, tt.target, why)
		}
	}
}

// FuzzLinksStayInside makes two links in a tree where both are allowed, and asks the
// system whether the second leads out by way of the first.
func FuzzLinksStayInside(f *testing.F) {
	f.Add("a/b", "..", "a/l", "b/../x")
	f.Add("a/b", "../..", "l", "a/b/../../x")
	f.Add("d", "a/c", "a/l", "../d/x")
	f.Add("d", ".", "e", "d/d/d")
	f.Fuzz(func(t *testing.T, name1, to1, name2, to2 string) {
		dir := t.TempDir()
		tree := filepath.Join(dir, "tree")
		lay(t, dir, map[string]string{"tree/a/c/e/": "", "tree/b/": ""})
		root, err := os.OpenRoot(tree)
		must(t, err)
		defer root.Close()
		for _, l := range [][2]string{{name1, to1}, {name2, to2}} {
			if checkLocal(l[0]) != nil || l[0] == "." || staysInside(l[0], l[1]) != "" {
				return
			}
			is, err := os.Lstat(filepath.Join(tree, filepath.Dir(l[0])))
			if err != nil || !is.IsDir() || strings.Count(l[0], "/") != depthOf(t, tree, l[0]) || root.Symlink(l[1], l[0]) != nil {
				return // links are in real folders alone
			}
		}
		if _, err := root.Stat(name2); err != nil && strings.Contains(err.Error(), "escapes") {
			t.Errorf("%q -> %q leads out by way of %q -> %q", name2, to2, name1, to1)
		}
	})
}

// depthOf is how deep name really is below tree.
func depthOf(t *testing.T, tree, name string) int {
	t.Helper()
	place, err := filepath.EvalSymlinks(filepath.Join(tree, filepath.Dir(name)))
	must(t, err)
	top, err := filepath.EvalSymlinks(tree)
	must(t, err)
	rel, err := filepath.Rel(top, place)
	must(t, err)
	if rel == "." {
		return 0
	}
	return strings.Count(rel, "/") + 1
}
