//go:build !windows

package transfer

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// oddNames are file names that shells, listings and encodings may spoil.
var oddNames = []string{
	"plain", "with space", " leading and trailing ", "-rf", "--", "it's", `a "quoted" name`, `back\slash`, `\012`, "two\nlines", "\n", "ends in newline\n",
	"tab\tand\rreturn", "*", "[a-z]?", "$HOME", "`id`", "$(id)", ";true", "&", "grüße 漢字 🐧", "\xff\xfe\x80\x81\x88", "\x01\x1b[31m", "%s%n", "~", "#", "=", ".hidden", "...",
	strings.Repeat("x", 255),
}

func TestSystemKeepsTheContract(t *testing.T) {
	t.Parallel()
	forHosts(t, allHosts, func(t *testing.T, h *testHost) {
		r := h.open(t)
		for _, part := range []struct {
			name string
			test func(*testing.T, *testHost, *Remote)
		}{
			{"files are made for their owner alone", createsPrivately},
			{"all names work", keepsNames},
			{"what is not there is told as such", tellsErrors},
			{"content arrives as it is", movesContent},
			{"changes are carried out", carriesOutChanges},
			{"trees are walked", walksTrees},
			{"sums are taken", takesSums},
			{"accounts have numbers", findsAccounts},
		} {
			t.Run(part.name, func(t *testing.T) { part.test(t, h, r) })
		}
	})
}

func createsPrivately(t *testing.T, h *testHost, r *Remote) {
	if err := r.sys.create(t.Context(), h.path("new")); err != nil {
		t.Fatal(err)
	}
	st, err := os.Stat(h.local("new"))
	if err != nil || st.Mode() != 0o600 || st.Size() != 0 {
		t.Errorf("got %v and %v", st, err)
	}
	if err := os.Symlink("nowhere", h.local("dangling")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"new", "dangling"} {
		if err := r.sys.create(t.Context(), h.path(name)); !errors.Is(err, fs.ErrExist) {
			t.Errorf("%s: got %v, want that it exists", name, err)
		}
	}
	if _, err := os.Lstat(h.local("nowhere")); err == nil {
		t.Error("a link was followed")
	}
}

func keepsNames(t *testing.T, h *testHost, r *Remote) {
	ctx := t.Context()
	dir := h.path("names")
	if err := r.sys.do(ctx, []op{{what: mkdir, path: dir, mode: 0o755}}); err != nil {
		t.Fatal(err)
	}
	var made []string
	for _, name := range oddNames {
		path := dir + "/" + name
		if err := r.sys.create(ctx, path); err != nil {
			t.Errorf("create: %v", err)
		}
		if err := r.sys.write(ctx, path, feed([]byte(name))); err != nil {
			t.Errorf("write: %v", err)
		}
		if i, err := r.sys.lstat(ctx, path); err != nil || i.size != int64(len(name)) || i.path != path {
			t.Errorf("lstat %q: got %+v and %v", name, i, err)
		}
		made = append(made, path)
	}
	got := names(t, r, dir)
	if want := slices.Sorted(slices.Values(oddNames)); !slices.Equal(got, want) {
		t.Errorf("walk: got %q,\nwant %q", got, want)
	}
	sums, err := r.sums(ctx, append(made, dir+"/missing"))
	if err != nil {
		t.Fatal(err)
	}
	if len(sums) != len(made) {
		t.Errorf("got %d sums of %d files", len(sums), len(made))
	}
	var moves, links, removals []op
	for i, name := range oddNames {
		if sums[made[i]] != sha256.Sum256([]byte(name)) {
			t.Errorf("wrong sum of %q", name)
		}
		to := fmt.Sprintf("%s/%d", dir, i)
		moves = append(moves, op{what: rename, path: made[i], to: to})
		links = append(links, op{what: symlink, path: made[i], to: name + "/" + name})
		removals = append(removals, op{what: remove, path: to}, op{what: remove, path: made[i]})
	}
	for _, ops := range [][]op{moves, links} {
		if err := r.sys.do(ctx, ops); err != nil {
			t.Fatal(err)
		}
	}
	err = r.sys.walk(ctx, dir, func(i info) error {
		if i.kind == aLink && h.linkTo(i.link) != i.path+"/"+i.path {
			t.Errorf("link %q leads to %q", i.path, i.link)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if err := r.sys.do(ctx, append(removals, op{what: chmod, path: dir, mode: 0o700})); err != nil {
		t.Error(err)
	}
	if left := names(t, r, dir); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

// names are the paths below root, sorted.
func names(t *testing.T, r *Remote, root string) []string {
	t.Helper()
	var got []string
	err := r.sys.walk(t.Context(), root, func(i info) error {
		got = append(got, i.path)
		return nil
	})
	if err != nil {
		t.Errorf("walk: %v", err)
	}
	slices.Sort(got)
	return got
}

func tellsErrors(t *testing.T, h *testHost, r *Remote) {
	ctx := t.Context()
	put(t, h, "file", "content")
	if err := os.MkdirAll(h.local("full/inside"), 0o755); err != nil {
		t.Fatal(err)
	}
	missing, file, full := h.path("missing"), h.path("file"), h.path("full")
	gone := func(_ info, err error) error { return err }
	for _, test := range []struct {
		name string
		err  error
		want error
	}{
		{"lstat", gone(r.sys.lstat(ctx, missing)), fs.ErrNotExist},
		{"stat", gone(r.sys.stat(ctx, missing)), fs.ErrNotExist},
		{"walk", r.sys.walk(ctx, missing, func(info) error { return nil }), fs.ErrNotExist},
		{"create", r.sys.create(ctx, missing+"/file"), fs.ErrNotExist},
		{"write", r.sys.write(ctx, missing, feed([]byte("x"))), fs.ErrNotExist},
		{"read", second(r.sys.read(ctx, missing, 0, 1, new(memory))), fs.ErrNotExist},
		{"mkdir", r.sys.do(ctx, []op{{what: mkdir, path: full, mode: 0o755}}), fs.ErrExist},
		{"mkdir below nothing", r.sys.do(ctx, []op{{what: mkdir, path: missing + "/x", mode: 0o755}}), fs.ErrNotExist},
		{"symlink", r.sys.do(ctx, []op{{what: symlink, path: file, to: "x"}}), fs.ErrExist},
		{"symlink at a folder", r.sys.do(ctx, []op{{what: symlink, path: full, to: "x"}}), fs.ErrExist},
		{"remove", r.sys.do(ctx, []op{{what: remove, path: missing}}), fs.ErrNotExist},
		{"rmdir", r.sys.do(ctx, []op{{what: rmdir, path: full}}), errNotEmpty},
		{"remove a folder", r.sys.do(ctx, []op{{what: remove, path: full}}), errIsDir},
		{"write to a folder", r.sys.write(ctx, full, feed([]byte("x"))), errIsDir},
		{"rename", r.sys.do(ctx, []op{{what: rename, path: missing, to: file}}), fs.ErrNotExist},
		{"chmod", r.sys.do(ctx, []op{{what: chmod, path: missing, mode: 0o600}}), fs.ErrNotExist},
		{"chtimes", r.sys.do(ctx, []op{{what: chtimes, path: missing, time: time.Now()}}), fs.ErrNotExist},
	} {
		if !errors.Is(test.err, test.want) {
			t.Errorf("%s: got %v, want %v", test.name, test.err, test.want)
		} else if !strings.Contains(test.err.Error(), h.dir) {
			t.Errorf("%s: %q does not name the path", test.name, test.err)
		}
	}
	err := r.sys.do(ctx, []op{{what: remove, path: missing}, {what: mkdir, path: h.path("made"), mode: 0o755}, {what: remove, path: missing + "2"}})
	if err == nil || strings.Count(err.Error(), "missing") != 2 {
		t.Errorf("not all failures are told: %v", err)
	}
	if _, err := os.Stat(h.local("made")); err != nil {
		t.Errorf("a failure kept another op from being done: %v", err)
	}
}

func second[T any](_ T, err error) error { return err }

// put writes a file past the system.
func put(t *testing.T, h *testHost, name, content string) {
	t.Helper()
	if err := os.WriteFile(h.local(name), []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	own(t, h, name)
}

// own gives what the test has made itself to the user of the host.
func own(t *testing.T, h *testHost, name string) {
	t.Helper()
	if h.Target.User != "" && h.Target.User != "user" && h.Become == nil && os.Geteuid() == 0 {
		chownTo(t, h.local(name), h.Target.User)
	}
}

func takesSums(t *testing.T, h *testHost, r *Remote) {
	put(t, h, "summed", "content")
	if err := os.Mkdir(h.local("no file"), 0o755); err != nil {
		t.Fatal(err)
	}
	var paths []string
	for i := range 3000 {
		paths = append(paths, h.path(fmt.Sprintf("missing %d", i)))
	}
	if r.facts.sum == "" {
		paths = paths[:30] // they are read back, one by one
	}
	large := strings.Repeat("large ", 1<<19)
	put(t, h, "large", large)
	sums, err := r.sums(t.Context(), []string{h.path("large"), h.path("summed")}) // nothing is wrong with these
	if err != nil || len(sums) != 2 || sums[h.path("large")] != sha256.Sum256([]byte(large)) {
		t.Errorf("got %x and %v", sums, err)
	}
	sums, err = r.sums(t.Context(), append(paths, h.path("summed"), h.path("no file"), h.path("summed")+"/below"))
	if err != nil {
		t.Fatal(err)
	}
	if want := map[string]Sum{h.path("summed"): sha256.Sum256([]byte("content"))}; !maps.Equal(sums, want) {
		t.Errorf("got %d sums: %x", len(sums), sums)
	}
}

func findsAccounts(t *testing.T, h *testHost, r *Remote) {
	if h.root != "" {
		return // there is no list of accounts in the chroot
	}
	for _, test := range []struct {
		find func(context.Context, string) (int, error)
		name string
		want int
	}{
		{r.owner, "0", 0}, {r.owner, "root", 0}, {r.owner, "4711", 4711}, {r.group, "12", 12}, {r.group, "daemon", 1},
	} {
		if got, err := test.find(t.Context(), test.name); err != nil || got != test.want {
			t.Errorf("%q: got %d and %v, want %d", test.name, got, err, test.want)
		}
	}
	for _, name := range []string{"", "no-such-account", "-u", "a:b", "$(id)", "*"} {
		if n, err := r.owner(t.Context(), name); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%q: got %d and %v", name, n, err)
		}
	}
}
