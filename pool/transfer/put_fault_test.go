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
	"sync/atomic"
	"testing"
	"time"

	"fleet/internal/sshd"
	"fleet/transport"
)

// fails wants a Put to fail, and the target to be as it was with nothing beside it.
func fails(t *testing.T, h *testHost, r *Remote, src *Source, o PutOptions, want string, is error) {
	t.Helper()
	write(t, h.local("target"), "old\n", 0o600)
	o.Destination = h.path("target")
	m := &Meter{}
	o.Meter = m
	_, err := r.Put(t.Context(), src, &o)
	if err == nil || is != nil && !errors.Is(err, is) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), o.Destination) {
		t.Errorf("got %v, want %q", err, want)
	}
	if p := m.Progress(); p != (Progress{}) {
		t.Errorf("the meter still expects %+v", p)
	}
	isFile(t, h.local("target"), "old\n", 0o600)
	holds(t, h.local(""), "target")
}

func TestPutNoticesWhatArrivesDamaged(t *testing.T) {
	_, h := embeddedServer(t, "", sshd.Config{Faults: sshd.Faults{Files: sshd.FileFaults{Corrupt: true}}})
	h = h.work(t)
	fails(t, h, h.open(t), text("new\n"), PutOptions{}, errDiffers.Error(), errDiffers)
}

func TestPutToAFullDisk(t *testing.T) {
	_, h := embeddedServer(t, "", sshd.Config{Faults: sshd.Faults{Files: sshd.FileFaults{NoSpaceAfter: 1 << 20}}})
	h = h.work(t)
	path, _ := localFile(t, 3<<20)
	fails(t, h, h.open(t), openSource(t, path), PutOptions{}, "write ", nil)
}

func TestPutIntoAFolderThatCannotBeWritten(t *testing.T) {
	h := sshdHost(t)
	needRoot(t)
	h = h.work(t)
	write(t, h.local("target"), "old\n", 0o600)
	if err := os.Chmod(h.local(""), 0o555); err != nil {
		t.Fatal(err)
	}
	fails(t, h, h.open(t), text("new\n"), PutOptions{}, "no right to write in folder", fs.ErrPermission)
}

func TestPutTellsThatTheLocalFileChanges(t *testing.T) {
	forHosts(t, mainHosts, func(t *testing.T, h *testHost) {
		h = h.work(t)
		path, content := localFile(t, 3*blockSize)
		src := openSource(t, path)
		// It changes between the first block and the last.
		src.cache.file = changing{src.file, func() {
			content[2*blockSize]++
			if err := os.WriteFile(path, content, 0o640); err != nil {
				t.Error(err)
			}
			_ = os.Chtimes(path, time.Time{}, time.Unix(1, 0))
		}}
		fails(t, h, h.open(t), src, PutOptions{}, errChanged.Error(), errChanged)
	})
}

type changing struct {
	file   *os.File
	change func()
}

func (c changing) ReadAt(p []byte, at int64) (int, error) {
	if at == 0 {
		defer c.change()
	}
	return c.file.ReadAt(p, at)
}

func TestPutThatIsStoppedLeavesNothing(t *testing.T) {
	path, _ := localFile(t, 4<<20)
	forHosts(t, allHosts, func(t *testing.T, h *testHost) {
		h = h.work(t)
		r := h.open(t)
		write(t, h.local("target"), "old\n", 0o600)
		ctx, cancel := context.WithCancelCause(t.Context())
		defer cancel(nil)
		stop := errors.New("enough")
		src := openSource(t, path)
		src.cache.file = stopping{src.file, func() { cancel(stop) }}
		_, err := r.Put(ctx, src, &PutOptions{Destination: h.path("target")})
		if !errors.Is(err, stop) {
			t.Errorf("got %v", err)
		}
		isFile(t, h.local("target"), "old\n", 0o600)
		holds(t, h.local(""), "target")
	})
}

// stopping calls stop when half of the file has been read.
type stopping struct {
	file *os.File
	stop func()
}

func (s stopping) ReadAt(p []byte, at int64) (int, error) {
	if at > 2<<20 {
		s.stop()
	}
	return s.file.ReadAt(p, at)
}

func TestPutGoesOnAfterTheLinkWasLost(t *testing.T) {
	path, content := localFile(t, 8<<20)
	_, h := embeddedServer(t, "", sshd.Config{Faults: sshd.Faults{Files: sshd.FileFaults{DropWrites: 7 << 20}}})
	h = h.work(t)
	m := &Meter{}
	rep := putFile(t, h.open(t), openSource(t, path), PutOptions{Destination: h.path("big"), Options: Options{Meter: m}})
	isFile(t, h.local("big"), string(content), 0o640)
	holds(t, h.local(""), "big")
	if rep.Bytes >= 15<<20 {
		t.Errorf("%d bytes have traveled, of %d", rep.Bytes, len(content))
	}
	if p := m.Progress(); p.BytesDone != p.Bytes || p.FilesDone != 1 {
		t.Errorf("the meter shows %+v", p)
	}
}

func TestPutGoesOnWithWhatAnEarlierOneLeft(t *testing.T) {
	for _, half := range []struct {
		name    string
		damaged bool
	}{{"whole", false}, {"damaged", true}} {
		t.Run(half.name, func(t *testing.T) {
			path, content := localFile(t, 16<<20)
			src := openSource(t, path)
			s, h := embeddedServer(t, "", sshd.Config{Faults: sshd.Faults{Files: sshd.FileFaults{DropWrites: 6 << 20}}})
			h = h.work(t)
			rep, err := h.open(t).Put(t.Context(), src, &PutOptions{Destination: h.path("big")})
			if transport.KindOf(err) != transport.KindLost || len(rep.Notes) != 1 {
				t.Fatalf("got %+v, %v", rep, err)
			}
			// Nothing that is still on its way is to arrive later.
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			_, again := embeddedServer(t, "", sshd.Config{Home: filepath.Dir(h.dir)})
			again.dir = h.dir
			left, err := filepath.Glob(h.local(".big.fleet-*"))
			if err != nil || len(left) != 1 {
				t.Fatalf("%q is left, %v", left, err)
			}
			if half.damaged {
				damage(t, left[0])
			}
			ago := time.Now().Add(-2 * abandoned)
			if err := os.Chtimes(left[0], ago, ago); err != nil {
				t.Fatal(err)
			}
			rep = putFile(t, again.open(t), src, PutOptions{Destination: h.path("big")})
			if whole := rep.Bytes == int64(len(content)); whole != half.damaged {
				t.Errorf("%d bytes have traveled, of %d", rep.Bytes, len(content))
			}
			isFile(t, h.local("big"), string(content), 0o640)
			holds(t, h.local(""), "big")
		})
	}
}

// Where others may write, what looks like the rest of a transfer may be another file.
func TestPutTakesNothingOverWhereOthersMayWrite(t *testing.T) {
	h := embeddedHost(t).work(t)
	if err := os.Chmod(h.local(""), 0o777); err != nil {
		t.Fatal(err)
	}
	path, content := localFile(t, 2<<20)
	src := openSource(t, path)
	names, err := newTempName("big", src)
	if err != nil {
		t.Fatal(err)
	}
	planted := names.random()
	write(t, h.local(planted), string(content[:3<<19]), 0o600)
	ago := time.Now().Add(-2 * abandoned)
	if err := os.Chtimes(h.local(planted), ago, ago); err != nil {
		t.Fatal(err)
	}
	putFile(t, h.open(t), src, PutOptions{Destination: h.path("big")})
	isFile(t, h.local("big"), string(content), 0o640)
	holds(t, h.local(""), "big", planted)
}

// A connection that is lost as the temporary file is made leaves none.
func TestPutRemovesWhatWasMadeAsTheLinkWasLost(t *testing.T) {
	h := embeddedHost(t).work(t)
	r := h.open(t)
	r.sys = deaf{r.sys}
	putFile(t, r, text("new\n"), PutOptions{Destination: h.path("target"), File: File{Mode: 0o600, HasMode: true}})
	isFile(t, h.local("target"), "new\n", 0o600)
	holds(t, h.local(""), "target")
}

// A deaf system creates files, and loses the answer.
type deaf struct{ system }

func (d deaf) create(ctx context.Context, path string) error {
	return errors.Join(d.system.create(ctx, path), errCut)
}

func TestPutOfTheSameSourceTakesOverAtOnce(t *testing.T) {
	path, content := localFile(t, 16<<20)
	src := openSource(t, path)
	s, h := embeddedServer(t, "", sshd.Config{Faults: sshd.Faults{Files: sshd.FileFaults{DropWrites: 6 << 20}}})
	h = h.work(t)
	if _, err := h.open(t).Put(t.Context(), src, &PutOptions{Destination: h.path("big")}); transport.KindOf(err) != transport.KindLost {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	_, again := embeddedServer(t, "", sshd.Config{Home: filepath.Dir(h.dir)})
	again.dir = h.dir
	if rep := putFile(t, again.open(t), src, PutOptions{Destination: h.path("big")}); rep.Bytes >= int64(len(content)) {
		t.Errorf("%d bytes have traveled, of %d", rep.Bytes, len(content))
	}
	isFile(t, h.local("big"), string(content), 0o640)
	holds(t, h.local(""), "big")
}

func TestPutFillsAFarLinkBySeveralSessions(t *testing.T) {
	_, h := embeddedServer(t, "", sshd.Config{Faults: sshd.Faults{Latency: 10 * time.Millisecond}})
	h = h.work(t)
	opened := &countingOpen{Transport: h.Transport}
	h.Transport = opened
	path, content := localFile(t, 48<<20)
	putFile(t, h.open(t), openSource(t, path), PutOptions{Destination: h.path("big")})
	isFile(t, h.local("big"), string(content), 0o640)
	holds(t, h.local(""), "big")
	if n := opened.count.Load(); n != 1+maxLanes {
		t.Errorf("%d sessions were opened, want %d", n, 1+maxLanes)
	}
}

// A countingOpen counts the subsystems that are opened.
type countingOpen struct {
	transport.Transport
	count atomic.Int64
}

func (c *countingOpen) Open(ctx context.Context, t transport.Target, subsystem string) (io.ReadWriteCloser, error) {
	c.count.Add(1)
	return c.Transport.Open(ctx, t, subsystem)
}

func damage(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte("damage"), 100); err != nil {
		t.Error(err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

func TestPutWithoutExtensionsOfTheServer(t *testing.T) {
	_, h := embeddedServer(t, "", sshd.Config{Faults: sshd.Faults{Files: sshd.FileFaults{NoExtensions: true}}})
	h = h.work(t)
	r := h.open(t)
	putFile(t, r, text("old\n"), PutOptions{Destination: h.path("app.conf")})
	rep := putFile(t, r, text("new\n"), PutOptions{Destination: h.path("app.conf"), Backup: true})
	isFile(t, h.local("app.conf"), "new\n", 0o644)
	isFile(t, rep.Backups[0], "old\n", 0o644)
}

func TestPutKeepsToTheRateOfAllHosts(t *testing.T) {
	src := NewSource("big", make([]byte, 1<<20), 0o644)
	limit := NewLimiter(4 << 20)
	begin := time.Now()
	var all sync.WaitGroup
	for _, start := range mainHosts[:2] {
		h := start(t)
		for _, name := range []string{"one", "two"} {
			r := h.open(t)
			all.Go(func() {
				if _, err := r.Put(t.Context(), src, &PutOptions{Destination: h.path(name), Options: Options{Limit: limit}}); err != nil {
					t.Error(err)
				}
			})
		}
	}
	all.Wait()
	if took := time.Since(begin); took < time.Second-2*slack {
		t.Errorf("4 MiB went in %v at 4 MiB/s", took)
	}
}

// A Remote that is kept for the next step may have lost its link meanwhile.
func TestPutOverALinkThatWasLostBefore(t *testing.T) {
	h := embeddedHost(t)
	r := h.open(t)
	putFile(t, r, text("one\n"), PutOptions{Destination: h.path("a")})
	f := r.sys.(*sftpSystem)
	_ = f.stream.Close() // as by a server that starts anew
	<-f.over
	putFile(t, r, text("two\n"), PutOptions{Destination: h.path("b")})
	isFile(t, h.local("b"), "two\n", 0o644)
}
