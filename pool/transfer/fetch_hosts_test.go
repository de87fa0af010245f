//go:build !windows

package transfer

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"fleet/internal/sshd"
)

// fetchFrom fetches from a host into a new folder.
func fetchFrom(t testing.TB, h *testHost, o *FetchOptions, items ...Item) (string, *Report, error) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "into")
	rep, err := fetchInto(t, h.open(t), dir, o, items...)
	return dir, rep, err
}

func fetchInto(t testing.TB, r *Remote, dir string, o *FetchOptions, items ...Item) (*Report, error) {
	t.Helper()
	into, err := OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer into.Close()
	return r.Fetch(t.Context(), items, into, o)
}

func noise(n int) string {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{})
	_, _ = r.Read(b)
	return string(b)
}

func TestFetchFromEverySortOfHost(t *testing.T) {
	forHosts(t, allHosts, func(t *testing.T, h *testHost) {
		tree := map[string]string{
			"t/a": "one", "t/empty": "", "t/d d/'\"\\": "two", "t/d d/-n": "three", "t/d d/new\nline\n": "four",
			"t/d d/\xff\xfe": "five", "t/d d/*?[a]": "six", "t/d d/" + strings.Repeat("ü", 127): "seven", "t/big": noise(3 << 20),
			"t/link": "-> d d/-n", "t/hollow/": "", "t/ ": "eight", "t/$HOME": "nine",
		}
		if runtime.GOOS == "darwin" {
			delete(tree, "t/d d/\xff\xfe") // no file is called so there
		}
		lay(t, h.local(""), tree)
		must(t, os.Chmod(h.local("t/a"), 0o604))
		dir := filepath.Join(t.TempDir(), "into")
		r := h.open(t)
		rep, err := fetchInto(t, r, dir, &FetchOptions{}, Item{h.path("t"), "t"}, Item{h.path("t/big"), "one/file"})
		must(t, err)
		want := map[string]string{"t/": "", "one/": "", "one/file": tree["t/big"], "t/d d/": ""}
		for name, text := range tree {
			want[name] = text
		}
		wantFiles(t, dir, want)
		if rep.Files != len(tree)-1 || len(rep.Notes) > 0 {
			t.Errorf("the report is %+v", rep)
		}
		is, err := os.Stat(filepath.Join(dir, "t/a"))
		must(t, err)
		if is.Mode() != 0o604 || !is.ModTime().Equal(old) {
			t.Errorf("the file has %v and %v", is.Mode(), is.ModTime())
		}

		must(t, os.WriteFile(filepath.Join(dir, "t/a"), []byte("two"), 0o600))
		rep, err = fetchInto(t, r, dir, &FetchOptions{}, Item{h.path("t"), "t"}, Item{h.path("t/big"), "one/file"})
		must(t, err)
		wantFiles(t, dir, want)
		if rep.Total != 1 || rep.Changes[0].What != Updated || rep.Files != 1 {
			t.Errorf("the second time: %+v", rep)
		}
	})
}

func TestFetchOfAFileThatTheUserMayNotRead(t *testing.T) {
	needRoot(t)
	h := sshdHost(t)
	lay(t, h.local(""), map[string]string{"d/a": "1", "d/closed": "2", "d/locked/x": "3", "d/b": "4"})
	must(t, os.Chmod(h.local("d/closed"), 0))
	must(t, os.Chmod(h.local("d/locked"), 0))
	dir, rep, err := fetchFrom(t, h, &FetchOptions{}, Item{h.path("d"), "d"})
	for _, name := range []string{"closed", "locked"} {
		if err == nil || !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), h.path("d/"+name)) {
			t.Errorf("%s: %v", name, err)
		}
	}
	wantFiles(t, dir, map[string]string{"d/": "", "d/a": "1", "d/b": "4", "d/locked/": ""})
	if rep.Files != 2 {
		t.Errorf("the report is %+v", rep)
	}
}

func TestFetchTakesABigFileOverSeveralSessions(t *testing.T) {
	text := noise(24 << 20)
	h := embedded(t, "far", sshd.Config{Faults: sshd.Faults{Latency: 10 * time.Millisecond}})
	lay(t, h.local(""), map[string]string{"big": text})
	var m Meter
	dir, rep, err := fetchFrom(t, h, &FetchOptions{Options: Options{Meter: &m}}, Item{h.path("big"), "big"})
	must(t, err)
	got, err := os.ReadFile(filepath.Join(dir, "big"))
	must(t, err)
	if sha256.Sum256(got) != sha256.Sum256([]byte(text)) {
		t.Error("the content is not the same")
	}
	if size := int64(len(text)); rep.Bytes != size || m.Progress() != (Progress{1, 1, size, size}) {
		t.Errorf("%d bytes of %d traveled, the meter says %+v", rep.Bytes, size, m.Progress())
	}
}

func TestFetchOfManyFiles(t *testing.T) {
	h := embeddedHost(t)
	tree := map[string]string{}
	for n := range 1200 {
		tree[fmt.Sprintf("m/%d/%d", n%30, n)] = fmt.Sprint(n)
	}
	lay(t, h.local(""), tree)
	dir, rep, err := fetchFrom(t, h, &FetchOptions{}, Item{h.path("m/"), "."})
	must(t, err)
	if rep.Files != 1200 || rep.Total != 1230 || len(rep.Changes) != MaxChanges {
		t.Errorf("%d files, %d changes, %d told", rep.Files, rep.Total, len(rep.Changes))
	}
	got := found(t, dir)
	for name, text := range tree {
		if name := strings.TrimPrefix(name, "m/"); got[name] != text {
			t.Errorf("%s: %q, want %q", name, got[name], text)
		}
	}
}
