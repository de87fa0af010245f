package nodeset

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestExpandListsTheNames(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"a name", "web7", "web7"},
		{"padding is kept", "n[08-10,12]", "n08 n09 n10 n12"},
		{"a width narrower than the numbers", "n[09-101/46]", "n09 n55 n101"},
		{"the first number gives the width", "n[9-010]", "n9 n10"},
		{"a step", "n[0-8/2]", "n0 n2 n4 n6 n8"},
		{"a step over the end", "n[1-5/10]", "n1"},
		{"brackets multiply", "r[1-2]n[01-02]", "r1n01 r1n02 r2n01 r2n02"},
		{"brackets side by side", "n[1-2][3-4]", "n13 n14 n23 n24"},
		{"digits beside brackets", "n1[0-2]5", "n105 n115 n125"},
		{"a suffix", "web[1-2].example.net", "web1.example.net web2.example.net"},
		{"only a bracket", "[9-11]", "9 10 11"},
		{"white space in brackets", "n[ 1 - 3 , 5 ]", "n1 n2 n3 n5"},
		{"a login name", "root@n[1-2]", "root@n1 root@n2"},
		{"addresses", "fe80::1%eth0,10.0.0.[1-2]", "10.0.0.1 10.0.0.2 fe80::1%eth0"},
		{"other alphabets", "köln[1-2]", "köln1 köln2"},
		{"superfluous commas", ",a,,b,", "a b"},
		{"white space is a union", " a\tb\nc ", "a b c"},
		{"names come in natural order", "n10,n9,n2,m,n1", "m n1 n2 n9 n10"},
		{"plain before padded", "n[1-2,01-02,10,001]", "n1 n2 n01 n02 n10 n001"},
		{"each name once", "a,a,n[1,1,1-2]", "a n1 n2"},
		{"difference", "n[1-4]!n[2-3]", "n1 n4"},
		{"intersection", "n[1-4]&n[3-6]", "n3 n4"},
		{"symmetric difference", "n[1-4]^n[3-6]", "n1 n2 n5 n6"},
		{"symmetric difference with repeats", "n[1-2]^(n2,n2,n3)", "n1 n3"},
		{"left to right", "a!a,a", "a"},
		{"left to right again", "a,b&b", "b"},
		{"left to right over white space", "a b!a", "b"},
		{"parentheses", "a,(b&b)", "a b"},
		{"parentheses after a sign", "n[1-9]!(n[1-3],n[5-9])", "n4"},
		{"signs with white space around", "n[1-3] ! n2 !n1", "n3"},
		{"all taken away", "a!a", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Expand(tt.in)
			if err != nil || strings.Join(got, " ") != tt.want {
				t.Errorf("Expand(%q) = %q, %v; want %q", tt.in, got, err, tt.want)
			}
			n, err := Count(tt.in)
			if want := len(strings.Fields(tt.want)); n != want || err != nil {
				t.Errorf("Count(%q) = %d, %v; want %d", tt.in, n, err, want)
			}
		})
	}
}

// recorder writes down what it is asked, and answers with a name for it.
type recorder struct{ asked []string }

func (r *recorder) Resolve(t Term, patterns []string) ([]string, error) {
	s := fmt.Sprintf("%d %s %s", t.Pos, t.Kind, t.Text)
	switch t.Kind {
	case Label:
		s += fmt.Sprintf(" > %s %s %s", t.Key, t.Op, t.Value)
	case Regexp:
		s += " > " + t.Regexp.String()
	default:
		s += fmt.Sprint(" > ", patterns)
	}
	r.asked = append(r.asked, s)
	return []string{t.Text}, nil
}

func TestTermsReachTheResolver(t *testing.T) {
	for _, tt := range []struct{ expr, want string }{
		{"web[1-2]", "1 name web[1-2] > [web1 web2]"},
		{"web*", "1 glob web* > [web*]"},
		{"w?b[1-2]*", "1 glob w?b[1-2]* > [w?b1* w?b2*]"},
		{"*", "1 glob * > [*]"},
		{"@web", "1 group @web > [web]"},
		{"@rack[1-2]", "1 group @rack[1-2] > [rack1 rack2]"},
		{"@src:web/eu*", "1 group @src:web/eu* > [src:web/eu*]"},
		{"dc=ams", "1 label dc=ams > dc = ams"},
		{"tier!=db", "1 label tier!=db > tier != db"},
		{"os=deb*!dc=ams", "1 label os=deb* > os = deb*; 9 label dc=ams > dc = ams"},
		{"a!b", "1 name a > [a]; 3 name b > [b]"},
		{"a!b!=c", "1 name a > [a]; 3 label b!=c > b != c"},
		{"path=/srv/a=b", "1 label path=/srv/a=b > path = /srv/a=b"},
		{"/^w(eb|x),[1-3]!/", "1 regexp /^w(eb|x),[1-3]!/ > ^w(eb|x),[1-3]!"},
		{`/a\/b\.\\/`, `1 regexp /a\/b\.\\/ > a/b\.\\`},
		{"é,(/a b/ @x)&é", "1 name é > [é]; 4 regexp /a b/ > a b; 10 group @x > [x]; 14 name é > [é]"},
	} {
		e, err := Parse(tt.expr)
		if err != nil {
			t.Error(err)
			continue
		}
		r := &recorder{}
		if _, err := e.Eval(r); err != nil {
			t.Error(err)
		}
		if got := strings.Join(r.asked, "; "); got != tt.want {
			t.Errorf("Parse(%q)\n got %s\nwant %s", tt.expr, got, tt.want)
		}
	}
}

func TestWithoutAnInventoryOnlyNamesWork(t *testing.T) {
	for expr, want := range map[string]string{
		"n1,@web":    `group "@web" needs an inventory, and none is loaded; hint: load one with -i, or write the names out`,
		"web*":       `glob "web*" needs`,
		"a!(/^web/)": `regular expression "/^web/" needs`,
		"a&dc=ams":   `label "dc=ams" needs`,
	} {
		if _, err := Expand(expr); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Expand(%q): error %v, want %s", expr, err, want)
		}
	}
}

// nobody resolves nothing.
type nobody struct{}

var errNobody = errors.New("nobody")

func (nobody) Resolve(Term, []string) ([]string, error) { return nil, errNobody }

func TestErrorsOfTheResolverAreKept(t *testing.T) {
	e, err := Parse("a,(b!c)")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Eval(nobody{}); !errors.Is(err, errNobody) {
		t.Errorf("error %v, want %v", err, errNobody)
	}
}

func TestNaturalOrder(t *testing.T) {
	want := []string{
		"", "1", "2", "01", "10", "1-1", "1-2", "2-1", "2-10", "10-1", "Z",
		"a", "a1", "a2", "a02", "a10", "a002", "a1b1", "a1b10", "a2b1", "a%", "a-1", "aa", "é",
	}
	for i, a := range want {
		for j, b := range want {
			if c := Compare(a, b); c < 0 != (i < j) || c == 0 != (i == j) {
				t.Errorf("Compare(%q, %q) = %d", a, b, c)
			}
		}
	}
}

func TestMatchKnowsTwoSigns(t *testing.T) {
	for _, tt := range []struct {
		glob, s string
		want    bool
	}{
		{"web*", "web", true},
		{"web*", "web10", true},
		{"web*", "xweb", false},
		{"*web", "xweb", true},
		{"*a*b*", "xxaxxbxx", true},
		{"*a*b", "xxaxxbx", false},
		{"w?b", "web", true},
		{"w?b", "wéb", true},
		{"w?b", "wb", false},
		{"*é", "aé", true},
		{"?", "", false},
		{"*", "", true},
		{"", "", true},
		{"", "a", false},
		{"[a]", "a", false},
		{"[a]", "[a]", true},
		{strings.Repeat("*a", 50) + "b", strings.Repeat("a", 5000), false},
	} {
		if got := Match(tt.glob, tt.s); got != tt.want {
			t.Errorf("Match(%q, %q) = %v", tt.glob, tt.s, got)
		}
	}
}
