package transfer

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func FuzzTempName(f *testing.F) {
	for _, seed := range []string{"app.conf", ".hidden", "-rf", "a.fleet-00000000-00000000", "\xff", strings.Repeat("ü", 127) + "n", strings.Repeat("x", 255)} {
		f.Add(seed, seed)
	}
	src := NewSource("", []byte("content"), 0)
	f.Fuzz(func(t *testing.T, name, other string) {
		if name == "" || len(name) > maxName {
			return
		}
		n, err := newTempName(name, src)
		if err != nil {
			t.Fatal(err)
		}
		temp := n.random()
		if tag, ok := n.matches(temp); !ok || tag != n.tag {
			t.Errorf("%q is not known as a temporary file of %q", temp, name)
		}
		if len(temp) > maxName || temp == name || utf8.ValidString(name) != utf8.ValidString(temp) && len(name) < 200 {
			t.Errorf("%q is no name for a temporary file of %q", temp, name)
		}
		// Whatever is taken for a temporary file begins with a dot and is not the target.
		if _, ok := n.matches(other); ok && (other == name && len(name) < 200 || !strings.HasPrefix(other, ".")) {
			t.Errorf("%q would be taken for a temporary file of %q", other, name)
		}
	})
}

func TestTagTellsContentsApart(t *testing.T) {
	tags := map[string]string{}
	for _, content := range []string{"", "a", "b", "aa", strings.Repeat("a", 1<<20), strings.Repeat("a", 1<<20) + "b", "b" + strings.Repeat("a", 1<<20)} {
		tag, err := NewSource("x", []byte(content), 0).tag()
		if err != nil || tags[tag] != "" {
			t.Errorf("%d bytes have the tag of %q, %v", len(content), tags[tag], err)
		}
		tags[tag] = content[:min(10, len(content))] + "."
	}
	path, content := localFile(t, 300<<10)
	ofFile, err := openSource(t, path).tag()
	if err != nil {
		t.Fatal(err)
	}
	if ofText, err := NewSource("x", content, 0).tag(); err != nil || ofText != ofFile {
		t.Errorf("the same content has the tags %s and %s, %v", ofFile, ofText, err)
	}
}
