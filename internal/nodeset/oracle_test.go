package nodeset

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// oracleScript answers each expression on stdin, one JSON string a line, with
// what ClusterShell makes of it. It is what nodeset does, without its start-up
// for each expression.
const oracleScript = `
import json, sys
from ClusterShell.NodeSet import NodeSet, RESOLVER_NOGROUP
for line in sys.stdin:
    try:
        n = NodeSet(json.loads(line), resolver=RESOLVER_NOGROUP)
        print(json.dumps({"names": list(n), "fold": str(n), "count": len(n)}))
    except Exception as e:
        print(json.dumps({"error": str(e) or "error"}))
`

type oracleAnswer struct {
	Names []string
	Fold  string
	Count int
	Error string
}

// needTool skips the test, or fails it where everything has to be there.
func needTool(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	out, err := cmd.CombinedOutput()
	if err == nil {
		return
	}
	text := fmt.Sprintf("ClusterShell is needed (apt-get install clustershell): %v: %v: %s", cmd, err, out)
	if os.Getenv("FLEET_REQUIRE_SSHD") == "1" {
		t.Fatal(text)
	}
	t.Skip(text)
}

// askOracle starts ClusterShell once for all expressions.
func askOracle(t *testing.T, exprs []string) []oracleAnswer {
	t.Helper()
	// The python of the distribution, which has its packages, where there
	// is one; otherwise that of the PATH.
	python := "/usr/bin/python3"
	if _, err := os.Stat(python); err != nil {
		python = "python3"
	}
	needTool(t, exec.Command(python, "-c", "import ClusterShell.NodeSet"))
	var in, errs bytes.Buffer
	enc := json.NewEncoder(&in)
	for _, e := range exprs {
		if err := enc.Encode(e); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(python, "-c", oracleScript)
	// nodeset goes through a hash set where two pieces of a ragged product
	// sort alike; the seed makes its choice the same on each run.
	cmd.Env = append(os.Environ(), "PYTHONHASHSEED=0", "PYTHONIOENCODING=utf-8")
	cmd.Stdin, cmd.Stderr = &in, &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("oracle: %v: %s", err, errs.String())
	}
	answers := make([]oracleAnswer, 0, len(exprs))
	for dec := json.NewDecoder(bytes.NewReader(out)); dec.More(); {
		var a oracleAnswer
		if err := dec.Decode(&a); err != nil {
			t.Fatal(err)
		}
		answers = append(answers, a)
	}
	if len(answers) != len(exprs) {
		t.Fatalf("oracle gave %d answers to %d expressions", len(answers), len(exprs))
	}
	return answers
}

// generator makes expressions that both sides understand.
type generator struct{ *rand.Rand }

func (g generator) pick(s ...string) string { return s[g.IntN(len(s))] }

// list returns the inside of a bracket: numbers of one or two widths.
func (g generator) list() string {
	items := make([]string, 1+g.IntN(3))
	for i := range items {
		lo := g.IntN(12)
		hi := lo + g.IntN(9)
		format := g.pick("%d", "%d", "%02d", "%03d")
		switch g.IntN(4) {
		case 0:
			items[i] = fmt.Sprintf(format, lo)
		case 1:
			items[i] = fmt.Sprintf(format+"-"+format+"/%d", lo, hi, 1+g.IntN(4))
		default:
			items[i] = fmt.Sprintf(format+"-"+format, lo, hi)
		}
	}
	return strings.Join(items, g.pick(",", ",", ", "))
}

// term returns a name or range with up to dims numbers.
func (g generator) term(dims int) string {
	s := g.pick("n", "n", "n", "web", "x-")
	for i := range dims {
		if i > 0 {
			s += g.pick("a", "a", "-")
		}
		if g.IntN(4) > 0 {
			s += "[" + g.list() + "]"
		} else {
			s += fmt.Sprint(g.IntN(15))
		}
	}
	return s + g.pick("", "", "", "", "z", ".example.net")
}

// expr returns up to six terms with operators in between.
func (g generator) expr(dims func() int) string {
	s := g.term(dims())
	for range g.IntN(6) {
		s += g.pick(",", ",", ",", "!", "&", "^", " , ", " ! ") + g.term(dims())
	}
	return s
}

// TestExpressionsMeanWhatTheyMeanToClusterShell compares expansion, count,
// folding and all operators. Names with several numbers whose pieces sort alike
// may fold in another order, never into more pieces.
func TestExpressionsMeanWhatTheyMeanToClusterShell(t *testing.T) {
	g := generator{rand.New(rand.NewPCG(1, 2))}
	const flat = 400
	var exprs []string
	for len(exprs) < flat {
		exprs = append(exprs, g.expr(func() int { return min(1, g.IntN(8)) }))
	}
	for len(exprs) < flat+300 {
		exprs = append(exprs, g.expr(func() int { return 2 + g.IntN(8)/7 }))
	}
	same := 0
	for i, want := range askOracle(t, exprs) {
		expr := exprs[i]
		got, err := Expand(expr)
		if err != nil || want.Error != "" {
			t.Errorf("Expand(%q): error %v, ClusterShell says %q", expr, err, want.Error)
			continue
		}
		fold := Fold(got)
		switch {
		case fold == want.Fold:
			same++
		case i < flat || len(fold) != len(want.Fold):
			t.Errorf("Fold(%q)\n got %s\nwant %s", expr, fold, want.Fold)
		}
		// Only of a ragged product are the names in another order.
		if i >= flat && strings.Count(fold, "a")+strings.Count(fold, "-") > 1 {
			slices.SortFunc(want.Names, Compare)
		}
		if !slices.Equal(got, want.Names) {
			t.Errorf("Expand(%q)\n got %q\nwant %q", expr, got, want.Names)
		}
		if n, err := Count(expr); n != want.Count || err != nil {
			t.Errorf("Count(%q) = %d, %v; want %d", expr, n, err, want.Count)
		}
	}
	if same < len(exprs)*98/100 {
		t.Errorf("only %d of %d folds are those of ClusterShell", same, len(exprs))
	}
}

func TestOrderOfFullProductsIsThatOfClusterShell(t *testing.T) {
	exprs := []string{
		"r[1-12]n[8-11]", "r[1-2]n[01-12]-ib[0-1]", "a[9-10]b[99-101]c",
		"web2,web10,web1,db,Web3,web,web-1,web.1,web_1,web+1", "n[1-3,01-02,001,10]", "é[1-2],e[1-2],z",
		"x2,x1y1,x,10,9,[1-3]", "n1a,n1-a,n1.a,na1,n",
	}
	for i, want := range askOracle(t, exprs) {
		got, err := Expand(exprs[i])
		if err != nil || !slices.Equal(got, want.Names) {
			t.Errorf("Expand(%q)\n got %q, %v\nwant %q", exprs[i], got, err, want.Names)
		}
	}
}

func TestMistakesAreMistakesToClusterShellToo(t *testing.T) {
	exprs := []string{
		"n[3-1]", "n[1-3", "n1-3]", "n[a]", "n[]", "n[1,,2]", "n[1-3,]", "n[1-5/0]", "n[5/2]", "n[0x1-3]",
		"n[1-3]!", "n[1-3]&", "!n1", "n1!!n2", "n[1[2]]", "n[1-3]]", "n[1-5/a]", "n[1-5/-1]",
	}
	for i, want := range askOracle(t, exprs) {
		if _, err := Expand(exprs[i]); err == nil || want.Error == "" {
			t.Errorf("Expand(%q): error %v, ClusterShell says %q", exprs[i], err, want.Error)
		}
	}
}

func TestTheProgramNodesetSaysTheSame(t *testing.T) {
	needTool(t, exec.Command("nodeset", "--version"))
	const expr = "r[1-3]n[01-12/3]!r2n04^login[8-11],r9n1"
	names, err := Expand(expr)
	if err != nil {
		t.Fatal(err)
	}
	for flag, got := range map[string]string{"-f": Fold(names), "-c": fmt.Sprint(len(names))} {
		out, err := exec.Command("nodeset", flag, expr).Output()
		if want := strings.TrimSpace(string(out)); err != nil || got != want {
			t.Errorf("nodeset %s %s says %q, %v; we say %q", flag, expr, want, err, got)
		}
	}
}
