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
)

func TestFetchBringsATreeWithModesTimesAndLinks(t *testing.T) {
	bothWays(t, func(t *testing.T, b *bench) {
		long := strings.Repeat("n", 255)
		tree := map[string]string{
			"etc/a": "one", "etc/empty": "", "etc/dir/": "", "etc/dir/b c": "two", "etc/dir/-rf": "three",
			"etc/dir/new\nline": "four", "etc/dir/\\'\"*": "five", "etc/dir/\xff\xfe": "six", "etc/dir/" + long: "seven",
			"etc/link": "-> dir/b c", "etc/dir/up": "-> ../a", "etc/dangling": "-> nowhere", "etc/hollow/": "",
		}
		lay(t, b.dir, tree)
		must(t, os.Chmod(b.at("etc/a"), 0o4751|fs.ModeSetuid))
		must(t, os.Chmod(b.at("etc/dir"), 0o550))
		must(t, os.Chtimes(b.at("etc/dir"), old, old))
		rep, err := b.fetch(t, Item{"/etc", "web1/etc"})
		must(t, err)
		want := map[string]string{"web1/": "", "web1/etc/": ""}
		for name, text := range tree {
			want["web1/"+name] = text
		}
		wantFiles(t, b.into, want)
		if rep.Files != 8 || rep.Total != 14 || rep.Unchanged != 0 || rep.Bytes != 27 {
			t.Errorf("the report is %+v", rep)
		}
		is, err := os.Lstat(filepath.Join(b.into, "web1/etc/a"))
		must(t, err)
		if is.Mode() != 0o751 || !is.ModTime().Equal(old) {
			t.Errorf("the file has %v and %v", is.Mode(), is.ModTime())
		}
		is, err = os.Lstat(filepath.Join(b.into, "web1/etc/dir"))
		must(t, err)
		if is.Mode().Perm() != 0o750 || !is.ModTime().Equal(old) {
			t.Errorf("the folder has %v and %v", is.Mode(), is.ModTime())
		}

		rep, err = b.fetch(t, Item{"/etc", "web1/etc"})
		must(t, err)
		if rep.Changed() || rep.Unchanged != 11 || b.commands && rep.Bytes != 0 {
			t.Errorf("the second time: %+v", rep)
		}
	})
}

func TestFetchTellsWhatItChanges(t *testing.T) {
	bothWays(t, func(t *testing.T, b *bench) {
		lay(t, b.dir, map[string]string{
			"d/same": "1", "d/mode": "2", "d/time": "3", "d/text": "4", "d/longer": "55", "d/new": "6", "d/link": "-> new",
			"d/was-link": "7", "d/was-file/x": "8", "d/was-empty-folder": "9", "d/was-full-folder": "10", "d/moved": "-> same",
		})
		lay(t, b.into, map[string]string{
			"same": "1", "mode": "2", "time": "3", "text": "x", "longer": "5", "was-link": "-> same",
			"was-file": "", "was-empty-folder/": "", "was-full-folder/precious": "!", "mine": "stays", "moved": "-> mode", "link": "file",
		})
		must(t, os.Chmod(filepath.Join(b.into, "mode"), 0o600))
		must(t, os.Chtimes(filepath.Join(b.into, "time"), old, old.Add(time.Hour)))
		want := "updated moved, updated longer, adjusted mode, created new, updated text, adjusted time, replaced was-empty-folder, replaced was-file, created was-file/x, replaced was-link, replaced link"
		for _, dry := range []bool{true, false} {
			before := found(t, b.into)
			b.o.DryRun = dry
			rep, err := b.fetch(t, Item{"/d/", "."})
			if err == nil || !strings.Contains(err.Error(), "was-full-folder\" is a folder here") {
				t.Errorf("a folder in the way of a file: %v", err)
			}
			got := strings.Split(b.whats(rep), ", ")
			sorted := strings.Split(want, ", ")
			slices.Sort(got)
			slices.Sort(sorted)
			if dry {
				wantFiles(t, b.into, before)
			}
			if !slices.Equal(got, sorted) {
				t.Errorf("dry %v: got\n%q, want\n%q", dry, got, sorted)
			}
		}
		if err := b.checkNoDrafts(t); err != nil {
			t.Error(err)
		}
		if got := found(t, b.into); got["mine"] != "stays" || got["was-full-folder/precious"] != "!" || got["moved"] != "-> same" {
			t.Errorf("here are %q", got)
		}
	})
}

func (b *bench) checkNoDrafts(t *testing.T) error {
	t.Helper()
	var errs []error
	for name := range found(t, b.into) {
		if strings.Contains(name, ".fleet-") {
			errs = append(errs, fmt.Errorf("%s stays behind", name))
		}
	}
	return errors.Join(errs...)
}

func TestFetchFollowsTheItemAloneAndNoLinkBelow(t *testing.T) {
	b := newBench(t)
	lay(t, b.dir, map[string]string{
		"real/f": "x", "real/out": "-> ../secret", "real/abs": "-> /etc/passwd", "real/in": "-> f",
		"real/sly": "-> in/../../secret", "secret": "s", "way": "-> real", "file": "-> secret",
	})
	rep, err := b.fetch(t, Item{"/way", "way"}, Item{"/file", "file"})
	must(t, err)
	wantFiles(t, b.into, map[string]string{"way/": "", "way/f": "x", "way/in": "-> f", "file": "s"})
	if len(rep.Notes) != 3 || !strings.Contains(strings.Join(rep.Notes, "\n"), "/way/abs is left out: the link leads to an absolute path") {
		t.Errorf("notes: %q", rep.Notes)
	}
}

func TestFetchTakesWhatItCanOfATree(t *testing.T) {
	b := newBench(t)
	lay(t, b.dir, map[string]string{"d/a": "1", "d/b": "2", "d/c": "3"})
	b.before = func(p string, _ int) {
		if filepath.Base(p) == "b" {
			_ = os.Remove(p)
		}
	}
	rep, err := b.fetch(t, Item{"/d", "d"})
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that went: %v", err)
	}
	wantFiles(t, b.into, map[string]string{"d/": "", "d/a": "1", "d/c": "3"})
	if rep.Files != 2 {
		t.Errorf("the report is %+v", rep)
	}
}

func TestFetchLeavesOutWhatIsExcluded(t *testing.T) {
	b := newBench(t)
	lay(t, b.dir, map[string]string{"d/a.log": "1", "d/b.txt": "2", "d/cache/x": "3", "d/keep/y.log": "4", "d/keep/z": "5"})
	b.o.Exclude = []string{"*.log", "/cache/", "!y.log"}
	_, err := b.fetch(t, Item{"/d/", "out"})
	must(t, err)
	wantFiles(t, b.into, map[string]string{"out/": "", "out/b.txt": "2", "out/keep/": "", "out/keep/y.log": "4", "out/keep/z": "5"})
}

func TestFetchOfItemsThatDoNotFit(t *testing.T) {
	for _, tt := range []struct {
		name  string
		items []Item
		o     FetchOptions
		want  string
	}{
		{"missing", []Item{{"/d/a", "a"}, {"/nope", "b"}}, FetchOptions{}, "no such file"},
		{"one path", []Item{{"/d/a", "x"}, {"/d/b", "x"}}, FetchOptions{}, `"/d/a" and "/d/b" would both be`},
		{"within", []Item{{"/d", "x"}, {"/e", "x/a"}}, FetchOptions{}, `would both be`},
		{"within, other order", []Item{{"/e", "x/a"}, {"/d", "x"}}, FetchOptions{}, `would both be`},
		{"below a file", []Item{{"/d/a", "x"}, {"/d/b", "x/y"}}, FetchOptions{}, `would both be`},
		{"not a folder", []Item{{"/d/a/", "x"}}, FetchOptions{}, "not a folder"},
		{"no name", []Item{{"/d/a", "."}}, FetchOptions{}, "has to have a name"},
		{"out of the folder", []Item{{"/d/a", "../x"}}, FetchOptions{}, "not a path within"},
		{"absolute", []Item{{"/d/a", "/x"}}, FetchOptions{}, "not a path within"},
		{"many", []Item{{"/d", "x"}}, FetchOptions{MaxFiles: 3}, "more than 3 files"},
		{"much", []Item{{"/d", "x"}}, FetchOptions{MaxBytes: 4}, "more than 4 bytes"},
		{"deep", []Item{{"/d", "x"}}, FetchOptions{MaxDepth: 1}, "more than 1 folders deep"},
		{"bad pattern", []Item{{"/d", "x"}}, FetchOptions{Exclude: []string{"[a"}}, "[a"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t)
			lay(t, b.dir, map[string]string{"d/a": "aa", "d/b": "bbb", "d/c/e": "c", "e": "e"})
			b.o = tt.o
			rep, err := b.fetch(t, tt.items...)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			if _, err := os.Lstat(b.into); !errors.Is(err, fs.ErrNotExist) || rep.Changed() {
				t.Errorf("something was written (%v), or said to be: %+v", err, rep)
			}
		})
	}
}

func TestFetchShowsWhatDiffers(t *testing.T) {
	bothWays(t, func(t *testing.T, b *bench) {
		lay(t, b.dir, map[string]string{"d/same": "1", "d/text": "new\n", "d/binary": "\x00", "d/large": strings.Repeat("x", maxDiff+1), "d/first": "", "d/added": "a\n"})
		for _, dry := range []bool{true, false} {
			lay(t, b.into, map[string]string{"same": "1", "text": "old\n", "binary": "b"})
			b.o = FetchOptions{Options: Options{Diff: true, DryRun: dry}}
			rep, err := b.fetch(t, Item{"/d/", "."})
			must(t, err)
			var got []string
			for _, d := range rep.Diffs {
				kind := d.Omitted
				if kind == "" {
					kind = fmt.Sprintf("%q %v %q %v", d.Before, d.Before == nil, d.After, d.After == nil)
				}
				got = append(got, filepath.Base(d.Path)+": "+kind)
			}
			want := []string{`added: "" true "a\n" false`, "binary: binary", `first: "" true "" false`, "large: too large", `text: "old\n" false "new\n" false`}
			if !slices.Equal(got, want) {
				t.Errorf("dry %v: got\n%q, want\n%q", dry, got, want)
			}
		}
	})
}
