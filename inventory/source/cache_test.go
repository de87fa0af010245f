package source

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// A counter is a command that prints a host, another one each time, and does as
// the file mode says.
type counter struct {
	dir     string
	options ExecOptions
}

func newCounter(t *testing.T) *counter {
	dir := t.TempDir()
	c := &counter{dir: dir, options: script(`echo x >>runs; case $(cat mode) in fail) exit 1;; garbage) echo '<>';; hang) sleep 1000;; esac; echo host$(wc -l <runs | tr -d ' ')`)}
	c.options.Dir, c.options.CacheDir = dir, filepath.Join(dir, "cache", "sources")
	c.options.Cache = time.Hour
	c.mode(t, "fine")
	return c
}

func (c *counter) mode(t *testing.T, mode string) { write(t, filepath.Join(c.dir, "mode"), mode) }

func (c *counter) want(t *testing.T, hosts string, problem string) {
	t.Helper()
	d := Exec(t.Context(), c.options)
	if got := said(d); names(d) != hosts || !strings.Contains(got, problem) || (got == "") != (problem == "") {
		t.Errorf("hosts %q, want %q; %s", names(d), hosts, got)
	}
}

// files lists what is in the cache.
func (c *counter) files(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(c.options.CacheDir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestCacheSparesTheCommand(t *testing.T) {
	c := newCounter(t)
	c.want(t, "host1", "")
	c.want(t, "host1", "")
	c.mode(t, "fail")
	c.want(t, "host1", "")
	for _, name := range append(c.files(t), c.options.CacheDir) {
		info, err := os.Stat(name)
		if err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
}

func TestWithoutACacheNothingIsKept(t *testing.T) {
	c := newCounter(t)
	c.options.Cache = 0
	c.want(t, "host1", "")
	c.want(t, "host2", "")
	c.mode(t, "fail")
	c.want(t, "", "it exited with status 1")
	if files := c.files(t); len(files) > 0 {
		t.Errorf("kept %q", files)
	}
}

func TestAnOldAnswerIsBetterThanNone(t *testing.T) {
	c := newCounter(t)
	c.options.Cache = time.Nanosecond
	c.want(t, "host1", "")
	c.want(t, "host2", "")
	for _, tt := range []struct{ mode, cause string }{
		{"fail", "The command failed: it exited with status 1"},
		{"garbage", `"<>" is no name for a host`},
		{"hang", "it took longer than 300ms"},
	} {
		c.mode(t, tt.mode)
		if tt.mode == "hang" {
			c.options.Timeout = 300 * time.Millisecond
		}
		c.want(t, "host2", "Old answer of a source: An answer that is 0 s old is used. ")
		c.want(t, "host2", tt.cause)
	}
}

func TestADamagedAnswerIsNone(t *testing.T) {
	damages := map[string]func(t *testing.T, path string){
		"empty":     func(t *testing.T, path string) { write(t, path, "") },
		"other":     func(t *testing.T, path string) { write(t, path, "hello\nworld\n") },
		"cut short": func(t *testing.T, path string) { must(t, os.Truncate(path, 130)) },
		"no hosts":  func(t *testing.T, path string) { must(t, os.Remove(path)) },
		"others may write": func(t *testing.T, path string) {
			must(t, os.Chmod(path, 0o666))
		},
		"a link": func(t *testing.T, path string) {
			must(t, os.Rename(path, path+".old"))
			must(t, os.Symlink(path+".old", path))
		},
	}
	for name, damage := range damages {
		t.Run(name, func(t *testing.T) {
			c := newCounter(t)
			c.want(t, "host1", "")
			damage(t, c.files(t)[0])
			c.want(t, "host2", "")
			c.want(t, "host2", "")
		})
	}
}

func TestACacheThatOthersMayWriteToIsNotUsed(t *testing.T) {
	c := newCounter(t)
	must(t, os.MkdirAll(c.options.CacheDir, 0o700))
	must(t, os.Chmod(c.options.CacheDir, 0o777))
	c.want(t, "host1", "others can write to it")
}

// Answers of one command are not answers of another.
func TestTheCacheTellsCommandsApart(t *testing.T) {
	c := newCounter(t)
	c.want(t, "host1", "")
	c.options.Env = map[string]string{"ENV": "other"}
	c.want(t, "host2", "")
	c.options.Command = append(c.options.Command, "x")
	c.want(t, "host3", "")
	t.Setenv("AWS_PROFILE", "another-account")
	c.want(t, "host4", "")
	c.want(t, "host4", "")
}

func TestTheDefaultCacheIsThatOfTheUser(t *testing.T) {
	c := newCounter(t)
	t.Setenv("XDG_CACHE_HOME", c.dir)
	c.options.CacheDir = ""
	c.want(t, "host1", "")
	c.options.CacheDir = filepath.Join(c.dir, "fleet", "sources")
	c.want(t, "host1", "")
}

func TestManyFleetsShareACache(t *testing.T) {
	c := newCounter(t)
	c.options.Command = []string{"sh", "-c", "echo host1"}
	c.options.Cache = time.Nanosecond
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() { c.want(t, "host1", "") })
	}
	all.Wait()
	if files := c.files(t); len(files) != 1 {
		t.Errorf("left %q", files)
	}
}

func TestAnswersThatNobodyAsksForAreRemoved(t *testing.T) {
	c := newCounter(t)
	c.want(t, "host1", "")
	old := time.Now().Add(-2 * keepFor)
	must(t, os.Chtimes(c.files(t)[0], old, old))
	c.options.Env = map[string]string{"X": "y"}
	c.want(t, "host2", "")
	if files := c.files(t); len(files) != 1 {
		t.Errorf("left %q", files)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
