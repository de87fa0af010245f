//go:build !windows

package transfer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"fleet/transport"
)

// old is a time that no file gets by itself.
var old = time.Date(2020, 2, 3, 4, 5, 6, 0, time.UTC)

// lay makes files below dir: "name/" is a folder, "name -> target" a link, all
// else a file with its text.
func lay(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		p := filepath.Join(dir, name)
		must(t, os.MkdirAll(filepath.Dir(p), 0o755))
		switch {
		case strings.HasSuffix(name, "/"):
			must(t, os.MkdirAll(p, 0o755))
		case strings.HasPrefix(text, "-> "):
			must(t, os.Symlink(strings.TrimPrefix(text, "-> "), p))
		default:
			must(t, os.WriteFile(p, []byte(text), 0o644))
			must(t, os.Chtimes(p, old, old))
		}
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// found is what is below dir, as lay takes it.
func found(t testing.TB, dir string) map[string]string {
	t.Helper()
	m := map[string]string{}
	must(t, filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		name, _ := filepath.Rel(dir, p)
		switch {
		case err != nil || name == ".":
			return err
		case d.IsDir():
			m[name+"/"] = ""
		case isLink(d.Type()):
			to, err := os.Readlink(p)
			m[name] = "-> " + to
			return err
		default:
			b, err := os.ReadFile(p)
			m[name] = string(b)
			return err
		}
		return nil
	}))
	return m
}

func wantFiles(t testing.TB, dir string, want map[string]string) {
	t.Helper()
	got := found(t, dir)
	for name, text := range want {
		if g, ok := got[name]; !ok || g != text {
			t.Errorf("%s: got %q (there: %v), want %q", name, g, ok, text)
		}
	}
	for name, text := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("%s is there, with %q", name, text)
		}
	}
}

// A bench is a host and the folder that its files go to.
type bench struct {
	*folderSystem
	into string
	f    *fetch // of the last run
	o    FetchOptions
	// commands says that the host has a tool for sums.
	commands bool
	reopened int
	early    map[string]Sum // what commands for sums say
	late     bool           // the first of them alone
}

func newBench(t *testing.T) *bench {
	return &bench{folderSystem: newFolderSystem(t), into: filepath.Join(t.TempDir(), "into"), commands: true}
}

func (b *bench) fetch(t *testing.T, items ...Item) (*Report, error) {
	t.Helper()
	return b.fetchUntil(t.Context(), t, items...)
}

func (b *bench) fetchUntil(ctx context.Context, t *testing.T, items ...Item) (*Report, error) {
	t.Helper()
	into, err := OpenFolder(b.into)
	must(t, err)
	defer into.Close()
	r := &Remote{sys: b.folderSystem, commands: b.commands, sftp: true}
	r.facts.home = "/"
	b.f = &fetch{remote: r, into: into, o: &b.o, records: records{into: into}}
	b.f.sums = func(_ context.Context, paths []string) (map[string]Sum, error) {
		if early := b.early; early != nil {
			if b.late {
				b.early = nil
			}
			return early, nil
		}
		return b.folderSystem.sums(paths), nil
	}
	b.f.reopen = func(context.Context) error { b.reopened++; return nil }
	err = b.f.run(ctx, items)
	return b.f.report(), err
}

func (b *bench) whats(r *Report) string {
	var list []string
	for _, c := range r.Changes {
		name, _ := filepath.Rel(b.into, c.Path)
		list = append(list, fmt.Sprintf("%s %s", c.What, name))
	}
	return strings.Join(list, ", ")
}

// bothWays runs a test on a host with commands and on one without.
func bothWays(t *testing.T, test func(t *testing.T, b *bench)) {
	for _, commands := range []bool{true, false} {
		t.Run(fmt.Sprintf("commands=%v", commands), func(t *testing.T) {
			b := newBench(t)
			b.commands = commands
			test(t, b)
		})
	}
}

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
	lay(t, b.dir, map[string]string{"real/f": "x", "real/out": "-> ../secret", "real/abs": "-> /etc/passwd", "real/in": "-> f",
		"real/sly": "-> in/../../secret", "secret": "s", "way": "-> real", "file": "-> secret"})
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

func TestFetchOfAFileThatChangesMeanwhile(t *testing.T) {
	write := func(text string) func(*testing.T, string, int) {
		return func(t *testing.T, p string, _ int) { must(t, os.WriteFile(p, []byte(text), 0o640)) }
	}
	once := func(do func(*testing.T, string, int)) func(*testing.T, string, int) {
		return func(t *testing.T, p string, n int) {
			if n == 1 {
				do(t, p, n)
			}
		}
	}
	for _, tt := range []struct {
		name       string
		change     func(t *testing.T, p string, n int)
		want, note string
		err        string
	}{
		{"grows", func(t *testing.T, p string, n int) { write("hello"+strings.Repeat("!", n))(t, p, n) }, "hello", "first 5 bytes", ""},
		{"shrinks once", once(write("hi")), "hi", "", ""},
		{"other text once", once(write("HELLO")), "HELLO", "", ""},
		{"shrinks each time", func(t *testing.T, p string, n int) { write(strings.Repeat("x", 5-n))(t, p, n) }, "", "", "changed each of the 3 times"},
		{"goes", once(func(t *testing.T, p string, _ int) { must(t, os.Remove(p)) }), "", "", "no such file"},
		{"becomes a link", once(func(t *testing.T, p string, _ int) {
			must(t, os.Remove(p))
			must(t, os.Symlink("other", p))
		}), "", "", "is not a file any more"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bothWays(t, func(t *testing.T, b *bench) {
				lay(t, b.dir, map[string]string{"d/f": "hello", "d/other": "12345"})
				b.before = func(p string, n int) {
					if filepath.Base(p) == "f" {
						tt.change(t, p, n)
					}
				}
				// The host's sums are from another moment: the first, or all of them.
				b.early = b.folderSystem.sums([]string{"/d/other"})
				b.early["/d/f"] = Sum{}
				b.late = tt.err == ""
				rep, err := b.fetch(t, Item{"/d", "d"})
				want := map[string]string{"d/": "", "d/other": "12345"}
				if tt.err != "" {
					if err == nil || !strings.Contains(err.Error(), tt.err) {
						t.Errorf("got %v, want %q", err, tt.err)
					}
				} else {
					must(t, err)
					want["d/f"] = tt.want
				}
				wantFiles(t, b.into, want)
				if got := strings.Join(rep.Notes, "\n"); !strings.Contains(got, tt.note) || tt.note == "" && got != "" {
					t.Errorf("notes: %q, want %q", got, tt.note)
				}
			})
		})
	}
}

func TestFetchGoesOnAfterALostLink(t *testing.T) {
	bothWays(t, func(t *testing.T, b *bench) {
		lay(t, b.dir, map[string]string{"d/a": strings.Repeat("a", 1000), "d/b": strings.Repeat("b", 1000), "d/c": "c"})
		b.lost = func(p string, n int) error {
			if n == 1 && p != "/d/c" {
				return &transport.Error{Op: "read", Kind: transport.KindLost, Err: errors.New("cut")}
			}
			return nil
		}
		var m Meter
		b.o.Meter = &m
		rep, err := b.fetch(t, Item{"/d", "d"})
		must(t, err)
		wantFiles(t, b.into, map[string]string{"d/": "", "d/a": strings.Repeat("a", 1000), "d/b": strings.Repeat("b", 1000), "d/c": "c"})
		if b.reopened != 1 || rep.Bytes != 2001 {
			t.Errorf("opened anew %d times, %d bytes travelled", b.reopened, rep.Bytes)
		}
		if got := (Progress{3, 3, 2001, 2001}); m.Progress() != got {
			t.Errorf("the meter says %+v", m.Progress())
		}
	})
}

func TestFetchEndsAtASecondLostLinkAndLeavesNothing(t *testing.T) {
	b := newBench(t)
	lay(t, b.dir, map[string]string{"d/a": "aaaa", "d/b": "bbbb"})
	b.lost = func(string, int) error {
		return &transport.Error{Op: "read", Kind: transport.KindLost, Err: errors.New("cut")}
	}
	_, err := b.fetch(t, Item{"/d", "d"})
	if !unreachable(err) || b.reopened != 1 {
		t.Errorf("got %v after opening anew %d times", err, b.reopened)
	}
	wantFiles(t, b.into, map[string]string{"d/": ""})
}

func TestFetchThatIsStoppedLeavesNothing(t *testing.T) {
	b := newBench(t)
	lay(t, b.dir, map[string]string{"d/a": "aaaa", "d/b": "bbbb"})
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	b.before = func(string, int) { cancel(why) }
	b.o.Limit = NewLimiter(1)
	_, err := b.fetchUntil(ctx, t, Item{"/d", "d"})
	if !errors.Is(err, why) {
		t.Errorf("got %v", err)
	}
	wantFiles(t, b.into, map[string]string{"d/": ""})
}
