//go:build !windows

package transfer

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"fleet/internal/sshd"
)

// endless is a file without an end.
type endless struct{}

func (endless) ReadAt(p []byte, _ int64) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func aDir(name string, entries ...sshd.File) sshd.File {
	return sshd.File{Name: name, Mode: fs.ModeDir | 0o755, Entries: slices.Values(entries)}
}

func aText(name, text string) sshd.File {
	return sshd.File{Name: name, Mode: 0o644, Size: int64(len(text)), Content: strings.NewReader(text)}
}

func aWay(name, to string) sshd.File {
	return sshd.File{Name: name, Mode: fs.ModeSymlink | 0o777, Link: to}
}

// abyss is a folder in each folder.
func abyss(name string) sshd.File {
	return sshd.File{Name: name, Mode: fs.ModeDir | 0o755, Entries: func(yield func(sshd.File) bool) { yield(abyss("deeper")) }}
}

func endlessEntries() iter.Seq[sshd.File] {
	return func(yield func(sshd.File) bool) {
		for n := 0; yield(aText(strconv.Itoa(n), "")); n++ {
		}
	}
}

// TestFetchWritesNothingOutsideWhateverTheHostSays has a folder next to the one
// that is written to: it stays as it is.
func TestFetchWritesNothingOutsideWhateverTheHostSays(t *testing.T) {
	bad := aText("f", "bad")
	for _, tt := range []struct {
		name string
		in   sshd.File
		want string            // of the error
		here map[string]string // that is fetched nevertheless
		o    FetchOptions
	}{
		{name: "up", in: aDir("d", aText("ok", "1"), aText("../evil", "bad")), want: "no folder can have such"},
		{name: "far up", in: aDir("d", aText("../../../../../../../../tmp/evil", "bad")), want: "no folder can have such"},
		{name: "absolute", in: aDir("d", aText("/tmp/evil", "bad")), want: "no folder can have such"},
		{name: "within", in: aDir("d", aDir("a"), aText("a/evil", "bad")), want: "no folder can have such"},
		{name: "empty", in: aDir("d", aText("", "bad")), want: "no folder can have such"},
		{name: "NUL", in: aDir("d", aText("a\x00b", "bad")), want: "no folder can have such"},
		{name: "twice", in: aDir("d", aText("a", "1"), aText("a", "2")), want: "twice"},
		{name: "a link and a folder of one name", in: aDir("d", aWay("a", "../../outside"), aDir("a", bad)), want: "twice"},
		{name: "a folder and a link of one name", in: aDir("d", aDir("a", bad), aWay("a", "../../outside")), want: "twice"},
		{
			name: "links out", in: aDir("d", aWay("up", "../../outside"), aWay("abs", "/etc"), aWay("mixed", "a/../../../outside"), aDir("a", aText("f", "1")), aWay("in", "a/f")),
			here: map[string]string{"a/": "", "a/f": "1", "in": "-> a/f"},
		},
		{name: "a file that becomes a folder", in: aDir("d", sshd.File{Name: "a", Mode: 0o644, Size: 3, Content: strings.NewReader("ab"), Then: &sshd.File{Mode: fs.ModeDir | 0o755}}), want: "not a file any more", here: map[string]string{}},
		{name: "nested without end", in: abyss("d"), want: "folders deep"},
		{name: "entries without end", in: sshd.File{Name: "d", Mode: fs.ModeDir | 0o755, Entries: endlessEntries()}, want: "more than 5000 files", o: FetchOptions{MaxFiles: 5000}},
		{name: "content without end", in: aDir("d", sshd.File{Name: "a", Mode: 0o644, Size: 5, Content: endless{}}), here: map[string]string{"a": "xxxxx"}},
		{name: "less content than size", in: aDir("d", sshd.File{Name: "a", Mode: 0o644, Size: 1 << 50, Content: strings.NewReader("ab")}), want: "a", here: map[string]string{}},
		{name: "sizes beyond the bound", in: aDir("d", sshd.File{Name: "a", Mode: 0o644, Size: 1<<63 - 1, Content: endless{}}), want: "more than 1000 bytes", o: FetchOptions{MaxBytes: 1000}},
		{name: "sizes beyond all numbers", in: aDir("d", sshd.File{Name: "a", Mode: 0o644, Size: 1<<63 - 1}, sshd.File{Name: "b", Mode: 0o644, Size: 1<<63 - 1}), want: "bytes"},
		{name: "a size below zero", in: aDir("d", sshd.File{Name: "a", Mode: 0o644, Size: -1, Content: endless{}}), want: "d", here: map[string]string{}},
		{name: "devices", in: aDir("d", sshd.File{Name: "a", Mode: fs.ModeDevice | 0o644}, sshd.File{Name: "b", Mode: fs.ModeNamedPipe | 0o644}, aText("c", "1")), here: map[string]string{"c": "1"}},
		{name: "a name like a temporary", in: aDir("d", aText(".x.fleet-00000000", "1"), aText("x", "2")), here: map[string]string{".x.fleet-00000000": "1", "x": "2"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			root := aDir("", tt.in)
			_, h := embeddedServer(t, "hostile", sshd.Config{Files: &root, Exec: noCommands})
			around := t.TempDir()
			lay(t, around, map[string]string{"outside/f": "precious"})
			rep, err := fetchInto(t, h.open(t), filepath.Join(around, "into"), &tt.o, Item{"/d", "d"})
			if tt.want == "" {
				must(t, err)
			} else if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			want := map[string]string{"outside/": "", "outside/f": "precious"}
			if tt.here != nil {
				want["into/"], want["into/d/"] = "", ""
				for name, text := range tt.here {
					want["into/d/"+name] = text
				}
			}
			wantFiles(t, around, want)
			for _, c := range rep.Changes {
				if !strings.HasPrefix(c.Path, filepath.Join(around, "into")) {
					t.Errorf("%s was %s", c.Path, c.What)
				}
			}
		})
	}
}

// TestFetchWritesThroughNoLinkThatIsThere has the folder prepared by an earlier
// fetch, from a host that has become an enemy.
func TestFetchWritesThroughNoLinkThatIsThere(t *testing.T) {
	root := aDir("", aDir("d", aDir("a", aText("f", "bad")), aText("g", "bad"), aText("h", "bad")))
	_, h := embeddedServer(t, "hostile", sshd.Config{Files: &root, Exec: noCommands})
	around := t.TempDir()
	outside := map[string]string{"outside/": "", "outside/f": "precious", "outside/g": "precious"}
	lay(t, around, outside)
	lay(t, around, map[string]string{"into/d/a": "-> ../../outside", "into/d/g": "-> ../../outside/g", "into/d/h": "-> f", "into/d/f": "mine"})
	rep, err := fetchInto(t, h.open(t), filepath.Join(around, "into"), &FetchOptions{}, Item{"/d", "d"})
	must(t, err)
	want := map[string]string{"into/": "", "into/d/": "", "into/d/a/": "", "into/d/a/f": "bad", "into/d/g": "bad", "into/d/h": "bad", "into/d/f": "mine"}
	for name, text := range outside {
		want[name] = text
	}
	wantFiles(t, around, want)
	if rep.Total != 4 {
		t.Errorf("changes: %+v", rep.Changes)
	}

	must(t, os.RemoveAll(filepath.Join(around, "into")))
	for _, to := range []string{"../outside", "inner"} {
		lay(t, around, map[string]string{"into/d": "-> " + to, "into/inner/": ""})
		if _, err := fetchInto(t, h.open(t), filepath.Join(around, "into"), &FetchOptions{}, Item{"/d/a", "d/a"}); err == nil || !strings.Contains(err.Error(), "is a symbolic link here") {
			t.Errorf("a link above what is fetched: %v", err)
		}
		must(t, os.RemoveAll(filepath.Join(around, "into")))
	}
	wantFiles(t, around, outside)
}

func TestFetchOfCutAndFaultyFiles(t *testing.T) {
	text := noise(3 << 20)
	for _, tt := range []struct {
		name   string
		faults sshd.FileFaults
		want   string
	}{
		{"short reads", sshd.FileFaults{ShortReads: true}, ""},
		{"no extensions", sshd.FileFaults{NoExtensions: true}, ""},
		{"cut once", sshd.FileFaults{DropReads: 2 << 20}, ""},
		{"cut twice", sshd.FileFaults{DropReads: 1 << 20}, "host"},
		{"sizes too large", sshd.FileFaults{SizeOff: 5}, ""},
		{"sizes too small", sshd.FileFaults{SizeOff: -5}, "SHA-256"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, h := embeddedServer(t, tt.name, sshd.Config{Faults: sshd.Faults{Files: tt.faults}})
			lay(t, h.local(""), map[string]string{"d/b": text})
			r := h.open(t)
			if tt.name == "cut once" {
				must(t, s.SetFaults(sshd.Faults{})) // of connections to come
			}
			dir := filepath.Join(t.TempDir(), "into")
			rep, err := fetchInto(t, r, dir, &FetchOptions{}, Item{h.path("d"), "d"})
			want := map[string]string{"d/": "", "d/b": text}
			if tt.want != "" {
				delete(want, "d/b")
			}
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			wantFiles(t, dir, want)
			if tt.name == "cut once" && rep.Bytes >= 5<<20 {
				t.Errorf("%d bytes traveled: it began anew", rep.Bytes)
			}
		})
	}
}

func TestFetchThatIsMissing(t *testing.T) {
	forHosts(t, mainHosts, func(t *testing.T, h *testHost) {
		dir, _, err := fetchFrom(t, h, &FetchOptions{}, Item{h.path("no such"), "x"})
		if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), h.path("no such")) {
			t.Errorf("got %v", err)
		}
		if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the folder was made (%v)", err)
		}
	})
}

// noCommands is the shell of a host that has sftp alone.
func noCommands(context.Context, *sshd.Exec) int { return 1 }
