package hostkey

import (
	"errors"
	"strings"
	"testing"
)

func TestMatchGlob(t *testing.T) {
	tests := []struct {
		pattern, s string
		want       bool
	}{
		{"", "", true},
		{"", "a", false},
		{"*", "", true},
		{"a*", "a", true},
		{"*a*b*", "xxaxxbxx", true},
		{"*ab", "aab", true},
		{"a?c", "abc", true},
		{"a?c", "ac", false},
		{"[h]:*", "[h]:2222", true},
		{"[a-z]", "b", false},
		{strings.Repeat("*a", 50), strings.Repeat("a", 200) + "b", false},
	}
	for _, tt := range tests {
		if got := matchGlob(tt.pattern, tt.s); got != tt.want {
			t.Errorf("matchGlob(%q, %q) = %v", tt.pattern, tt.s, got)
		}
	}
}

// FuzzParse checks that no text breaks the index, and that every line is
// either used, left out silently or warned of.
func FuzzParse(f *testing.F) {
	key := text(ed25519Key(f))
	for _, seed := range []string{
		"web1 " + key,
		"web1,web2,!web3,*.x [a]:22 " + key + "\r\n# x\n\n",
		"@revoked * " + key + "\n@cert-authority *.x " + key,
		hashed(f, "web1") + " " + key,
		"|1|", "@", "! ,", "a b", "|1||| " + key, ",,,! " + key,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		warnings := 0
		x := newIndex("known_hosts", text, func(string) { warnings++ })
		used := 0
		for line := range strings.Lines(text) {
			p, err := parseLine(strings.TrimSuffix(line, "\n"))
			if errors.Is(err, errIgnored) {
				used--
			}
			for _, n := range p.names {
				if err == nil {
					x.match(strings.Trim(n, "!"))
				}
			}
		}
		used += x.lines - warnings
		entries := len(x.patterns) + len(x.hashed.all)
		lines := map[int]bool{}
		for _, list := range x.plain {
			for _, e := range list {
				lines[e.line] = true
				if len(e.blob()) == 0 {
					t.Errorf("line %d has a key that does not decode", e.line)
				}
			}
		}
		if entries+len(lines) != used {
			t.Errorf("%d entries, %d lines to use", entries+len(lines), used)
		}
	})
}
