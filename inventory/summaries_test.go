package inventory

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A summary is what users search for, and what their tools compare: each has a
// case that shows it, in the archives here or in a test of its package.
func TestEverySummaryHasACase(t *testing.T) {
	inCode := regexp.MustCompile(`\b(?:fail|warn|note|add)\([^"\n]*?"([A-Z][^"]+)"|Summary(?:, p\.Detail)?\s*[:=]+\s*"([A-Z][^"]+)"`)
	summaries := map[string]string{}
	var cases bytes.Buffer
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(path, "secret") {
			return err
		}
		text, err := os.ReadFile(path)
		switch {
		case err != nil:
			return err
		case strings.HasSuffix(path, "_test.go") || filepath.Ext(path) == ".txtar":
			cases.Write(text)
		case filepath.Ext(path) == ".go":
			for _, m := range inCode.FindAllStringSubmatch(string(text), -1) {
				summaries[m[1]+m[2]] = path
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(summaries) < 40 {
		t.Fatalf("only %d summaries were found in the code: the search is wrong", len(summaries))
	}
	for summary, path := range summaries {
		if !strings.HasPrefix(summary, "The ") && !bytes.Contains(cases.Bytes(), []byte(summary)) {
			t.Errorf("%s says %q, and no test shows it", path, summary)
		}
	}
}
