package sshd

import (
	"fmt"
	"io/fs"
	"iter"
	"math"
	"slices"
	"strings"
)

// HostileFiles is the root of a file system, for Config.Files, that no client
// should trust. Each of its entries is one attack, in a folder of its own but for
// those that are files:
//
//	dotdot, absolute, slash, empty, dot, parent, nul   a file with such a name
//	links         links that lead out of the folder: an absolute one, and one by ".."
//	through       a link out called "d", then a folder called "d" with a file in it
//	becomes-link  "d" is listed as a folder and is a link out when it is looked at
//	becomes-file  "d" is listed as a folder and is a file when it is looked at
//	wide          no end of files
//	deep          no end of folders in folders
//	short         the file "f" is told to have 1,000 bytes, and has 10
//	long          the file "f" is told to have 10 bytes, and has 1,000
//	endless       the file "f" is told to have 10 bytes, and has no end
//	huge          the file "f" is told to have the largest size, and has no end
//	negative      the file "f" is told to have less than no bytes
//	special       a device, a pipe and a socket
//	setuid        the file "f" may be started with its owner's rights
//	honest        the folder "d" with the file "f", which has "content"
func HostileFiles() *File {
	var all []File
	for name, bad := range map[string]string{
		"dotdot": "../escaped", "absolute": "/escaped", "slash": "a/escaped", "empty": "", "dot": ".", "parent": "..", "nul": "a\x00b",
	} {
		all = append(all, folder(name, text(bad, "escaped")))
	}
	slices.SortFunc(all, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	out := File{Name: "d", Mode: fs.ModeSymlink | 0o777, Link: "../.."}
	inside := folder("d", text("escaped", "escaped"))
	toLink, toFile := inside, inside
	toLink.Then, toFile.Then = &out, &File{Mode: 0o644}
	return &File{Mode: fs.ModeDir | 0o755, Entries: slices.Values(append(all,
		text("escaped", "escaped"),
		folder("links", File{Name: "absolute", Mode: fs.ModeSymlink | 0o777, Link: "/"}, File{Name: "up", Mode: fs.ModeSymlink | 0o777, Link: "../../.."}),
		folder("through", out, inside),
		folder("becomes-link", toLink),
		folder("becomes-file", toFile),
		File{Name: "wide", Mode: fs.ModeDir | 0o755, Entries: wide},
		File{Name: "deep", Mode: fs.ModeDir | 0o755, Entries: deep},
		folder("short", File{Name: "f", Mode: 0o644, Size: 1000, Content: strings.NewReader("0123456789")}),
		folder("long", File{Name: "f", Mode: 0o644, Size: 10, Content: strings.NewReader(strings.Repeat("0123456789", 100))}),
		folder("endless", File{Name: "f", Mode: 0o644, Size: 10, Content: endless{}}),
		folder("huge", File{Name: "f", Mode: 0o644, Size: math.MaxInt64, Content: endless{}}),
		folder("negative", File{Name: "f", Mode: 0o644, Size: -1, Content: strings.NewReader("0123456789")}),
		folder("special", File{Name: "device", Mode: fs.ModeDevice | 0o600}, File{Name: "pipe", Mode: fs.ModeNamedPipe | 0o600}, File{Name: "socket", Mode: fs.ModeSocket | 0o600}),
		folder("setuid", File{Name: "f", Mode: fs.ModeSetuid | 0o755, Size: 1, Content: strings.NewReader("x")}),
		folder("honest", folder("d", text("f", "content"))),
	))}
}

func folder(name string, entries ...File) File {
	return File{Name: name, Mode: fs.ModeDir | 0o755, Entries: slices.Values(entries)}
}

func text(name, content string) File {
	return File{Name: name, Mode: 0o644, Size: int64(len(content)), Content: strings.NewReader(content)}
}

// wide is a folder with no end of files.
func wide(yield func(File) bool) {
	for i := 0; yield(text(fmt.Sprint("f", i), "x")); i++ {
	}
}

// deep is a folder in which there is one like it.
func deep(yield func(File) bool) {
	yield(File{Name: "d", Mode: fs.ModeDir | 0o755, Entries: iter.Seq[File](deep)})
}

// endless is content without an end.
type endless struct{}

func (endless) ReadAt(p []byte, _ int64) (int, error) {
	clear(p)
	return len(p), nil
}
