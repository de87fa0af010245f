package sshd

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/pkg/sftp"
)

func (l *lab) files() *sftp.Client {
	l.t.Helper()
	c, err := sftp.NewClient(l.dial(), sftp.UseConcurrentWrites(true))
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { _ = c.Close() })
	return c
}

// put writes content to a new file and returns how that ended.
func put(c *sftp.Client, path string, content []byte) error {
	f, err := c.Create(path)
	if err != nil {
		return err
	}
	_, err = f.ReadFrom(bytes.NewReader(content))
	return errors.Join(err, f.Close())
}

func got(c *sftp.Client, path string) ([]byte, error) {
	f, err := c.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	var b bytes.Buffer
	_, err = f.WriteTo(&b)
	return b.Bytes(), err
}

func TestFileFaults(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789abcdef"), 64<<10) // 1 MiB
	for _, tt := range []struct {
		name   string
		faults FileFaults
		check  func(t *testing.T, c *sftp.Client, home string)
	}{
		{"no space", FileFaults{NoSpaceAfter: 300 << 10}, func(t *testing.T, c *sftp.Client, home string) {
			var status *sftp.StatusError
			if err := put(c, "f", content); !errors.As(err, &status) || status.FxCode() != sftp.ErrSSHFxFailure {
				t.Errorf("got %v, want a failure without a reason", err)
			}
			if st, err := os.Stat(filepath.Join(home, "f")); err != nil || st.Size() == 0 {
				t.Errorf("nothing was written before the disk was full: %v", err)
			}
			if err := c.Remove("f"); err != nil {
				t.Errorf("cannot remove on a full disk: %v", err)
			}
		}},
		{"cut while writing", FileFaults{DropWrites: 300 << 10}, func(t *testing.T, c *sftp.Client, _ string) {
			if err := put(c, "f", content); !errors.Is(err, sftp.ErrSSHFxConnectionLost) {
				t.Errorf("got %v, want a lost connection", err)
			}
		}},
		{"cut while reading", FileFaults{DropReads: 300 << 10}, func(t *testing.T, c *sftp.Client, home string) {
			write(t, filepath.Join(home, "f"), content)
			if _, err := got(c, "f"); err == nil {
				t.Error("all was read")
			}
		}},
		{"corrupt", FileFaults{Corrupt: true}, func(t *testing.T, c *sftp.Client, home string) {
			if err := put(c, "f", content); err != nil {
				t.Fatal(err)
			}
			if p, err := os.ReadFile(filepath.Join(home, "f")); err != nil || bytes.Equal(p, content) || len(p) != len(content) {
				t.Errorf("got %d bytes, %v, want as many that differ", len(p), err)
			}
		}},
		{"sizes", FileFaults{SizeOff: 5}, func(t *testing.T, c *sftp.Client, home string) {
			write(t, filepath.Join(home, "f"), []byte("ten bytes."))
			st, err := c.Stat("f")
			if err != nil || st.Size() != 15 {
				t.Errorf("stat: got %v, %v, want 15", st, err)
			}
			list, err := c.ReadDir(".")
			if err != nil || len(list) != 1 || list[0].Size() != 15 || list[0].Name() != "f" || !list[0].Mode().IsRegular() {
				t.Errorf("list: got %v, %v", list, err)
			}
		}},
		{"no extensions", FileFaults{NoExtensions: true}, func(t *testing.T, c *sftp.Client, home string) {
			if _, ok := c.HasExtension("posix-rename@openssh.com"); ok {
				t.Error("it is announced")
			}
			write(t, filepath.Join(home, "old"), content)
			write(t, filepath.Join(home, "new"), nil)
			var status *sftp.StatusError
			if err := c.PosixRename("old", "new"); !errors.As(err, &status) || status.FxCode() != sftp.ErrSSHFxOpUnsupported {
				t.Errorf("got %v, want unsupported", err)
			}
			if err := c.Rename("old", "new"); err == nil {
				t.Error("a rename took the place of a file")
			}
			if err := c.Rename("old", "free"); err != nil {
				t.Error(err)
			}
		}},
		{"slow", FileFaults{Delay: time.Millisecond}, func(t *testing.T, c *sftp.Client, _ string) {
			begun := time.Now()
			for range 20 {
				if _, err := c.Stat("."); err != nil {
					t.Fatal(err)
				}
			}
			if took := time.Since(begun); took < 20*time.Millisecond {
				t.Errorf("took %v", took)
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			home := t.TempDir()
			l := start(t, Config{Home: home, Faults: Faults{Files: tt.faults}})
			tt.check(t, l.files(), home)
		})
	}
}

func TestReadsAreMadeShort(t *testing.T) {
	read := func(length string) []byte {
		return []byte("\x00\x00\x00\x16\x05\x00\x00\x00\x01\x00\x00\x00\x01h\x00\x00\x00\x00\x00\x00\x00\x00" + length)
	}
	for from, to := range map[string]string{"\x00\x00\x80\x00": "\x00\x00\x40\x00", "\x00\x00\x00\x01": "\x00\x00\x00\x01"} {
		f := &fileFilter{faults: FileFaults{ShortReads: true}, from: bytes.NewReader(read(from))}
		if p, err := io.ReadAll(f); err != nil || !bytes.Equal(p, read(to)) {
			t.Errorf("got %q, %v", p, err)
		}
	}
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestHostileFilesAreTold(t *testing.T) {
	l := start(t, Config{Files: HostileFiles()})
	c := l.files()
	for folder, want := range map[string]string{"dotdot": "../escaped", "absolute": "/escaped", "slash": "a/escaped", "nul": "a\x00b"} {
		var names []string
		// The client of this test is careful itself: it takes the last element.
		list, err := c.ReadDir("/" + folder)
		for _, f := range list {
			names = append(names, f.Name())
		}
		last := path.Base(want)
		if err != nil || !slices.Equal(names, []string{last}) {
			t.Errorf("%s: got %q, %v, want %q", folder, names, err, want)
		}
	}
	if p, err := got(c, "/slash/a/escaped"); err != nil || string(p) != "escaped" {
		t.Errorf("got %q, %v: a client that is fooled has to get something", p, err)
	}
	if p, err := got(c, "/honest/d/f"); err != nil || string(p) != "content" {
		t.Errorf("got %q, %v", p, err)
	}
	if st, err := c.Lstat("/deep/d/d/d/d"); err != nil || !st.IsDir() {
		t.Errorf("got %v, %v", st, err)
	}
	if st, err := c.Lstat("/wide/f999"); err != nil || !st.Mode().IsRegular() {
		t.Errorf("got %v, %v", st, err)
	}
	list, err := c.ReadDir("/becomes-link")
	if err != nil || len(list) != 1 || !list[0].IsDir() {
		t.Errorf("got %v, %v, want a folder", list, err)
	}
	if to, err := c.ReadLink("/becomes-link/d"); err != nil || to != "../.." {
		t.Errorf("got %q, %v, want a link", to, err)
	}
	if _, err := c.Stat("/none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	if err := c.Mkdir("/new"); err == nil {
		t.Error("a folder was made")
	}
	f, err := c.Open("/huge/f")
	if err != nil {
		t.Fatal(err)
	}
	if n, err := io.CopyN(io.Discard, f, 1<<20); err != nil {
		t.Errorf("got %d bytes, %v", n, err)
	}
}

func TestWideFoldersEndWithTheClient(t *testing.T) {
	l := start(t, Config{Files: HostileFiles()})
	c := l.files()
	done := make(chan error)
	go func() {
		_, err := c.ReadDir("/wide")
		done <- err
	}()
	eventually(t, "the folder is being listed", func() bool { return l.Stats().Commands > 0 })
	_ = c.Close()
	if err := <-done; err == nil {
		t.Error("the folder ended")
	}
}

func FuzzFileFilter(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x05\x01\x00\x00\x00\x03"))
	f.Add([]byte("\x00\x00\x00\x1a\x06\x00\x00\x00\x01\x00\x00\x00\x01h\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x04data"))
	f.Add([]byte("\x00\x00\x00\x13\x68\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01"))
	f.Fuzz(func(_ *testing.T, packets []byte) {
		s := &Server{}
		filter := &fileFilter{
			session: &session{conn: &conn{srv: s, link: &link{}}},
			faults:  FileFaults{Corrupt: true, ShortReads: true, NoExtensions: true, SizeOff: 1, NoSpaceAfter: 1},
			from:    bytes.NewReader(packets), to: io.Discard,
		}
		_, _ = io.Copy(io.Discard, struct{ io.Reader }{filter})
		_, _ = filter.Write(packets)
	})
}
