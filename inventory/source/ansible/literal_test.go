package ansible

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"
	"pgregory.net/rapid"

	"fleet/inventory/source"
)

func literalSeeds() []string {
	return []string{
		"", " ", "1", "-1", "+1", "--1", "- 1", "1_000", "1__0", "_1", "1_", "0", "00", "0_0", "007", "0x1F", "0X_f", "0x", "0o17", "0b101", "0b2", "0xfg",
		"1.", ".5", ".", "1.5", "01.5", "1e3", "1E-3", "1e+3", "1e", "1e1_0", "1.e2", "1j", "1+2j", "1+2", "10.0.0.1", "2024-01-02", "1e400", "-0.0", "0.1",
		"True", "False", "None", "true", "none", "Trueish", "nan", "inf", "...", "abc", "a b", "a=b", "a:b",
		`'x'`, `"x"`, `'x' "y"`, `'x`, `'''x'y'''`, `''''x'''`, `''`, `''''''`, `'\n\t\\\'\"\a\b\f\r\v'`, `'\x41\101\u00e9\U0001F600'`, `'\x4'`, `'\400'`, `'\8'`, `'\q'`, `'\'`,
		`'\ud800'`, `u'x'`, `U"x"`, `r'\n'`, `R'\''`, `b'x'`, `br'\x'`, `rb'a'`, `ub'a'`, `b'x' 'y'`, `f'x'`, `'é'`, `b'é'`, `'a' + 'b'`,
		"()", "(1)", "(1,)", "(1, 2)", "1,", "1,2", "1, 2,", ",", "(,)", "[]", "[,]", "[1,]", "[1 2]", "[1, 'a', [True, None]]", "[1", "]", "[1]]",
		"{}", "{1}", "{1, 2}", "{1: 2, 'a': [3]}", "{1: 2,}", "{'a': 1, 'a': 2}", "{1: 2, 3}", "{1, 2: 3}", "{True: 1}", "{None: 1}", "{'a'}", "{:}", "{'a':}",
		"5 # five", "'a' # b", "[1, # 2]", "# none", "x # y", "\t5", " 5 ", "5\f", "5;", "(((1)))", "80,443", "1 if 1 else 2", "lambda: 0", "-True", "-'a'", "1.5.2", "1if", "0_7", "1.0_0",
	}
}

const literalScript = `
import ast, json, sys
for line in sys.stdin.read().split("\n")[:-1]:
    text = json.loads(line)
    try:
        v = ast.literal_eval(text)
        if isinstance(v, bytes):
            v = v.decode("utf-8")
        answer = json.dumps(v, allow_nan=False)
        json.dumps(v, ensure_ascii=False).encode("utf-8")
        if "Infinity" in answer or "NaN" in answer:
            raise ValueError
    except Exception:
        answer = json.dumps(text)
    print(answer)
`

func TestLiteralsAreThoseOfPython(t *testing.T) {
	texts := literalSeeds()
	token := rapid.SampledFrom([]string{
		"1", "0", "_", "e", "+", "-", ".", "x", "'", `"`, `\`, "n", "[", "]", "(", ")", "{", "}", ",", ":", " ", "#", "True", "None", "b", "r", "u", "12", "0x", "'a'", "1,", "é",
	})
	gen := rapid.Map(rapid.SliceOfN(token, 1, 8), func(tokens []string) string {
		var b bytes.Buffer
		for _, s := range tokens {
			b.WriteString(s)
		}
		return b.String()
	})
	for seed := range 4000 {
		texts = append(texts, gen.Example(seed))
	}
	var lines []string
	for _, s := range texts {
		line, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, string(line))
	}
	for i, answer := range python(t, literalScript, lines) {
		var want any
		dec := json.NewDecoder(bytes.NewReader(answer))
		dec.UseNumber()
		if err := dec.Decode(&want); err != nil {
			t.Fatal(err)
		}
		v, _ := parseLiteral(texts[i], 100)
		got := plain(v)
		if diff := cmp.Diff(normal(want), got); diff != "" {
			t.Errorf("%q (-python +fleet): %s", texts[i], diff)
		}
	}
}

const wordsScript = `
import json, shlex, sys
for line in sys.stdin.read().split("\n")[:-1]:
    try:
        print(json.dumps(shlex.split(json.loads(line), comments=True)))
    except ValueError:
        print("null")
`

func TestWordsAreThoseOfPython(t *testing.T) {
	texts := []string{"", "a", "a b", "a#b c", "a '#' b", `a "x\"y\\z\q" 'p\q'`, `a\ b`, `a\`, `'`, `a""b`, `'' x`, "a\tb", `a\#b`, `x="1 2" # c`, "é#"}
	token := rapid.SampledFrom([]string{"a", "=", " ", "'", `"`, `\`, "#", "b c", "é"})
	gen := rapid.SliceOfN(token, 1, 8)
	for seed := range 2000 {
		text := ""
		for _, s := range gen.Example(seed) {
			text += s
		}
		texts = append(texts, text)
	}
	var lines []string
	for _, s := range texts {
		line, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, string(line))
	}
	for i, answer := range python(t, wordsScript, lines) {
		var want []string
		if err := json.Unmarshal(answer, &want); err != nil {
			t.Fatal(err)
		}
		got, err := source.SplitWords(cutComment(texts[i]))
		if (err != nil) != (want == nil) || len(got) != len(want) || len(got) > 0 && !cmp.Equal(got, want) {
			t.Errorf("%q: got %q (%v), Python makes %q", texts[i], got, err, want)
		}
	}
}

func FuzzLiteral(f *testing.F) {
	for _, s := range literalSeeds() {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, _ := parseLiteral(s, maxValues)
		if v == cty.NilVal || !v.IsWhollyKnown() {
			t.Errorf("%q has no value", s)
		}
	})
}
