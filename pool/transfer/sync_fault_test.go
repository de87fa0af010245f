//go:build !windows

package transfer

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"fleet/internal/sshd"
	"fleet/transport"
)

// A tripwire is a transport that calls trip when half a megabyte of input has gone
// to commands.
type tripwire struct {
	transport.Transport
	trip func()
}

func (w tripwire) Run(ctx context.Context, t transport.Target, c *transport.Command) (transport.Status, error) {
	if c.Stdin != nil {
		watched := *c
		watched.Stdin = &tripReader{r: c.Stdin, left: 512 << 10, trip: w.trip}
		c = &watched
	}
	return w.Transport.Run(ctx, t, c)
}

type tripReader struct {
	r    io.Reader
	left int
	trip func()
}

func (r *tripReader) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	if r.left -= n; r.left <= 0 {
		r.trip()
	}
	return n, err
}

// bulky is a tree of a few megabytes, most of them in one file.
func bulky(t *testing.T) string {
	t.Helper()
	return plant(t, map[string]string{"a": strings.Repeat("a", 300<<10), "b/c": strings.Repeat("b", 3<<20), "b/d": "d"})
}

func TestSyncThatIsStoppedLeavesNothing(t *testing.T) {
	forHosts(t, mainHosts, func(t *testing.T, h *testHost) {
		plantOne(t, h.local("to"), "a", "old")
		ctx, cancel := context.WithCancelCause(t.Context())
		defer cancel(nil)
		enough := errors.New("enough")
		h.Transport = tripwire{h.Transport, func() { cancel(enough) }}
		m := &Meter{}
		o := &SyncOptions{Destination: h.path("to"), Delete: true}
		o.Meter = m
		_, err := h.open(t).Sync(ctx, openTree(t, bulky(t)+"/"), o)
		if !errors.Is(err, enough) {
			t.Errorf("got %v", err)
		}
		sameNames(t, h.local("to"), "a")
		if content, err := os.ReadFile(h.local("to/a")); err != nil || string(content) != "old" {
			t.Errorf("%q, %v", content, err)
		}
		if p := m.Progress(); p != (Progress{}) {
			t.Errorf("the meter still expects %+v", p)
		}
	})
}

// sameNames wants nothing but names in the folder, hidden or not.
func sameNames(t *testing.T, folder string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Error(err)
		return
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if strings.Join(got, "\n") != strings.Join(names, "\n") {
		t.Errorf("%q holds %q, want %q", folder, got, names)
	}
}

func TestSyncGoesOnAfterALostLink(t *testing.T) {
	server, h := embeddedServer(t, "", sshd.Config{})
	var once sync.Once
	h.Transport = tripwire{h.Transport, func() { once.Do(func() { server.Drop() }) }}
	source, m := bulky(t), &Meter{}
	o := &SyncOptions{Destination: h.path("to")}
	o.Meter = m
	report := syncTree(t, h.open(t), source+"/", o)
	sameTree(t, source, h.local("to"))
	sameNames(t, h.local("."), "to")
	if report.Total != 5 || report.Files != 3 {
		t.Errorf("%d changes, %d files: %q", report.Total, report.Files, said(report, h.path("to")))
	}
	if p := m.Progress(); p.Files != 3 || p.FilesDone != 3 || p.Bytes != p.BytesDone || p.Bytes != 300<<10+3<<20+1 {
		t.Errorf("progress %+v", p)
	}
}

func TestSyncGivesUpWhereTheLinkIsLostAgain(t *testing.T) {
	server, h := embeddedServer(t, "", sshd.Config{})
	h.Transport = tripwire{h.Transport, func() { server.Drop() }}
	_, err := h.open(t).Sync(t.Context(), openTree(t, bulky(t)+"/"), &SyncOptions{Destination: h.path("to")})
	if transport.KindOf(err) != transport.KindLost {
		t.Errorf("got %v", err)
	}
	sameNames(t, h.local("."))
}

func TestSyncTellsThatTheTreeChanges(t *testing.T) {
	h := embeddedHost(t)
	plantOne(t, h.local("to"), "a", "old")
	source := plant(t, map[string]string{"a": "new", "b": "1"})
	tree, r := openTree(t, source+"/"), h.open(t)
	if _, err := tree.fileSums(t.Context()); err != nil {
		t.Fatal(err)
	}
	stat, err := os.Stat(filepath.Join(source, "b"))
	if err != nil {
		t.Fatal(err)
	}
	plantOne(t, source, "b", "2")
	o := &SyncOptions{Destination: h.path("to")}
	for name, at := range map[string]time.Time{"by its time": time.Unix(1, 0), "by its content alone": stat.ModTime()} {
		if err := os.Chtimes(filepath.Join(source, "b"), at, at); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Sync(t.Context(), tree, o); err == nil || !strings.Contains(err.Error(), filepath.Join(source, "b")) {
			t.Errorf("%s: got %v", name, err)
		}
		sameNames(t, h.local("to"), "a")
		if content, err := os.ReadFile(h.local("to/a")); err != nil || string(content) != "old" {
			t.Errorf("%s: %q, %v", name, content, err)
		}
	}
}

func TestSyncWithoutTheRightToWrite(t *testing.T) {
	needRoot(t)
	h := sshdHost(t)
	plantOne(t, h.local("to"), "a", "old")
	if err := os.Chmod(h.local("to"), 0o755); err != nil {
		t.Fatal(err)
	}
	_, err := h.open(t).Sync(t.Context(), openTree(t, bulky(t)+"/"), &SyncOptions{Destination: h.path("to")})
	if !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), h.path("to")) {
		t.Errorf("got %v", err)
	}
	sameNames(t, h.local("to"), "a")
}

// What a killed transfer has left is removed when it is old, and left to whoever is
// at work on it when it is not.
func TestSyncTidiesUpAfterOthers(t *testing.T) {
	h := embeddedHost(t)
	const young, old, file = ".fleet-0123456789abcdef", ".fleet-fedcba9876543210", ".a.fleet-01234567-89abcdef"
	plantOne(t, h.local("to"), young+"/0/x", "1")
	plantOne(t, h.local("to"), old+"/0/x", "1")
	plantOne(t, h.local("to"), file, "1")
	plantOne(t, h.local("to"), ".fleet-else", "1")
	then := time.Now().Add(-25 * time.Hour)
	if err := os.Chtimes(h.local("to/"+old), then, then); err != nil {
		t.Fatal(err)
	}
	report := syncTree(t, h.open(t), plant(t, map[string]string{"b": "1"})+"/", &SyncOptions{Destination: h.path("to"), Delete: true})
	sameNames(t, h.local("to"), file, young, "b")
	if len(report.Notes) != 1 || !strings.Contains(report.Notes[0], old) {
		t.Errorf("notes: %q", report.Notes)
	}
}
