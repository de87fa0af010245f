package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestAHistoryKeepsItsLastLines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deep", "history")
	h := openHistory(path)
	for i := range maxHistory + 5 {
		h.Add(fmt.Sprint("line ", i))
	}
	if h.Len() != maxHistory || h.At(0) != fmt.Sprint("line ", maxHistory+4) || h.At(maxHistory-1) != "line 5" {
		t.Errorf("%d lines, from %q to %q", h.Len(), h.At(maxHistory-1), h.At(0))
	}
	again := openHistory(path)
	if !slices.Equal(again.lines, h.lines) {
		t.Errorf("%d lines", again.Len())
	}
}

func TestAHistoryThatIsNoneIsLeftOut(t *testing.T) {
	dir := t.TempDir()
	odd := filepath.Join(dir, "odd")
	long := strings.Repeat("a\n", 3*maxHistory)
	if err := os.WriteFile(odd, []byte("one\n\x1b[2Jtwo\n\xff\n\n  \nthree\r\n"+long+"last"), 0o600); err != nil {
		t.Fatal(err)
	}
	if h := openHistory(odd); h.Len() != maxHistory || h.At(0) != "last" {
		t.Errorf("%d lines, the last is %q", h.Len(), h.At(0))
	}
	if text, err := os.ReadFile(odd); err != nil || strings.Count(string(text), "\n") != maxHistory {
		t.Errorf("the file was not cut: %d lines, %v", strings.Count(string(text), "\n"), err)
	}
	// A folder in its place, or no place at all: the session has one still.
	for _, path := range []string{dir, "", filepath.Join(odd, "below")} {
		h := openHistory(path)
		h.Add("one")
		h.Add("one")
		h.Add("\x1b[2J")
		if h.Len() != 1 || h.At(0) != "one" {
			t.Errorf("%q: %q", path, h.lines)
		}
	}
}
