package lang

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// load evaluates a project of one file.
func load(t testing.TB, name, src string, steps int) Diagnostics {
	t.Helper()
	p, _ := Parse(nil)
	f, all := p.parseSource(name, []byte(src))
	if f != nil {
		p.files = append(p.files, f)
	}
	_, diags := p.Decode()
	all = append(all, diags...)
	_, diags = p.newScope(Inputs{LookupEnv: noEnv}, steps)
	return p.Diagnostics(append(all, diags...))
}

func noEnv(string) (string, bool) { return "", false }

// someSteps is a small budget: how much time the full one takes is measured by
// BenchmarkBudget.
const someSteps = 20_000

// patience is far more than a file may take and far less than a hang.
const patience = 2 * time.Minute

// within runs fn and fails when it takes longer than patience.
func within(t *testing.T, fn func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		fn()
	}()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatalf("not done after %v", patience)
	}
}

func local(expr string) string { return "locals {\n  x = " + expr + "\n}\n" }

// doubling is n locals, each made of two of the one before.
func doubling(first, next string, n int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "locals {\n  v0 = %s\n", first)
	for i := 1; i <= n; i++ {
		fmt.Fprintf(&b, "  v%d = %s\n", i, strings.ReplaceAll(next, "$v", fmt.Sprintf("local.v%d", i-1)))
	}
	fmt.Fprintf(&b, "  last = jsonencode(local.v%d)\n}\n", n)
	return b.String()
}

func TestHostileFilesEndInADiagnostic(t *testing.T) {
	rep := strings.Repeat
	const k, m = 200, 200 * 1000
	tests := []struct{ name, src, want string }{
		{"parentheses", local(rep("(", 900*k)), "Nesting too deep"},
		{"parentheses closed", local(rep("(", 10_000) + "1" + rep(")", 10_000)), "Nesting too deep"},
		{"brackets", local(rep("[", 900*k)), "Nesting too deep"},
		{"objects", local(rep("{a=", 300*k)), "Nesting too deep"},
		{"templates", local(rep(`"${`, 300*k)), "Nesting too deep"},
		{"blocks", rep("a{\n", 300*k), "Nesting too deep"},
		{"heredocs", local(rep("<<A\n${", 100*k)), "Nesting too deep"},
		{"directives", local(`"` + rep("%{if true}", 150*k) + `"`), "Nesting too deep"},
		{"directives with a tilde", local(`"` + rep("%{~ for a in b ~}", 100*k) + `"`), "Nesting too deep"},
		{"not", local(rep("!", 900*k) + "true"), "Nesting too deep"},
		{"minus", local(rep("-", 900*k) + "1"), "Nesting too deep"},
		{"conditions", local(rep("true?1:", 200*k) + "1"), "Nesting too deep"},
		{"calls", local(rep("abs(", 200*k)), "Nesting too deep"},
		{"sum", local("1" + rep("+1", 400*k)), "Expression too long"},
		{"or", local("true" + rep("||true", 200*k)), "Expression too long"},
		{"index", local("local.y" + rep("[a]", 200*k)), "Expression too long"},
		{"splat", local("local.y" + rep(".*.a", 100*k)), "Expression too long"},
		{"accessors", local("local.y" + rep(".a", 300*k)), "Expression too long"},
		{"sum over lines", local("(1" + rep("\n+1", 200*k) + ")"), "Expression too long"},
		{"digits", local(rep("1", 3*m)), "Number too long"},
		{"size", rep("# comment\n", 500_000), "File too large"},
		{"signs", rep("=", 1_500_000), "File too large"},
		{"mistakes", rep("=\n", 50*k), "Argument or block definition required"},

		{"product", local("setproduct(range(1000), range(1000), range(10))"), "Evaluation too expensive"},
		{"loops", local("[for a in range(1000): [for b in range(1000): [for c in range(1000): a]]]"), "Evaluation too expensive"},
		{"loops with a condition", local("[for a in range(1000): 1 if [for b in range(1000): [for c in range(1000): a]] == []]"), "Evaluation too expensive"},
		{"loops in templates", local(`"%{for a in range(1000)}%{for b in range(1000)}%{for c in range(1000)}x%{endfor}%{endfor}%{endfor}"`), "Evaluation too expensive"},
		{"loops of keys", local("{for a in range(1000): a => {for b in range(1000): b => {for c in range(1000): c => a}}}"), "Evaluation too expensive"},
		{"joins", local(`join(",", [for a in range(1000): join(",", [for b in range(1000): join(",", range(1000))])])`), "Evaluation too expensive"},
		{"loops under try", local("[for a in range(1000): try([for b in range(1000): [for c in range(1000): a]], 1)]"), "Evaluation too expensive"},
		{"mistakes in loops", local("[for a in range(1000): [for b in range(1000): [for c in range(1000): a.b]]]"), "Evaluation too expensive"},
		{"strings", doubling(`"0123456789abcdef0123456789abcdef"`, `"${$v}${$v}"`, 60), "Evaluation too expensive"},
		{"tuples", doubling("1", "[$v, $v]", 60), "Evaluation too expensive"},
		{"objects shared", doubling("1", "{a = $v, b = $v}", 60), "Evaluation too expensive"},
		{"tuples in loops", doubling("1", "[for i in [1, 2]: $v]", 60), "Evaluation too expensive"},
		{"concat", doubling("[1]", "concat($v, $v)", 60), "Evaluation too expensive"},
		{"squares", doubling("3", "$v * $v", 60), "Evaluation too expensive"},
		{"exponents", local(`"${1e400000000}"`), "Evaluation too expensive"},
		{"exponents from strings", local(`"${tonumber("1e400000000")}"`), "Evaluation too expensive"},
		{"digits in strings", local(`"` + rep("1", 100*k) + `" + 1`), "Evaluation too expensive"},
		{"digits to functions", local(`abs("` + rep("1", 100*k) + `")`), "Evaluation too expensive"},
		{"digits of any base", local(`parseint("` + rep("z", 100*k) + `", 36)`), "Evaluation too expensive"},
		{"digits as index", local(`[1]["` + rep("1", 100*k) + `"]`), "Number too long"},
		{"widths", local(`format("%999999999d", 1)`), "Evaluation too expensive"},
		{"precisions", local(`format("%.999999999f", 1)`), "Evaluation too expensive"},
		{"signs in a text", local(`"` + rep("$0", 300*k) + `"`), "Text too long"},
		{"lines", local("<<A\n" + rep("x\n", 300*k) + "A\n"), "Text too long"},
		{"many texts", "locals {\n" + rep("a = <<A\n"+rep("x\n", 2000)+"A\n", 50) + "}\n", "Text too long"},
		{"verbs", local(`format("` + rep("%[1]s", 3*k) + `", "` + rep("x", 100*k) + `")`), "Evaluation too expensive"},
		{"indent", local(`indent(2000000000, "a\nb")`), "Evaluation too expensive"},
		{"replace", local(`replace("` + rep("a", 100*k) + `", "a", "` + rep("b", 100*k) + `")`), "Evaluation too expensive"},
		{"replace by expression", local(`replace("` + rep("a", 100*k) + `", "/a*/", "` + rep("$0", 3*k) + `")`), "Evaluation too expensive"},
		{"separators", local(`join("` + rep("-----", 180*k) + `", range(1000))`), "Evaluation too expensive"},
		{"distinct", local("distinct(flatten([for a in range(300): [for b in range(100): \"${a}-${b}\"]]))"), "Evaluation too expensive"},
		{"table", local(`csvdecode("` + rep("a,", 2*k) + `b\n` + rep(`x\n`, 200*k) + `")`), "Evaluation too expensive"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			within(t, func() {
				ds := load(t, "a.fleet.hcl", tt.src, someSteps)
				requireSummary(t, ds, tt.want)
			})
		})
	}
}

func TestHostileJSONEndsInADiagnostic(t *testing.T) {
	rep := strings.Repeat
	const k, m = 200, 200 * 1000
	local := func(value string) string { return `{"locals": {"x": ` + value + `}}` }
	tests := []struct{ name, src, want string }{
		{"arrays", rep("[", m), "Nesting too deep"},
		{"objects", rep(`{"a":`, 150*k), "Nesting too deep"},
		{"digits", local(rep("1", 3*m)), "Number too long"},
		{"exponents", local(`"${1e400000000}"`), "Evaluation too expensive"},
		{"exponent as a number", local(`1e400000000`), "Evaluation too expensive"},
		{"templates", local(`"` + rep("${(", 300*k) + `"`), "Nesting too deep"},
		{"loops", local(`"${[for a in range(1000): [for b in range(1000): [for c in range(1000): a]]]}"`), "Evaluation too expensive"},
		{"loops in keys", local(`{"${jsonencode([for a in range(1000): [for b in range(1000): [for c in range(1000): a]]])}": 1}`), "Evaluation too expensive"},
		{"size", `{"locals": "` + rep("x", 5_000_000) + `"}`, "File too large"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			within(t, func() {
				ds := load(t, "a.fleet.json", tt.src, someSteps)
				requireSummary(t, ds, tt.want)
			})
		})
	}
}

func requireSummary(t *testing.T, ds Diagnostics, want string) {
	t.Helper()
	if !ds.HasErrors() {
		t.Errorf("no error, want %q", want)
		return
	}
	for _, d := range ds {
		if d.Summary == want {
			return
		}
	}
	t.Errorf("no diagnostic %q, but %s", want, ds[0])
}

// BenchmarkBudget spends the whole budget of a small project.
func BenchmarkBudget(b *testing.B) {
	tests := []struct{ name, src string }{
		{"loops", local("[for a in range(1000): [for b in range(1000): [for c in range(1000): a]]]")},
		{"keys", local("{for a in range(1000): a => {for b in range(1000): b => {for c in range(1000): c => a}}}")},
		{"joins", local(`join(",", [for a in range(1000): join(",", [for b in range(1000): join(",", range(1000))])])`)},
	}
	for _, tt := range tests {
		b.Run(tt.name, func(b *testing.B) {
			for b.Loop() {
				load(b, "a.fleet.hcl", tt.src, maxSteps)
			}
		})
	}
}
