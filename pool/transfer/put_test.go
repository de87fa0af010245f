//go:build !windows

package transfer

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// write makes a file of the test's own, with exactly this mode.
func write(t testing.TB, path, content string, mode fs.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

// isFile wants a file to be there with this content and mode.
func isFile(t testing.TB, path, content string, mode fs.FileMode) {
	t.Helper()
	is, err := os.Lstat(path)
	if err != nil {
		t.Error(err)
		return
	}
	if is.Mode() != mode {
		t.Errorf("%q has mode %v, want %v", path, is.Mode(), mode)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != content {
		t.Errorf("%q has %d bytes that begin with %.40q, want %d that begin with %.40q; %v", path, len(got), got, len(content), content, err)
	}
}

// holds wants a folder of the host to hold these names and no other.
func holds(t testing.TB, folder string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		if e.Name() != ".ssh" { // where a server keeps its users' keys
			got = append(got, e.Name())
		}
	}
	want = slices.Sorted(slices.Values(want))
	if !slices.Equal(got, want) {
		t.Errorf("the folder holds %q, want %q", got, want)
	}
}

// work makes a folder on the host, for one test alone.
func (h *testHost) work(t testing.TB) *testHost {
	t.Helper()
	at := *h
	at.dir = h.path("work")
	if err := os.Mkdir(at.root+at.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 && h.Target.User != "" && h.Target.User != "user" && h.Become == nil {
		chownTo(t, at.root+at.dir, h.Target.User)
	}
	return &at
}

func text(content string) *Source { return NewSource("app.conf", []byte(content), 0o666) }

func putFile(t testing.TB, r *Remote, src *Source, o PutOptions) *Report {
	t.Helper()
	rep, err := r.Put(t.Context(), src, &o)
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

func TestPutMakesTheFileWhatItsSourceIs(t *testing.T) {
	forHosts(t, allHosts, func(t *testing.T, h *testHost) {
		h = h.work(t)
		r := h.open(t)
		dest := h.path("app.conf")
		for _, step := range []struct {
			name    string
			content string
			mode    fs.FileMode // asked for
			want    Report
			is      fs.FileMode
		}{
			{"new", "one\n", 0, Report{Changes: []Change{{dest, Created}}, Total: 1, Files: 1, Bytes: 4}, 0o644},
			{"unchanged", "one\n", 0, Report{Unchanged: 1}, 0o644},
			{"mode alone", "one\n", 0o640, Report{Changes: []Change{{dest, Adjusted}}, Total: 1}, 0o640},
			{"content of the same size, mode kept", "two\n", 0, Report{Changes: []Change{{dest, Updated}}, Total: 1, Files: 1, Bytes: 4}, 0o640},
			{"both", "three\n", 0o751, Report{Changes: []Change{{dest, Updated}}, Total: 1, Files: 1, Bytes: 6}, 0o751},
			{"all right", "three\n", 0o751, Report{Unchanged: 1}, 0o751},
			{"emptied", "", 0, Report{Changes: []Change{{dest, Updated}}, Total: 1, Files: 1}, 0o751},
			{"empty already", "", 0, Report{Unchanged: 1}, 0o751},
		} {
			m := &Meter{}
			o := PutOptions{Destination: dest, File: File{Mode: step.mode, HasMode: step.mode != 0}, Options: Options{Meter: m}}
			got := putFile(t, r, text(step.content), o)
			step.want.Path = dest
			if !equalReports(got, &step.want) {
				t.Errorf("%s: got %+v, want %+v", step.name, *got, step.want)
			}
			size := int64(len(step.content))
			if p := m.Progress(); p != (Progress{Files: 1, FilesDone: 1, Bytes: size, BytesDone: size}) {
				t.Errorf("%s: the meter shows %+v", step.name, p)
			}
			isFile(t, h.local("app.conf"), step.content, step.is)
			holds(t, h.local(""), "app.conf")
		}
	})
}

func equalReports(a, b *Report) bool {
	return a.Path == b.Path && slices.Equal(a.Changes, b.Changes) && a.Total == b.Total && a.Files == b.Files && a.Bytes == b.Bytes &&
		a.Unchanged == b.Unchanged && len(a.Notes) == len(b.Notes)
}

func TestPutTakesAnyName(t *testing.T) {
	names := []string{
		"a b", "-rf", "--help", "it's", `say "x"`, "two\nlines", `back\slash`, "*?[a]", "ünïcødé", "\xff\xfe", "$(id)", "`id`", "%s",
		strings.Repeat("n", 255), strings.Repeat("ü", 127) + "n",
	}
	forHosts(t, mainHosts, func(t *testing.T, h *testHost) {
		h = h.work(t)
		r := h.open(t)
		for _, name := range names {
			putFile(t, r, text("old\n"), PutOptions{Destination: h.path(name)})
			putFile(t, r, text("new\n"), PutOptions{Destination: h.path(name), Validate: "grep -q new %s"})
			isFile(t, h.local(name), "new\n", 0o644)
		}
		holds(t, h.local(""), names...)
	})
}

func TestPutSendsEveryByteOfABigFile(t *testing.T) {
	path, content := localFile(t, 20*blockSize+12345)
	forHosts(t, allHosts, func(t *testing.T, h *testHost) {
		h = h.work(t)
		src := openSource(t, path)
		rep := putFile(t, h.open(t), src, PutOptions{Destination: h.path("big")})
		if rep.Bytes != int64(len(content)) {
			t.Errorf("%d bytes have traveled, of %d", rep.Bytes, len(content))
		}
		isFile(t, h.local("big"), string(content), 0o640)
		holds(t, h.local(""), "big")
	})
}

func TestPutKeepsToWhatTheDestinationIs(t *testing.T) {
	h := embeddedHost(t).work(t)
	r := h.open(t)
	for _, err := range []error{
		os.Mkdir(h.local("folder"), 0o755),
		os.Symlink("file", h.local("link")),
		os.Symlink("link", h.local("link2")),
		os.Symlink("nobody", h.local("dangling")),
		os.Symlink("circle", h.local("circle")),
		os.Symlink("folder", h.local("folderlink")),
		os.WriteFile(h.local("file"), []byte("old\n"), 0o600),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		dest         string
		into, follow bool
		at           string // where it went
		fails        string
	}{
		{dest: "link", fails: "symbolic link to \"file\""},
		{dest: "dangling", fails: "symbolic link"},
		{dest: "dangling", follow: true, fails: "which is not there"},
		{dest: "circle", follow: true, fails: "lead nowhere"},
		{dest: "folder", fails: "it is a folder"},
		{dest: "folderlink", follow: true, fails: "it is a folder"},
		{dest: "folder/", at: "folder/app.conf"},
		{dest: "folderlink/", at: "folder/app.conf"},
		{dest: "folder", into: true, at: "folder/app.conf"},
		{dest: "folderlink", into: true, at: "folder/app.conf"},
		{dest: "file", into: true, at: "file"},
		{dest: "link", follow: true, at: "file"},
		{dest: "link2", follow: true, at: "file"},
		{dest: "file/", fails: "not a folder"},
		{dest: "none/", fails: "is not on the host"},
		{dest: "none/app.conf", fails: "is not on the host"},
		{dest: "file/app.conf", fails: "/file\" is not a folder"},
		{dest: "file/none/app.conf", fails: "/file/none\" is not a folder"},
		{dest: "folder/../other", at: "other"},
	} {
		for _, dry := range []bool{true, false} {
			rep, err := r.Put(t.Context(), text(c.dest+"\n"), &PutOptions{Destination: h.path(c.dest), Into: c.into, Follow: c.follow, Options: Options{DryRun: dry}})
			if c.fails != "" {
				if err == nil || !strings.Contains(err.Error(), c.fails) || strings.Count(err.Error(), "hint:") > 1 {
					t.Errorf("%+v: got %v", c, err)
				}
				continue
			}
			if err != nil || !rep.Changed() {
				t.Errorf("%+v: %+v, %v", c, rep, err)
			}
		}
		if c.at != "" {
			if got, err := os.ReadFile(h.local(c.at)); err != nil || string(got) != c.dest+"\n" {
				t.Errorf("%+v: %q, %v", c, got, err)
			}
		}
	}
	if to, err := os.Readlink(h.local("link")); err != nil || to != "file" {
		t.Errorf("the link that was followed leads to %q, %v", to, err)
	}
	holds(t, h.local(""), "folder", "link", "link2", "dangling", "circle", "folderlink", "file", "other")
	holds(t, h.local("folder"), "app.conf")
}

func TestPutDryRunChangesNothingAndShowsTheDiff(t *testing.T) {
	forHosts(t, mainHosts, func(t *testing.T, h *testHost) {
		h = h.work(t)
		r := h.open(t)
		write(t, h.local("app.conf"), "1\n2\n", 0o644)
		o := PutOptions{Destination: h.path("app.conf"), File: File{Mode: 0o600, HasMode: true}, Options: Options{DryRun: true, Diff: true}}
		rep := putFile(t, r, text("1\n3\n"), o)
		if len(rep.Diffs) != 1 || !strings.HasSuffix(rep.Diffs[0].Unified(), "@@ -1,2 +1,2 @@\n 1\n-2\n+3\n") || rep.Total != 1 {
			t.Errorf("got %+v", rep)
		}
		if rep = putFile(t, r, text("1\n2\n"), o); len(rep.Diffs) != 0 || !slices.Equal(rep.Changes, []Change{{h.path("app.conf"), Adjusted}}) {
			t.Errorf("only the mode is wrong: got %+v", rep)
		}
		o.Private = true
		if rep = putFile(t, r, text("1\n3\n"), o); rep.Diffs[0].Before != nil || rep.Diffs[0].Omitted != "private" {
			t.Errorf("a private file: %+v", rep.Diffs)
		}
		o.Destination = h.path("new")
		o.Private = false
		if rep = putFile(t, r, text("1\n"), o); rep.Diffs[0].Before != nil || rep.Changes[0].What != Created {
			t.Errorf("a new file: %+v", rep)
		}
		isFile(t, h.local("app.conf"), "1\n2\n", 0o644)
		holds(t, h.local(""), "app.conf")
	})
}

func TestPutValidatesBeforeAnybodySeesTheFile(t *testing.T) {
	forHosts(t, mainHosts, func(t *testing.T, h *testHost) {
		h = h.work(t)
		r := h.open(t)
		write(t, h.local("app.conf"), "old\n", 0o640)
		dest := h.path("app.conf")
		for _, c := range []struct{ validate, fails string }{
			{"echo line 3: no such thing as %s >&2; exit 4", "ended with status 4; the file is as it was: line 3: no such thing as " + dest},
			{"grep -q old %s", "ended with status 1"},
			{"nginx -t", "has no %s"},
			{"echo in line 3; echo of %s >&2; exit 3", "as it was: in line 3\nof " + dest},
			{"echo more >>%s", "changed the new file"},
			{"rm %s", "removed the new file"},
		} {
			_, err := r.Put(t.Context(), text("new\n"), &PutOptions{Destination: dest, Validate: c.validate, Backup: true})
			if err == nil || !strings.Contains(err.Error(), c.fails) {
				t.Errorf("%s: got %v, want %q", c.validate, err, c.fails)
			}
			isFile(t, h.local("app.conf"), "old\n", 0o640)
			holds(t, h.local(""), "app.conf")
		}
		putFile(t, r, text("new\n"), PutOptions{Destination: dest, Validate: `test "$(stat -c %%a %s)" = 640 || grep -q new %s`})
		isFile(t, h.local("app.conf"), "new\n", 0o640)
	})
}

func TestPutKeepsABackup(t *testing.T) {
	forHosts(t, allHosts, func(t *testing.T, h *testHost) {
		h = h.work(t)
		r := h.open(t)
		putFile(t, r, text("0\n"), PutOptions{Destination: h.path("app.conf"), Backup: true, File: File{Mode: 0o640, HasMode: true}})
		names := []string{"app.conf"}
		for i := range 3 {
			rep := putFile(t, r, text(strings.Repeat("new\n", i+1)), PutOptions{Destination: h.path("app.conf"), Backup: true})
			if len(rep.Backups) != 1 {
				t.Fatalf("got %+v", rep)
			}
			names = append(names, filepath.Base(rep.Backups[0]))
		}
		isFile(t, h.local(names[1]), "0\n", 0o640)
		isFile(t, h.local(names[2]), "new\n", 0o640)
		isFile(t, h.local("app.conf"), "new\nnew\nnew\n", 0o640)
		holds(t, h.local(""), names...)
	})
}

func TestPutGivesAndKeepsOwners(t *testing.T) {
	h := sudoHost(t).work(t)
	r := h.open(t)
	dest := h.path("app.conf")
	owned := func(uid, gid int) {
		t.Helper()
		if is, err := r.sys.lstat(t.Context(), dest); err != nil || is.uid != uid || is.gid != gid {
			t.Errorf("it belongs to %d:%d, want %d:%d; %v", is.uid, is.gid, uid, gid, err)
		}
	}
	putFile(t, r, text("1\n"), PutOptions{Destination: dest, File: File{Owner: "12345", Group: "54321"}})
	owned(12345, 54321)
	putFile(t, r, text("2\n"), PutOptions{Destination: dest})
	owned(12345, 54321)
	if rep := putFile(t, r, text("2\n"), PutOptions{Destination: dest, File: File{Owner: "root", Mode: fs.ModeSetuid | 0o755, HasMode: true}}); rep.Changes[0].What != Adjusted {
		t.Errorf("got %+v", rep)
	}
	owned(0, 54321)
	putFile(t, r, text("3\n"), PutOptions{Destination: dest, File: File{Group: "0"}})
	owned(0, 0)
	isFile(t, h.local("app.conf"), "3\n", fs.ModeSetuid|0o755)
	if _, err := r.Put(t.Context(), text("4\n"), &PutOptions{Destination: dest, File: File{Owner: "nobody-of-this-name"}}); err == nil {
		t.Error("an owner who is not there was given the file")
	}
	holds(t, h.local(""), "app.conf")
}

func TestPutRefusesToChangeAnOwnerThatItCannotKeep(t *testing.T) {
	h := sshdHost(t)
	needRoot(t)
	h = h.work(t)
	r := h.open(t)
	write(t, h.local("app.conf"), "of root\n", 0o644)
	_, err := r.Put(t.Context(), text("new\n"), &PutOptions{Destination: h.path("app.conf")})
	if !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "keep its owner 0 and group 0") {
		t.Errorf("got %v", err)
	}
	isFile(t, h.local("app.conf"), "of root\n", 0o644)
	holds(t, h.local(""), "app.conf")
}

func TestPutsAtOneTimeEndWithOneOfTheFiles(t *testing.T) {
	forHosts(t, mainHosts, func(t *testing.T, h *testHost) {
		h = h.work(t)
		contents := []string{strings.Repeat("a", 2<<20), strings.Repeat("b", 3<<20), strings.Repeat("c", 1<<20)}
		var all sync.WaitGroup
		for _, content := range contents {
			r := h.open(t)
			all.Go(func() {
				if _, err := r.Put(t.Context(), text(content), &PutOptions{Destination: h.path("app.conf")}); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		got, err := os.ReadFile(h.local("app.conf"))
		if err != nil || !slices.Contains(contents, string(got)) {
			t.Errorf("%d bytes are none of what was sent; %v", len(got), err)
		}
		holds(t, h.local(""), "app.conf")
	})
}

func TestPutTakesOverNothingThatIsNotItsOwn(t *testing.T) {
	forHosts(t, mainHosts, func(t *testing.T, h *testHost) {
		h = h.work(t)
		r := h.open(t)
		path, content := localFile(t, 3*resumeSize)
		src := openSource(t, path)
		names, err := newTempName("big", src)
		if err != nil {
			t.Fatal(err)
		}
		old := func(name, content string, mode fs.FileMode, age time.Duration) string {
			write(t, h.local(name), content, mode)
			when := time.Now().Add(-age)
			if err := os.Chtimes(h.local(name), when, when); err != nil {
				t.Fatal(err)
			}
			if u := h.Target.User; u != "user" && h.Become == nil {
				chownTo(t, h.local(name), u)
			}
			return name
		}
		half := string(content[:2*resumeSize])
		stays := []string{
			"big",
			old(names.random(), half, 0o600, 0), // under way
			old(names.random(), half, 0o644, 2*time.Hour),     // of somebody else
			old(".big.fleet-notes", "x", 0o600, 48*time.Hour), // no name of ours
			old(".bigger.fleet-00000000-00000000", "x", 0o600, 48*time.Hour),
			old(".big.fleet-00000000-00000000", "x", 0o600, 2*time.Hour),
		}
		old(".big.fleet-00000000-00000001", "x", 0o600, 48*time.Hour) // stale
		rep := putFile(t, r, src, PutOptions{Destination: h.path("big")})
		if rep.Bytes != int64(len(content)) {
			t.Errorf("%d bytes have traveled", rep.Bytes)
		}
		isFile(t, h.local("big"), string(content), 0o640)
		holds(t, h.local(""), stays...)
	})
}
