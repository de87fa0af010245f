package output

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFilesHoldWhatEachHostPrinted(t *testing.T) {
	dir := t.TempDir()
	outdir, errdir := filepath.Join(dir, "new", "out"), filepath.Join(dir, "err")
	f, err := NewFiles(outdir, errdir, func(err error) { t.Error(err) })
	if err != nil {
		t.Fatal(err)
	}
	mixed().play(f)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"new/out/web01": "up 3 days\n", "new/out/web02": "up 3 days\n", "new/out/web03": "up 3 days\n", "new/out/web04": "up 4 days", "new/out/db01": "",
		"err/web01": "", "err/web02": "", "err/web03": "warning: disk\n", "err/web04": "", "err/db01": "",
	}
	for name, text := range want {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || string(got) != text {
			t.Errorf("%s: %q, %v; want %q", name, got, err, text)
		}
	}
	if _, err := os.Stat(filepath.Join(outdir, "db02")); !os.IsNotExist(err) {
		t.Errorf("a host that was not attempted has a file: %v", err)
	}
}

func TestFilesReplaceThoseOfAnEarlierRunAlsoWithoutOutput(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a"), []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := NewFiles(dir, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	script{hosts("a"), ok("a")}.play(f)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(filepath.Join(dir, "a")); err != nil || len(b) > 0 {
		t.Errorf("%q, %v", b, err)
	}
}

func TestFilesTakeBothStreamsIntoOneFolder(t *testing.T) {
	dir := t.TempDir()
	f, err := NewFiles(dir, dir+"/.", nil)
	if err != nil {
		t.Fatal(err)
	}
	script{out("a", "1\n"), errOut("a", "2\n"), out("a", "3\n"), ok("a")}.play(f)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if b, _ := os.ReadFile(filepath.Join(dir, "a")); string(b) != "1\n2\n3\n" {
		t.Errorf("%q", b)
	}
}

func TestFilesKeepFewOpenAndLoseNothing(t *testing.T) {
	dir := t.TempDir()
	f, err := NewFiles(dir, "", func(err error) { t.Error(err) })
	if err != nil {
		t.Fatal(err)
	}
	const n = maxOpen + 50
	for round := range 3 {
		for i := range n {
			script{out(fmt.Sprintf("h%d", i), fmt.Sprintf("%d\n", round))}.play(f)
		}
		if open := len(f.out.open); open > maxOpen {
			t.Errorf("%d files are open", open)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if b, err := os.ReadFile(filepath.Join(dir, fmt.Sprintf("h%d", i))); string(b) != "0\n1\n2\n" {
			t.Errorf("h%d: %q, %v", i, b, err)
		}
	}
}

func TestFilesNeverLeaveTheirFolder(t *testing.T) {
	dir := t.TempDir()
	outdir := filepath.Join(dir, "out")
	if err := os.MkdirAll(outdir, 0o755); err != nil {
		t.Fatal(err)
	}
	victim := filepath.Join(dir, "victim")
	if err := os.Symlink(victim, filepath.Join(outdir, "planted")); err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"../victim", "..", ".", "/etc/x", "a/b", "-rf", "", "nul\x00", "planted", strings.Repeat("x", 300)} {
		f, err := NewFiles(outdir, "", func(error) {})
		if err != nil {
			t.Fatal(err)
		}
		script{out(host, "x"), ok(host)}.play(f)
		if err := f.Close(); (err != nil) != (host == "planted") {
			t.Errorf("host %q: %v", host, err)
		}
	}
	if _, err := os.Lstat(victim); !os.IsNotExist(err) {
		t.Errorf("a file was written outside: %v", err)
	}
}

func TestFilesOfOtherHostsAreWrittenWhereOneCannotBe(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "a"), 0o755); err != nil {
		t.Fatal(err)
	}
	var said []error
	f, err := NewFiles(dir, "", func(err error) { said = append(said, err) })
	if err != nil {
		t.Fatal(err)
	}
	script{out("b", "kept\n"), out("a", "x"), out("a", "y"), out("b", "late\n"), ok("a"), out("c", "later\n"), ok("b"), ok("c")}.play(f)
	if err := f.Close(); err == nil {
		t.Error("Close does not tell")
	}
	if len(said) != 1 || !strings.Contains(said[0].Error(), filepath.Join(dir, "a")) {
		t.Fatalf("said %v", said)
	}
	if one, ok := errors.AsType[*FileError](said[0]); !ok || !one.OneHost {
		t.Errorf("%#v is not about one host", said[0])
	}
	for name, want := range map[string]string{"b": "kept\nlate\n", "c": "later\n"} {
		if b, err := os.ReadFile(filepath.Join(dir, name)); string(b) != want {
			t.Errorf("%s: %q, %v", name, b, err)
		}
	}
}

func TestFilesEndWithTheFirstFailureThatIsNotOfOneHost(t *testing.T) {
	dir := t.TempDir()
	var said []error
	f, err := NewFiles(dir, "", func(err error) { said = append(said, err) })
	if err != nil {
		t.Fatal(err)
	}
	script{out("a", "kept\n")}.play(f)
	if err := f.out.root.Close(); err != nil { // no new file can be made
		t.Fatal(err)
	}
	script{out("b", "x"), out("c", "x"), out("a", "late\n"), ok("a"), ok("b")}.play(f)
	if err := f.Close(); err == nil {
		t.Error("Close does not tell")
	}
	if len(said) != 1 {
		t.Errorf("said %v", said)
	}
	if b, err := os.ReadFile(filepath.Join(dir, "a")); string(b) != "kept\n" {
		t.Errorf("a: %q, %v", b, err)
	}
}

func TestFolderThatCannotBeMadeIsAnErrorAtOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{file, filepath.Join(file, "sub")} {
		if _, err := NewFiles("", dir, nil); err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: %v", dir, err)
		}
	}
}
