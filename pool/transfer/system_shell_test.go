package transfer

import (
	"io/fs"
	"testing"
)

func TestLinesAboutFilesOfAllToolsAreRead(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		tool, line string
		kind       kind
		mode       fs.FileMode
		size       int64
		uid, gid   int
	}{
		{"gnu", "81a4 12 1700000000 0 1000", aFile, 0o644, 12, 0, 1000},
		{"gnu", "43ed 4096 1700000000 5 5", aFolder, 0o755 | fs.ModeSticky, 4096, 5, 5},
		{"gnu", "c1ed 0 1700000000 5 5", aSpecial, 0o755, 0, 5, 5},
		{"bsd", "100644 12 1700000000 501 20", aFile, 0o644, 12, 501, 20},
		{"bsd", "120755 3 1700000000 501 20", aLink, 0o755, 3, 501, 20},
		{"bsd", "104755 3 -5 501 20", aFile, 0o755 | fs.ModeSetuid, 3, 501, 20},
		{"", "-rwsr-xr-T 12 1700000000 0 0", aFile, 0o754 | fs.ModeSetuid | fs.ModeSticky, 12, 0, 0},
		{"", "drwxr-sr-x+ 4096 0 0 0", aFolder, 0o755 | fs.ModeSetgid, 4096, 0, 0},
		{"", "crw-rw-rw- 1, 0 0 0", aSpecial, 0o666, 0, 0, 0},
	} {
		i, err := parseAttrs(test.tool, test.line)
		if err != nil || i.kind != test.kind || i.mode != test.mode || i.size != test.size || i.uid != test.uid || i.gid != test.gid {
			t.Errorf("%s %q: got %+v and %v", test.tool, test.line, i, err)
		}
	}
	for _, test := range []struct{ tool, line string }{
		{"gnu", ""},
		{"gnu", "81a4 12 1700000000 0"},
		{"gnu", "81a4 -1 1700000000 0 0"},
		{"gnu", "81a4 12 1700000000 -1 0"},
		{"gnu", "1a4 12 1700000000 0 0"},
		{"gnu", "zzz 12 1700000000 0 0"},
		{"bsd", "100944 12 1700000000 0 0"},
		{"", "-rw 12 1700000000 0 0"},
		{"", "-rw?r--r-- 12 1700000000 0 0"},
	} {
		if i, err := parseAttrs(test.tool, test.line); err == nil {
			t.Errorf("%s %q: got %+v", test.tool, test.line, i)
		}
	}
}
