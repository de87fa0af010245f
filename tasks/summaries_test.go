package tasks

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// A summary is what users search for, and what their tools compare: each has a
// case that shows it.
func TestEverySummaryHasACase(t *testing.T) {
	inCode := regexp.MustCompile(`\b(?:fail|warn)\([^"\n]*"([A-Z][^"]+)"|Summary:\s+"([A-Z][^"]+)"`)
	var cases bytes.Buffer
	archives, _ := filepath.Glob("testdata/diagnostics/*.txtar")
	tests, _ := filepath.Glob("*_test.go")
	for _, name := range append(archives, tests...) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		cases.Write(text)
	}
	sources, _ := filepath.Glob("*.go")
	found := 0
	for _, name := range sources {
		if matched, _ := filepath.Match("*_test.go", name); matched {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range inCode.FindAllStringSubmatch(string(text), -1) {
			found++
			if summary := m[1] + m[2]; !bytes.Contains(cases.Bytes(), []byte(summary)) {
				t.Errorf("%s says %q, and no test shows it", name, summary)
			}
		}
	}
	if found < 25 {
		t.Errorf("only %d summaries were found in the code: the search is wrong", found)
	}
}
