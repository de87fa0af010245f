package main

import (
	"slices"
	"strings"
	"testing"
)

func TestAnExpressionGoesOnUntilItIsComplete(t *testing.T) {
	tests := []struct {
		name, input string
		want        []string
	}{
		{"a line each", "1 + 1\nvar.x", []string{"1 + 1", "var.x"}},
		{"blank lines and comments", "\n  \n# nothing\n// neither\n/* nor */\n1", []string{"1"}},
		{"a bracket", "[\n1,\n2\n]\n3", []string{"[\n1,\n2\n]", "3"}},
		{"brackets in brackets", "{ a = [\n  f(1,\n  2)] }", []string{"{ a = [\n  f(1,\n  2)] }"}},
		{"a bracket in a text", `"[("`, []string{`"[("`}},
		{"a bracket in a comment", "1 # (", []string{"1 # ("}},
		{"a bracket in a template", "\"a ${upper(\n\"b\")}\"\n2", []string{"\"a ${upper(\n\"b\")}\"", "2"}},
		{"a heredoc", "<<E\na (\nE\n1", []string{"<<E\na (\nE\n", "1"}},
		{"a backslash", "1 + \\\n2\n3", []string{"1 +  2", "3"}},
		{"a quote that is not closed", "\"a\n1", []string{`"a`, "1"}},
		{"more closed than open", "1)\n2", []string{"1)", "2"}},
		{"CRLF", "[1,\r\n2]\r\n", []string{"[1,\n2]"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var p pending
			var got []string
			for line := range strings.SplitSeq(tt.input, "\n") {
				text, complete, err := p.add(line)
				if err != nil {
					t.Fatal(err)
				}
				if complete {
					got = append(got, text)
				}
			}
			if !slices.Equal(got, tt.want) || p.waiting() {
				t.Errorf("%q, not %q; waiting: %v", got, tt.want, p.waiting())
			}
		})
	}
}

func TestAnExpressionHasAnEnd(t *testing.T) {
	var p pending
	var err error
	for n := 0; err == nil; n++ {
		if n > maxExpressionLines+1 {
			t.Fatal("no bound")
		}
		_, _, err = p.add("(")
	}
	if p.waiting() {
		t.Error("the lines that were too many are still there")
	}
}

func FuzzPending(f *testing.F) {
	f.Add("[1,\n2]\n<<E\nx\nE\n")
	f.Add("\"${\"${\n}\"}\"\n\\\n")
	f.Fuzz(func(_ *testing.T, input string) {
		var p pending
		for line := range strings.SplitSeq(input, "\n") {
			_, _, _ = p.add(line)
		}
	})
}
