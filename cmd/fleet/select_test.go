package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fleet/internal/nodeset"
)

func TestSelectionWithoutAnInventory(t *testing.T) {
	list := filepath.Join(t.TempDir(), "list")
	if err := os.WriteFile(list, []byte("# those on call\nn3, n1\n\nn[5-6] # and these\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name  string
		flags selectionFlags
		stdin string
		want  string // folded, or the error where it starts with "error:"
	}{
		{name: "one pattern", flags: selectionFlags{hosts: []string{"n[01-03]"}}, want: "n[01-03]"},
		{name: "several are a union", flags: selectionFlags{hosts: []string{"n[1-3]", "n2,n7"}}, want: "n[1-3,7]"},
		{name: "a file", flags: selectionFlags{hosts: []string{"^" + list}}, want: "n[1,3,5-6]"},
		{name: "stdin", flags: selectionFlags{hosts: []string{"-"}}, stdin: "a\nb # c\n", want: "a,b"},
		{name: "empty stdin", flags: selectionFlags{hosts: []string{"-"}}, want: "error: standard input names no host"},
		{name: "exclude", flags: selectionFlags{hosts: []string{"n[1-9]"}, exclude: []string{"n[2-3]", "n9"}}, want: "n[1,4-8]"},
		{name: "exclude by glob", flags: selectionFlags{hosts: []string{"n[1-3],m[1-3]"}, exclude: []string{"m*"}}, want: "n[1-3]"},
		{name: "exclude by a glob without a match", flags: selectionFlags{hosts: []string{"n[1-3]"}, exclude: []string{"m*"}}, want: `error: -x: "m*" matches none of the selected hosts`},
		{name: "limit", flags: selectionFlags{hosts: []string{"n[1-9]"}, limit: []string{"/[1-5]$/", "n[3-9]"}}, want: "n[3-5]"},
		{name: "nothing left", flags: selectionFlags{hosts: []string{"n1"}, exclude: []string{"n1"}}, want: "error: the selection is empty: no host is left"},
		{name: "nothing asked", want: "error: no hosts are named"},
		{name: "all", flags: selectionFlags{all: true}, want: "error: -a means all hosts of the inventory, and none is loaded"},
		{name: "a group", flags: selectionFlags{groups: []string{"web"}}, want: `error: -g: group "@web" needs an inventory`},
		{name: "a glob", flags: selectionFlags{hosts: []string{"web*"}}, want: `error: glob "web*" needs an inventory`},
		{name: "no such file", flags: selectionFlags{hosts: []string{"^" + list + "x"}}, want: "error: -w ^" + list + "x: open"},
		{name: "pick all", flags: selectionFlags{hosts: []string{"n[1-3]"}, pick: "5"}, want: "n[1-3]"},
		{name: "pick with a seed", flags: selectionFlags{hosts: []string{"n[1-9]"}, pick: "34%", seed: 1}, want: "n[2-3,5,8]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.flags.expect == 0 {
				tt.flags.expect = -1
			}
			s := &selector{resolver: nodeset.Names{}, stdin: strings.NewReader(tt.stdin)}
			names, err := s.names(&tt.flags)
			got := nodeset.Fold(names)
			if err != nil {
				got = "error: " + err.Error()
			}
			if got != tt.want && (err == nil || !strings.HasPrefix(got, tt.want)) {
				t.Errorf("got %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestExpectHostsRefusesAnotherNumber(t *testing.T) {
	s := &selector{resolver: nodeset.Names{}}
	_, err := s.names(&selectionFlags{hosts: []string{"n[1-3]"}, expect: 2})
	const want = "3 hosts are selected (n[1-3]), and --expect-hosts says 2"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %q", err, want)
	}
}

func TestPickNeverTakesNobody(t *testing.T) {
	for _, want := range []string{"1", "1%", "50%"} {
		if got := pick([]string{"a", "b"}, want, 0); len(got) != 1 {
			t.Errorf("pick %s of two took %q", want, got)
		}
	}
}
