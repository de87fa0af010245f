package transfer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// plant makes files and folders below a new folder: "d/" is a folder, "l -> x" a
// link, all else a file whose content is its value.
func plant(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		plantOne(t, dir, name, content)
	}
	return dir
}

func plantOne(t *testing.T, dir, name, content string) {
	t.Helper()
	link, to, isLink := strings.Cut(name, " -> ")
	full := filepath.Join(dir, link)
	err := os.MkdirAll(filepath.Dir(full), 0o755)
	switch {
	case err != nil:
	case isLink:
		err = os.Symlink(to, full)
	case strings.HasSuffix(name, "/"):
		err = os.MkdirAll(full, 0o755)
	default:
		err = os.WriteFile(full, []byte(content), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func openTree(t *testing.T, path string, exclude ...string) *Tree {
	t.Helper()
	tree, err := OpenTree(path, exclude)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tree.Close(); err != nil {
			t.Error(err)
		}
	})
	return tree
}

func TestTreeListsFoldersBeforeWhatIsInThem(t *testing.T) {
	dir := plant(t, map[string]string{
		"a/b/c": "1", "a.txt": "22", "empty/": "", "l -> a/b": "", "out -> /etc": "", "gone -> nowhere": "",
		"-dash": "", "new\nline": "x", "\xff\xfe": "raw", "cache/x": "", "a/b/x.log": "", strings.Repeat("n", 255): "",
	})
	tree := openTree(t, dir, "cache/", "*.log")
	var got []string
	for _, e := range tree.entries {
		got = append(got, fmt.Sprintf("%d %q %d %s", e.kind, e.path, e.size, e.link))
	}
	want := []string{
		`2 "" 0 `, `1 "-dash" 0 `, `2 "a" 0 `, `2 "a/b" 0 `, `1 "a/b/c" 1 `, `1 "a.txt" 2 `, `2 "empty" 0 `,
		`3 "gone" 0 nowhere`, `3 "l" 0 a/b`, `1 "new\nline" 1 `,
		fmt.Sprintf("1 %q 0 ", strings.Repeat("n", 255)), `3 "out" 0 /etc`, `1 "\xff\xfe" 3 `,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTreeNameFollowsTheSlash(t *testing.T) {
	dir := plant(t, map[string]string{"site/x": ""})
	t.Chdir(filepath.Join(dir, "site"))
	for path, want := range map[string]string{
		filepath.Join(dir, "site"): "site", filepath.Join(dir, "site") + "/": "", ".": "", "..": "", "./": "", "../site": "site", "../site///": "",
	} {
		if got := openTree(t, path).name; got != want {
			t.Errorf("%q goes as %q, want %q", path, got, want)
		}
	}
}

func TestOpenTreeSaysWhatIsWrong(t *testing.T) {
	dir := plant(t, map[string]string{"file": ""})
	for path, want := range map[string]string{
		filepath.Join(dir, "file"): "is not a folder", filepath.Join(dir, "none"): "no such file",
	} {
		if _, err := OpenTree(path, nil); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%q: got %v, want %q in it", path, err, want)
		}
	}
	if _, err := OpenTree(dir, []string{"["}); err == nil || !strings.Contains(err.Error(), `exclusion "["`) {
		t.Errorf("got %v, want the exclusion named", err)
	}
}

func TestTreeSumIsOfWhatTravels(t *testing.T) {
	files := map[string]string{"a/b": "1", "l -> a": "", "d/": "", "skip.log": "1"}
	sum := func(change func(dir string)) Sum {
		dir := plant(t, files)
		change(dir)
		sum, err := openTree(t, dir, "*.log").Sum(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	base := sum(func(string) {})
	same := map[string]func(dir string){
		"times":            func(dir string) { do(os.Chtimes(filepath.Join(dir, "a/b"), time.Time{}, time.Unix(1, 0))) },
		"what is left out": func(dir string) { plantOne(t, dir, "skip.log", "2") },
	}
	other := map[string]func(dir string){
		"content": func(dir string) { plantOne(t, dir, "a/b", "2") },
		"mode":    func(dir string) { do(os.Chmod(filepath.Join(dir, "a/b"), 0o755)) },
		"setuid":  func(dir string) { do(os.Chmod(filepath.Join(dir, "a/b"), fs.ModeSetuid|0o644)) },
		"name":    func(dir string) { do(os.Rename(filepath.Join(dir, "a/b"), filepath.Join(dir, "a/c"))) },
		"folder":  func(dir string) { do(os.Remove(filepath.Join(dir, "d"))) },
		"link": func(dir string) {
			do(os.Remove(filepath.Join(dir, "l")))
			do(os.Symlink("d", filepath.Join(dir, "l")))
		},
	}
	for name, change := range same {
		if sum(change) != base {
			t.Errorf("%s changed the sum", name)
		}
	}
	for name, change := range other {
		if sum(change) == base {
			t.Errorf("%s did not change the sum", name)
		}
	}
}

func TestTreeFilesThatChangeAreAnError(t *testing.T) {
	dir := plant(t, map[string]string{"a/b": "1"})
	tree := openTree(t, dir)
	plantOne(t, dir, "a/b", "longer")
	_, err := tree.open(&tree.entries[2])
	if !errors.Is(err, errChanged) || !strings.Contains(err.Error(), filepath.Join(dir, "a/b")) {
		t.Errorf("got %v", err)
	}
}

func TestTreeSumsCanBeGivenUp(t *testing.T) {
	tree := openTree(t, plant(t, map[string]string{"a": "1"}))
	ctx, cancel := context.WithCancelCause(t.Context())
	reason := errors.New("enough")
	cancel(reason)
	if _, err := tree.fileSums(ctx); !errors.Is(err, reason) {
		t.Errorf("got %v", err)
	}
	if _, err := tree.fileSums(t.Context()); err != nil {
		t.Errorf("the next caller got %v", err)
	}
}
