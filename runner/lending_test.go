package runner

import (
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"fleet/pool/transfer"
)

func TestHostsShareALocalFile(t *testing.T) {
	l := newLending()
	defer l.close()
	path := filepath.Join(t.TempDir(), "file")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
	write("one")
	var group sync.WaitGroup
	var mu sync.Mutex
	seen := map[*transfer.Source]int{}
	for range 20 {
		group.Go(func() {
			src, giveBack, err := l.file(path)
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			seen[src]++
			mu.Unlock()
			giveBack()
		})
	}
	group.Wait()
	if len(seen) != 1 {
		t.Errorf("it was opened %d times", len(seen))
	}
	first, giveBack, err := l.file(path)
	if err != nil || seen[first] != 20 {
		t.Errorf("what nobody used for a moment was opened anew (%v)", err)
	}
	write("longer")
	second, giveBack2, err := l.file(path)
	if err != nil || second == first || second.Size() != 6 {
		t.Errorf("what is another file now is not opened anew (%v)", err)
	}
	giveBack()
	giveBack2()
	if _, _, err := l.file(path + ".none"); err == nil {
		t.Error("a file that is not there was opened")
	}
}

func TestFewFilesStayOpenThatNobodyUses(t *testing.T) {
	l := newLending()
	dir := t.TempDir()
	for i := range maxIdleSources * 2 {
		path := filepath.Join(dir, strconv.Itoa(i))
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		_, giveBack, err := l.file(path)
		if err != nil {
			t.Fatal(err)
		}
		giveBack()
	}
	if len(l.idle) != maxIdleSources || len(l.items) != maxIdleSources {
		t.Errorf("%d are open and %d known, want %d", len(l.idle), len(l.items), maxIdleSources)
	}
	l.close()
	if len(l.items) != 0 {
		t.Errorf("%d are left", len(l.items))
	}
}

func TestATreeIsListedAnewWhereNobodyUsesIt(t *testing.T) {
	l := newLending()
	defer l.close()
	dir := t.TempDir()
	first, giveBack, err := l.tree(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	same, giveBack2, err := l.tree(dir, nil)
	if err != nil || same != first {
		t.Errorf("two hosts do not share it (%v)", err)
	}
	other, giveBack3, err := l.tree(dir, []string{"*.o"})
	if err != nil || other == first {
		t.Errorf("with other exclusions it is another one (%v)", err)
	}
	giveBack()
	giveBack2()
	giveBack3()
	if len(l.items) != 0 {
		t.Errorf("%d are left", len(l.items))
	}
}

func TestTheFolderNearestToADestination(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"a":        "a",
		"a/b/c":    "a/b/c",
		"file/b/c": "file/b/c", // an error follows, and says why
	} {
		folder, rest := nearest(filepath.Join(dir, path))
		if folder != dir || rest != want {
			t.Errorf("%s: got %q and %q", path, folder, rest)
		}
	}
}

func TestMovesAreCounted(t *testing.T) {
	for _, tt := range []struct {
		moves
		want string
	}{
		{moves{files: 1, total: 1}, "1 file would change"},
		{moves{files: 2, total: 3}, "2 files would change"},
		{moves{total: 1}, "1 path would be adjusted"},
		{moves{deleted: 3, total: 3}, "3 paths would be deleted"},
		{moves{files: 2, deleted: 1, total: 7}, "2 files would change, 1 path would be deleted"},
	} {
		if got := tt.String(); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

func TestALongDiffIsCutAtALine(t *testing.T) {
	line := "+" + string(make([]byte, 1022)) + "\n"
	text := ""
	for range 70 {
		text += line
	}
	got := bounded(text)
	if want := text[:64*len(line)] + "... and 6 lines more\n"; got != want {
		t.Errorf("%d bytes, which end in %q", len(got), got[len(got)-30:])
	}
	if short := "+x\n"; bounded(short) != short {
		t.Errorf("got %q", bounded(short))
	}
}

func TestATrafficOfNoStepIsNobodysProgress(t *testing.T) {
	_, l := newLimits(t.Context(), 0, time.Hour)
	defer l.stop()
	var p passing
	p.moved(1)
	p.to.Store(l)
	p.moved(0)
	if l.active.Load() != 0 {
		t.Error("nothing moved, and that counts as progress")
	}
	p.moved(1)
	if l.active.Load() == 0 {
		t.Error("something moved, and that is no progress")
	}
}
