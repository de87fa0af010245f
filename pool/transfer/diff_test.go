package transfer

import (
	"strings"
	"testing"
)

func TestUnified(t *testing.T) {
	for _, c := range []struct {
		name          string
		path          string
		before, after []byte
		private       bool
		want          string
	}{
		{
			"updated", "/etc/a", []byte("1\n2\n3\n4\n5\n"), []byte("1\n2\n3\n4\nfive\n"), false,
			"--- /etc/a\n+++ /etc/a\n@@ -2,4 +2,4 @@\n 2\n 3\n 4\n-5\n+five\n",
		},
		{"created", "/etc/a", nil, []byte("1\n"), false, "--- /dev/null\n+++ /etc/a\n@@ -0,0 +1 @@\n+1\n"},
		{"created empty", "/etc/a", nil, []byte{}, false, "--- /dev/null\n+++ /etc/a\n"},
		{"emptied", "/etc/a", []byte("1\n"), []byte{}, false, "--- /etc/a\n+++ /etc/a\n@@ -1 +0,0 @@\n-1\n"},
		{"deleted", "/etc/a", []byte("1\n"), nil, false, "--- /etc/a\n+++ /dev/null\n@@ -1 +0,0 @@\n-1\n"},
		{
			"no newline at the end", "/etc/a", []byte("1\n"), []byte("1"), false,
			"--- /etc/a\n+++ /etc/a\n@@ -1 +1 @@\n-1\n+1\n\\ No newline at end of file\n",
		},
		{
			"a name that would add a line", "/etc/a\n+evil", []byte("1\n"), []byte("2\n"), false,
			"--- \"/etc/a\\n+evil\"\n+++ \"/etc/a\\n+evil\"\n@@ -1 +1 @@\n-1\n+2\n",
		},
		{"binary", "/bin/a", []byte("\x7fELF\x00"), []byte("1\n"), false, "/bin/a: no diff is shown: binary\n"},
		{"private", "/etc/key", []byte("old\n"), []byte("new\n"), true, "/etc/key: no diff is shown: private\n"},
		{"large", "/var/a", nil, make([]byte, maxDiff+1), false, "/var/a: no diff is shown: too large\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDiff(c.path, c.before, c.after, c.private)
			if got := d.Unified(); got != c.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, c.want)
			}
			if d.Omitted != "" && (d.Before != nil || d.After != nil) {
				t.Error("contents are kept that nobody is to see")
			}
		})
	}
}

func TestUnifiedOfTwoLargeTextsEndsSoon(t *testing.T) {
	var before, after strings.Builder
	for i := range maxDiff/7 + 1 {
		before.WriteString("line " + string(rune('a'+i%26)) + "\n")
		after.WriteString("line " + string(rune('a'+i*7%26)) + "\n")
	}
	d := newDiff("/a", []byte(before.String())[:maxDiff], []byte(after.String())[:maxDiff], false)
	if d.Unified() == "" {
		t.Error("no diff")
	}
}
