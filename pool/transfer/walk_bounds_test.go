//go:build !windows

package transfer

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
)

func TestAWalkIsBoundedInBytes(t *testing.T) {
	t.Parallel()
	visit := counted(100, 1000, func(info) error { return nil })
	for n := range 10 {
		if err := visit(info{path: strings.Repeat("p", 50), link: strings.Repeat("l", 50)}); err != nil {
			t.Fatalf("entry %d: %v", n, err)
		}
	}
	if err := visit(info{path: "p"}); err == nil || !strings.Contains(err.Error(), "paths") {
		t.Errorf("got %v", err)
	}
}

func TestOfFoldersThatCannotBeReadTheFirstAreTold(t *testing.T) {
	t.Parallel()
	var u unreadFolders
	if err := u.err(); err != nil {
		t.Errorf("got %v of none", err)
	}
	first := errors.New("the first")
	u.add(first)
	for n := range unreadMax + 4 {
		u.add(fmt.Errorf("number %d", n))
	}
	err := u.err()
	if !errors.Is(err, first) || !strings.Contains(err.Error(), "and 5 more") || strings.Count(err.Error(), "\n") != unreadMax {
		t.Errorf("got %v", err)
	}
}

// entriesOf are the fields of an answer that tells of links, or of nothing.
func entriesOf(names ...string) []byte {
	r := (&request{}).u32(uint32(len(names)))
	for _, name := range names {
		r.text(name).text("").u32(attrMode).u32(0o120777)
	}
	return r.buf
}

// Some servers answer without any entry, at the end or before it.
func TestAnAnswerWithoutEntriesIsNotAnError(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		answers [][]byte // to each request for entries; after them there is none in any
		leads   string
		want    string
		entries int
	}{
		{"at the end", [][]byte{entriesOf("a", "b")}, "to", "", 2},
		{"before the end", [][]byte{entriesOf("a"), entriesOf(), entriesOf("b")}, "to", "", 2},
		{"of an empty folder", nil, "", "", 0},
		{"links without an end", [][]byte{entriesOf("a")}, strings.Repeat("x", pathMax+1), "leads to a path of", 0},
		{"many links", [][]byte{entriesOf(strings.Split(strings.Repeat("x ", 3*linksMax)+"x", " ")...)}, "to", "", 3*linksMax + 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			ours, theirs := net.Pipe()
			asked := 0
			server := &scripted{theirs, func(id uint32, kind byte) []byte {
				switch kind {
				case sftpOpendir:
					return packetOf(sftpHandle, id, 0, 0, 0, 1, 'h')
				case sftpReadlink:
					return packetOf(sftpName, id, (&request{}).u32(1).text(test.leads).text("").u32(0).buf...)
				case sftpReaddir:
					if asked++; asked <= len(test.answers) {
						return packetOf(sftpName, id, test.answers[asked-1]...)
					}
					return packetOf(sftpName, id, entriesOf()...)
				}
				return packetOf(sftpStatus, id, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
			}}
			served := make(chan struct{})
			go func() { defer close(served); server.serve() }() // ends with ours
			s, err := startSession(t.Context(), "host", ours)
			if err != nil {
				t.Fatal(err)
			}
			f, n := &sftpSystem{session: s}, 0
			err = f.walk(t.Context(), "/", func(i info) error {
				if n++; i.kind != aLink || i.link != test.leads {
					t.Errorf("got %+v", i)
				}
				return nil
			})
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) || n != test.entries {
				t.Errorf("got %d entries and %v, want %d and %q", n, err, test.entries, test.want)
			}
			if err := f.close(); err != nil {
				t.Error(err)
			}
			<-served
		})
	}
}
