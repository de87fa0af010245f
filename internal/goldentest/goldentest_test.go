package goldentest_test

import (
	"os"
	"path/filepath"
	"testing"

	"fleet/internal/goldentest"
)

const archive = `first line
-- dir/a --
hello
-- want --
old
`

func TestAnUpdateIsWhatTheNextTestWants(t *testing.T) {
	file := filepath.Join(t.TempDir(), "one.txtar")
	if err := os.WriteFile(file, []byte(archive), 0o600); err != nil {
		t.Fatal(err)
	}
	say := func(t *testing.T, comment string) string {
		text, err := os.ReadFile("dir/a")
		if err != nil {
			t.Fatal(err)
		}
		return comment + string(text)
	}
	goldentest.Run(t, file, true, say)
	goldentest.Run(t, file, false, say)
	if got, err := os.ReadFile(file); err != nil || string(got) != "first line\n-- dir/a --\nhello\n-- want --\nfirst line\nhello\n" {
		t.Errorf("the archive is %q, %v", got, err)
	}
}

func Example() {
	// In the tests of a package:
	_ = func(t *testing.T) {
		goldentest.Run(t, "testdata/*.txtar", false, func(_ *testing.T, comment string) string {
			return "said about the files here, " + comment
		})
	}
	// Output:
}
