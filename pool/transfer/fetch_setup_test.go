//go:build !windows

package transfer

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
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
		return b.sums(paths), nil
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
