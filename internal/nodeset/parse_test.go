package nodeset

import (
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestMistakesAreExplainedWhereTheyAre(t *testing.T) {
	for _, tt := range []struct {
		expr   string
		column int
		want   string // part of the message
	}{
		{"", 1, "no host is named"},
		{" , ", 1, "no host is named"},
		{"!n1", 1, `nothing before '!'`},
		{"  &n1", 3, `nothing before '&'`},
		{"^n1", 1, `nothing before '^'`},
		{"n1!", 3, `nothing after '!'`},
		{"n1 & ", 4, `nothing after '&'`},
		{"(n1^)", 4, `nothing after '^'`},
		{"n1!!n2", 4, `'!' follows '!'`},
		{"@web,!web7", 6, "hint: write a!b, without the comma"},
		{"a!,b", 3, `',' follows '!'`},
		{"(n1", 1, `"(" is never closed`},
		{"a,((n1)", 3, `"(" is never closed`},
		{"n1)", 3, `")" was never opened`},
		{"a,()", 3, "nothing in the parentheses"},
		{"a(b)", 2, "an operator is missing"},
		{"(a)b", 4, "an operator is missing"},
		{"/a/b", 4, "an operator is missing"},
		{"n[1-3", 2, `"[" is never closed`},
		{"n[1[2]]", 2, `"[" is never closed`},
		{"n1]", 3, `"]" was never opened`},
		{"é[1-3]]", 7, `"]" was never opened`},
		{"n[3-1]", 3, "runs backwards"},
		{"a,n[1,7-5]", 7, "runs backwards"},
		{"n[1,,2]", 5, "a number is missing"},
		{"n[]", 3, "a number is missing"},
		{"n[abc]", 3, `"abc" is not a number`},
		{"n[3-]", 3, `"3-" is not a number`},
		{"n[1-2-3]", 3, `"1-2-3" is not a number`},
		{"n[1-5/0]", 3, "the step in"},
		{"n[5/2]", 3, "a step but no range"},
		{"n[1-99999999999999999999]", 3, "too large"},
		{"[fe80::1]", 2, "IPv6 address without brackets"},
		{"host[1-999999999]", 6, "more than 1000000 names"},
		{"a[1-1000][1-1000][1-1000]", 18, "more than 1000000 names"},
		{"n[1-600000],m[1-600000]", 13, "up to here, this would be more than 1000000 names"},
		{"@web[1-2000000]", 6, "more than 1000000 names"},
		{"-n3", 1, "hint: to leave hosts out"},
		{"web'1'", 4, "hint: leave the quotes out"},
		{"a|b", 2, "hint: join names with a comma"},
		{"web{1,2}", 4, "hint: write web[1-3], or a,b"},
		{"a,@", 4, "needs a letter or a digit"},
		{"..", 1, "needs a letter or a digit"},
		{"a\x00b", 2, `"\x00" cannot be part of a name`},
		{"a\xffb", 2, `"\xff" cannot be part of a name`},
		{"dc = ams", 4, "no spaces"},
		{"tier !=db", 7, "no spaces"},
		{"dc=", 1, "is not a label"},
		{"dc==ams", 1, "is not a label"},
		{"a,w*b=c", 3, "cannot be the key of a label"},
		{"dc=ams[1-3]", 7, "hint: use * or ?, or several labels"},
		{"a,/web", 3, "regular expression is never closed"},
		{`/web\/`, 1, "regular expression is never closed"},
		{"//", 1, "regular expression is empty"},
		{"a,/we(b/", 3, "missing closing )"},
	} {
		_, err := Parse(tt.expr)
		e, ok := errors.AsType[*Error](err)
		if !ok {
			t.Errorf("Parse(%q): error %v, want an *Error", tt.expr, err)
			continue
		}
		if e.Column != tt.column || !strings.Contains(e.Error(), tt.want) {
			t.Errorf("Parse(%q)\n got %v\nwant column %d: %s", tt.expr, e, tt.column, tt.want)
		}
	}
}

func TestHostileExpressionsFailAtOnce(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	for name, expr := range map[string]string{
		"a huge range":         "host[1-999999999]",
		"a huge product":       "a[1-1000][1-1000][1-1000]",
		"overflowing products": strings.Repeat("[1-1000000]", 1000),
		"overflowing numbers":  "n[1-" + strings.Repeat("9", 1<<20) + "]",
		"overflowing step":     "n[1-2/" + strings.Repeat("9", 1<<20) + "]",
		"huge padding":         "n[" + strings.Repeat("0", 1<<20) + "1-5]",
		"a long name":          long,
		"a long glob":          long + "*",
		"many brackets":        strings.Repeat("[1]", 1<<18),
		"many numbers":         "n[" + strings.Repeat("1-9,", 1<<18) + "1]",
		"many ranges":          strings.Repeat("n[1-100],", 1<<17) + "n1",
		"nested parentheses":   strings.Repeat("(", 100_000) + "a" + strings.Repeat(")", 100_000),
		"open parentheses":     strings.Repeat("(", 1<<20),
		"open brackets":        strings.Repeat("[", 1<<20),
		"closed brackets":      strings.Repeat("]", 1<<20),
		"operators":            strings.Repeat("!", 1<<20),
		"commas":               strings.Repeat(",", 1<<20),
		"white space":          strings.Repeat(" ", 1<<20),
		"slashes":              strings.Repeat(`\/`, 1<<19),
		"an open regexp":       "/" + strings.Repeat(`\/`, 1<<19),
		"a deep regexp":        "/" + strings.Repeat("(", 1<<19) + "/",
		"a long regexp":        "/" + strings.Repeat("ab|", 1<<18) + "/",
		"a repeated regexp":    "/((((a{100}){100}){100}){100})/",
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			_, err := Parse(expr)
			if err == nil {
				t.Fatal("no error")
			}
			if n := len(err.Error()); n > 1000 {
				t.Errorf("the message has %d bytes", n)
			}
			if !utf8.ValidString(err.Error()) {
				t.Errorf("the message is not text: %q", err)
			}
			if d := time.Since(start); d > 5*time.Second {
				t.Errorf("took %v", d)
			}
		})
	}
}

func TestLongExpressionsThatAreRightWork(t *testing.T) {
	names := flat(50_000) // 1.2 MB
	got, err := Expand(strings.Join(names, ","))
	if err != nil || len(got) != len(names) {
		t.Errorf("got %d names, %v; want %d", len(got), err, len(names))
	}
	deep := strings.Repeat("(", maxDepth) + "a" + strings.Repeat(")", maxDepth)
	if got, err := Expand(deep); err != nil || len(got) != 1 {
		t.Errorf("%d parentheses: got %q, %v", maxDepth, got, err)
	}
	if n, err := Count("n[1-1000000]"); n != MaxSize || err != nil {
		t.Errorf("Count of the largest range = %d, %v", n, err)
	}
}
