package transfer

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/aymanbagabas/go-udiff"
)

// maxDiff bounds the contents that are kept for a diff, in bytes.
const maxDiff = 256 << 10

// newDiff compares the contents of the file at path, nil where there was or is
// none.
func newDiff(path string, before, after []byte, private bool) Diff {
	switch {
	case private:
		return omittedDiff(path, "private")
	case len(before) > maxDiff || len(after) > maxDiff:
		return omittedDiff(path, "too large")
	case bytes.IndexByte(before, 0) >= 0 || bytes.IndexByte(after, 0) >= 0:
		return omittedDiff(path, "binary")
	}
	return Diff{Path: path, Before: before, After: after}
}

// omittedDiff is a diff without contents.
func omittedDiff(path, why string) Diff { return Diff{Path: path, Omitted: why} }

// Unified is the diff in the usual form, with three lines around each change; one
// line that says why, where the contents are omitted.
func (d *Diff) Unified() string {
	name := plainName(d.Path)
	if d.Omitted != "" {
		return fmt.Sprintf("%s: no diff is shown: %s\n", name, d.Omitted)
	}
	from, to := name, name
	if d.Before == nil {
		from = "/dev/null"
	}
	if d.After == nil {
		to = "/dev/null"
	}
	before, after := string(d.Before), string(d.After)
	text, err := udiff.ToUnified(from, to, before, udiff.Lines(before, after), udiff.DefaultContextLines)
	if err != nil {
		return fmt.Sprintf("%s: no diff is shown: %v\n", name, err)
	}
	if text == "" && from != to {
		return fmt.Sprintf("--- %s\n+++ %s\n", from, to)
	}
	return text
}

// plainName keeps a name from ending the line that it is in.
func plainName(path string) string {
	control := func(r rune) bool { return r < ' ' || r == 0x7f }
	if strings.IndexFunc(path, control) < 0 {
		return path
	}
	return strconv.Quote(path)
}
