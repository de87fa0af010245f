package transfer

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// listing reads one entry from each line: "f 644 5 a/b" is a file with its mode and
// size, "d 755 a" a folder, "l x -> y" a link, "s x" a pipe. A size stands for the
// content as well, and "@7" at the end is the time.
func listing(t *testing.T, lines ...string) []info {
	t.Helper()
	all := []info{{kind: aFolder, mode: 0o755}}
	for _, line := range lines {
		e := info{uid: 0, gid: 0, mtime: time.Unix(0, 0)}
		if rest, at, ok := strings.Cut(line, " @"); ok {
			var n int64
			if _, err := fmt.Sscan(at, &n); err != nil {
				t.Fatal(err)
			}
			line, e.mtime = rest, time.Unix(n, 0)
		}
		var err error
		switch line[0] {
		case 'f':
			e.kind = aFile
			_, err = fmt.Sscanf(line, "f %o %d %s", &e.mode, &e.size, &e.path)
		case 'd':
			e.kind = aFolder
			_, err = fmt.Sscanf(line, "d %o %s", &e.mode, &e.path)
		case 'l':
			e.kind = aLink
			_, err = fmt.Sscanf(line, "l %s -> %s", &e.path, &e.link)
		case 's':
			e.kind = aSpecial
			_, err = fmt.Sscanf(line, "s %s", &e.path)
		}
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if e.mode&0o2000 != 0 {
			e.mode = e.mode&0o777 | fs.ModeSetgid
		}
		if e.mode&0o4000 != 0 {
			e.mode = e.mode&0o777 | fs.ModeSetuid
		}
		all = append(all, e)
	}
	return all
}

func compare(t *testing.T, want, have []string, set func(*comparison)) (*plan, error) {
	t.Helper()
	c := &comparison{want: listing(t, want...), have: make(map[string]info), uid: -1, gid: -1}
	for _, h := range listing(t, have...) {
		c.have[h.path] = h
	}
	c.same = func(int) bool { return true } // where the sizes are the same
	if set != nil {
		set(c)
	}
	return c.plan()
}

// describe shows a plan in lines.
func describe(p *plan, want []info) []string {
	var lines []string
	for _, u := range p.units {
		line := "place " + want[u.from].path
		if n := u.to - u.from; n > 1 {
			line += fmt.Sprintf(" with %d", n-1)
		}
		if u.aside {
			line += ", old aside"
		}
		lines = append(lines, line)
	}
	for _, o := range p.adjust {
		switch o.what {
		case chmod:
			lines = append(lines, fmt.Sprintf("chmod %o%s %s", o.mode.Perm(), strings.Trim(o.mode.String()[:1], "-"), o.path))
		case chown:
			lines = append(lines, fmt.Sprintf("chown %d:%d %s", o.uid, o.gid, o.path))
		case chtimes:
			lines = append(lines, fmt.Sprintf("time %d %s", o.time.Unix(), o.path))
		}
	}
	for _, h := range p.remove {
		lines = append(lines, fmt.Sprintf("remove %s %s", h.kind, h.path))
	}
	for _, i := range p.folders {
		lines = append(lines, "time of folder "+want[i].path)
	}
	for _, c := range p.changes {
		lines = append(lines, fmt.Sprintf("%s %s", c.What, c.Path))
	}
	if p.unchanged > 0 {
		lines = append(lines, fmt.Sprintf("%d unchanged", p.unchanged))
	}
	return lines
}

func TestPlanDoesWhatDiffersAndNoMore(t *testing.T) {
	del := func(c *comparison) { c.delete = true }
	cases := []struct {
		name       string
		want, have []string
		set        func(*comparison)
		plan       []string
	}{
		{
			"all is right",
			[]string{"d 755 a", "f 644 1 a/x @5", "l k -> a"},
			[]string{"d 755 a", "f 644 1 a/x @5", "l k -> a", "f 644 1 other"},
			nil,
			[]string{"2 unchanged"},
		},
		{
			"new files go one by one, and new folders whole",
			[]string{"d 755 a", "f 644 1 a/x", "d 755 n", "d 755 n/m", "f 644 1 n/m/y", "l n/z -> y", "f 644 1 top"},
			[]string{"d 755 a"},
			nil,
			[]string{
				"place a/x", "place n with 3", "place top",
				"time of folder ", "time of folder a", "time of folder n", "time of folder n/m",
				"created a/x", "created n", "created n/m", "created n/m/y", "created n/z", "created top",
			},
		},
		{
			"a file of another size, a link elsewhere",
			[]string{"f 644 2 x", "l k -> b"},
			[]string{"f 644 1 x", "l k -> a"},
			nil,
			[]string{"place x", "place k", "time of folder ", "updated k", "updated x"},
		},
		{
			"mode and time alone",
			[]string{"d 755 a", "f 755 1 a/x @5", "f 644 1 y @5", "f 644 1 z"},
			[]string{"d 700 a", "f 644 1 a/x @5", "f 644 1 y @4", "f 4644 1 z"},
			nil,
			[]string{"chmod 755 a", "chmod 755 a/x", "time 5 y", "chmod 644 z", "adjusted a", "adjusted a/x", "adjusted y", "adjusted z"},
		},
		{
			"a folder keeps its setgid bit, and its time is nobody's business",
			[]string{"d 755 a @9"},
			[]string{"d 2755 a @1"},
			nil, nil,
		},
		{
			"the mode that was asked for is that of files",
			[]string{"d 755 a", "f 644 1 a/x"},
			[]string{"d 755 a", "f 600 1 a/x"},
			func(c *comparison) { c.hasMode, c.mode = true, 0o600 },
			[]string{"1 unchanged"},
		},
		{
			"an owner, after which the setuid bit is set again",
			[]string{"f 755 1 x"},
			[]string{"f 4755 1 x"},
			func(c *comparison) { c.uid, c.hasMode, c.mode = 7, true, fs.ModeSetuid|0o755 },
			[]string{"chown 7:-1 ", "chown 7:-1 x", "chmod 755u x", "adjusted ", "adjusted x"},
		},
		{
			"a root that is the user's own keeps its mode",
			[]string{"f 644 1 x"},
			[]string{"f 644 1 x"},
			func(c *comparison) { c.keepRoot = true; c.want[0].mode = 0o700; c.gid = 4 },
			[]string{"chown -1:4 ", "chown -1:4 x", "adjusted ", "adjusted x"},
		},
		{
			"what a rename replaces",
			[]string{"f 644 1 a", "f 644 1 b", "l c -> x", "l d -> x"},
			[]string{"l a -> /etc/passwd", "s b", "f 644 1 c", "s d"},
			nil,
			[]string{"place a", "place b", "place c", "place d", "time of folder ", "replaced a", "replaced b", "replaced c", "replaced d"},
		},
		{
			"a link where a folder should be is not followed",
			[]string{"d 755 a", "f 644 1 a/x"},
			[]string{"l a -> /etc"},
			nil,
			[]string{"place a with 1, old aside", "time of folder ", "time of folder a", "replaced a", "created a/x"},
		},
		{
			"an empty folder in the way",
			[]string{"f 644 1 a"},
			[]string{"d 755 a"},
			nil,
			[]string{"place a, old aside", "time of folder ", "replaced a"},
		},
		{
			"a folder that holds something, where deleting is allowed",
			[]string{"l a -> b"},
			[]string{"d 755 a", "d 755 a/b", "f 644 1 a/b/c", "f 644 1 a-side"},
			del,
			[]string{"place a, old aside", "remove file a-side", "time of folder ", "replaced a", "deleted a-side"},
		},
		{
			"deleting goes from the inside out",
			[]string{"d 755 a"},
			[]string{"d 755 a", "f 644 1 a/x", "d 755 b", "d 755 b/c", "l b/c/l -> /etc", "s b/s"},
			del,
			[]string{
				"remove special file b/s", "remove link b/c/l", "remove folder b/c", "remove folder b", "remove file a/x",
				"time of folder ", "time of folder a",
				"deleted a/x", "deleted b", "deleted b/c", "deleted b/c/l", "deleted b/s",
			},
		},
		{
			"deleting spares what is left out, and the folders around it",
			[]string{"f 644 1 x"},
			[]string{"f 644 1 x", "d 755 logs", "f 644 1 logs/a", "d 755 b", "d 755 b/c", "f 644 1 b/c/y.log", "f 644 1 b/z"},
			func(c *comparison) {
				c.delete = true
				c.exclude, _ = parseExclusions([]string{"/logs", "*.log"})
			},
			[]string{"remove file b/z", "deleted b/z", "1 unchanged"},
		},
		{
			"nothing there at all",
			[]string{"d 755 a", "f 644 1 a/x"},
			nil,
			func(c *comparison) { clear(c.have) },
			[]string{"place  with 2", "time of folder ", "time of folder a", "created ", "created a", "created a/x"},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p, err := compare(t, c.want, c.have, c.set)
			if err != nil {
				t.Fatal(err)
			}
			if c.name == "a root that is the user's own keeps its mode" && slices.Contains(p.folders, 0) {
				t.Error("its time is set")
			}
			if diff := cmp.Diff(c.plan, describe(p, listing(t, c.want...))); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

func TestPlanComparesContents(t *testing.T) {
	p, err := compare(t, []string{"f 644 1 x", "f 644 1 y"}, []string{"f 644 1 x", "f 644 1 y"}, func(c *comparison) {
		c.same = func(i int) bool { return c.want[i].path == "y" }
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Change{{"x", Updated}}, p.changes); diff != "" || p.files != 1 || p.unchanged != 1 {
		t.Errorf("files %d, unchanged %d, %s", p.files, p.unchanged, diff)
	}
}

func TestPlanDoesNotReplaceFullFolders(t *testing.T) {
	have := []string{"d 755 a", "f 644 1 a/keep.log"}
	for name, c := range map[string]struct {
		set  func(*comparison)
		want string
	}{
		"without deleting": {nil, "hint: it is replaced where deleting is asked for"},
		"with what is left out": {func(c *comparison) {
			c.delete = true
			c.exclude, _ = parseExclusions([]string{"*.log"})
		}, "hint: move that away"},
	} {
		_, err := compare(t, []string{"f 644 1 a"}, have, c.set)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), `holds "a/keep.log"`) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestCandidatesAreFilesOfOneSize(t *testing.T) {
	want := listing(t, "f 644 1 a", "f 644 2 b", "l c -> x", "f 644 3 d")
	have := make(map[string]info)
	for _, h := range listing(t, "f 600 1 a", "f 644 1 b", "f 644 0 c", "l d -> y") {
		have[h.path] = h
	}
	if diff := cmp.Diff([]int{1}, candidates(want, have)); diff != "" {
		t.Error(diff)
	}
}
