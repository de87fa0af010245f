//go:build !windows

package transfer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
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

func movesContent(t *testing.T, h *testHost, r *Remote) {
	ctx := t.Context()
	random := rand.New(rand.NewPCG(1, 2))
	for _, size := range []int{0, 1, plainData, largeData + 1, 3_000_001} {
		content := make([]byte, size)
		for i := range content {
			content[i] = byte(random.Uint32())
		}
		path := h.path(fmt.Sprintf("content%d", size))
		if err := r.sys.create(ctx, path); err != nil {
			t.Fatal(err)
		}
		if err := r.sys.write(ctx, path, feed(content)); err != nil {
			t.Fatal(err)
		}
		got := new(memory)
		n, err := r.sys.read(ctx, path, 0, int64(size), got)
		if err != nil || n != int64(size) || !bytes.Equal(got.bytes, content) {
			t.Errorf("%d bytes: got %d (%d) and %v", size, n, len(got.bytes), err)
		}
		if size < 2 {
			continue
		}
		// A part of it, and more than there is.
		part := &shifted{memory: new(memory), by: int64(size / 2)}
		if n, err := r.sys.read(ctx, path, part.by, 1000, part); err != nil || n != 1000 || !bytes.Equal(part.bytes, content[part.by:part.by+1000]) {
			t.Errorf("part of %d bytes: got %d and %v", size, n, err)
		}
		if n, err := r.sys.read(ctx, path, 1, int64(size)+1000, &shifted{new(memory), 1}); err != nil || n != int64(size-1) {
			t.Errorf("past the end of %d bytes: got %d and %v", size, n, err)
		}
		// What is written from a place on leaves what is before.
		half := size / 2
		if err := r.sys.write(ctx, path, &pieceFeed{content: content, at: half}); err != nil {
			t.Fatal(err)
		}
		if on, err := os.ReadFile(h.local(filepath.Base(path))); err != nil || !bytes.Equal(on, content) {
			t.Errorf("after a write in the middle: %d of %d bytes, %v", len(on), size, err)
		}
	}
	if err := r.sys.flush(ctx, []string{h.path("content0"), h.path("content1")}); err != nil {
		t.Errorf("flush: %v", err)
	}
	var many []string
	for i := range manyFiles + 1 {
		put(t, h, fmt.Sprint("flushed", i), "")
		many = append(many, h.path(fmt.Sprint("flushed", i)))
	}
	if err := r.sys.flush(ctx, many); err != nil {
		t.Errorf("flush of many: %v", err)
	}
	canceled, cancel := context.WithCancel(ctx)
	endless := &pieceFeed{content: make([]byte, 1<<30), onPiece: func(n int) {
		if n > 10 {
			cancel()
		}
	}}
	if err := r.sys.write(canceled, h.path("content0"), endless); err == nil || endless.open.Load() != 0 {
		t.Errorf("canceled: got %v, %d pieces not given back", err, endless.open.Load())
	}
	if _, err := r.sys.lstat(ctx, h.path("content0")); err != nil {
		t.Errorf("after that: %v", err)
	}
}

// shifted takes content from by on.
type shifted struct {
	*memory
	by int64
}

func (s *shifted) WriteAt(p []byte, offset int64) (int, error) {
	return s.memory.WriteAt(p, offset-s.by)
}

func feed(content []byte) *pieceFeed { return &pieceFeed{content: content} }

// A pieceFeed is content as pieces.
type pieceFeed struct {
	mu      sync.Mutex
	content []byte
	at      int
	count   int
	onPiece func(n int)
	open    atomic.Int64
}

func (f *pieceFeed) next(ctx context.Context, limit int) (piece, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if ctx.Err() != nil {
		return piece{}, ctx.Err()
	}
	if f.at == len(f.content) {
		return piece{}, io.EOF
	}
	p := piece{data: f.content[f.at:min(f.at+limit, len(f.content))], offset: int64(f.at), done: func(bool) { f.open.Add(-1) }}
	f.at += len(p.data)
	f.open.Add(1)
	if f.count++; f.onPiece != nil {
		f.onPiece(f.count)
	}
	return p, nil
}

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
